"""Options -> the SQL statements of a page, a count and a single entity; rows -> JSON values."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from platewire.web.odata.model import EntitySet, Property, Type
from platewire.web.odata.options import Options, OrderItem


class Statement(NamedTuple):
    sql: str
    values: tuple[Any, ...]


def page(entities: EntitySet, options: Options) -> Statement:
    """Columns of the properties that were asked for, then those of `options.order`."""
    properties = options.select or entities.properties
    columns = [one.column for one in properties] + [one.property.column for one in options.order]
    where, values = _where(options)
    order = ", ".join(
        one.property.column + (" DESC" if one.descending else "") for one in options.order
    )
    sql = (
        f"SELECT {', '.join(columns)} FROM {entities.view} WHERE {where} "  # noqa: S608
        f"ORDER BY {order} LIMIT ? OFFSET ?"
    )
    return Statement(sql, (*values, options.limit, options.skip))


def count(entities: EntitySet, options: Options) -> Statement:
    """Of all that fit the filter, whatever the page."""
    where, values = (options.where.text, options.where.values) if options.where else ("1", ())
    return Statement(f"SELECT count(*) FROM {entities.view} WHERE {where}", values)  # noqa: S608


def entity(entities: EntitySet, key: str, properties: Sequence[Property]) -> Statement:
    columns = ", ".join(one.column for one in properties)
    column = entities.key_property.column
    return Statement(f"SELECT {columns} FROM {entities.view} WHERE {column} = ?", (key,))  # noqa: S608


def _where(options: Options) -> tuple[str, tuple[Any, ...]]:
    parts, values = ["1"], list[Any]()
    if options.where is not None:
        parts.append(options.where.text)
        values += options.where.values
    if options.after is not None:
        text, bound = _after_row(options.order, options.after)
        parts.append(text)
        values += bound
    return " AND ".join(parts), tuple(values)


def _after_row(order: Sequence[OrderItem], after: Sequence[Any]) -> tuple[str, list[Any]]:
    """Rows that come after these values; null is the least of all, as SQLite sorts it."""
    (by, *rest), (value, *values) = order, after
    column = by.property.column
    if value is None:
        beyond, bound = ("0" if by.descending else f"{column} IS NOT NULL"), list[Any]()
    else:
        sign = "<" if by.descending else ">"
        beyond, bound = f"{column} {sign} ?", [value]
        if by.descending and by.property.nullable:
            beyond += f" OR {column} IS NULL"
    if not rest:
        return f"({beyond})", bound
    text, more = _after_row(rest, values)
    narrowed, low = _index_bound(by, value)
    return f"({narrowed} AND ({beyond} OR {column} IS ? AND {text}))", [*low, *bound, value, *more]


def _index_bound(by: OrderItem, value: Any) -> tuple[str, list[Any]]:
    """A plain bound that an index can begin at, where there is one."""
    if value is None or by.property.nullable:
        return "1", []
    return f"{by.property.column} {'<=' if by.descending else '>='} ?", [value]


def entity_json(properties: Sequence[Property], row: Sequence[Any], base: str) -> dict[str, Any]:
    """`base` is where the page is, as the reader calls it: links are whole addresses."""
    return {one.name: _json(one, value, base) for one, value in zip(properties, row, strict=False)}


def _json(one: Property, value: Any, base: str) -> Any:
    if value is None:
        return None
    if one.type is Type.TIME:
        moment = datetime.fromtimestamp(value // 1000, UTC).replace(microsecond=value % 1000 * 1000)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if one.name.endswith("_link"):
        return f"{base}{value}" if value.startswith("/") else value
    return bool(value) if one.type is Type.BOOLEAN else value
