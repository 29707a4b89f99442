"""A filter tree -> an SQL condition with bound values, and the type of each part.

Null is as OData says (4.01 Part 2, 5.1.1.1): `eq` and `ne` know it, other comparisons with it are
false, functions of it are null. What stands alone must be boolean. Wrong is what compares what
cannot be compared, whatever SQLite would make of it.
"""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from platewire.web.odata.fault import Fault, bad_request
from platewire.web.odata.grammar import (
    BooleanOperation,
    Comparison,
    Function,
    In,
    Literal,
    Name,
    Node,
    Not,
    SyntaxFault,
    Value,
    parse,
)
from platewire.web.odata.model import EntitySet, Type

INT64 = range(-(2**63), 2**63)
AFTER_ANY = "\U0010ffff"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SIGNS = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}
MIRRORED = {"gt": "lt", "ge": "le", "lt": "gt", "le": "ge", "eq": "eq", "ne": "ne"}


class Sql(NamedTuple):
    """An SQL fragment; `?` stands for each value. `type` None is the type of null."""

    text: str
    values: tuple[Any, ...]
    type: Type | None
    value: Value = None
    """The value of a literal."""
    literal: bool = False
    column: bool = False


def condition(entities: EntitySet, text: str, now: datetime) -> Sql:
    """Of `$filter`. Fault, with status 400, for what cannot be meant."""
    try:
        found = Compiler(entities, now).boolean(parse(text))
    except SyntaxFault as error:
        raise bad_request("$filter", f"$filter: {error}") from error
    return found


@dataclass(frozen=True, slots=True)
class Signature:
    arguments: tuple[Type, ...]
    result: Type
    sql: str
    """`{0}`, `{1}` stand for the arguments."""


STRING_TWO = (Type.STRING, Type.STRING)


def _part_of_time(form: str) -> Signature:
    text = f"CAST(strftime('{form}', ({{0}}) / 1000.0, 'unixepoch') AS INTEGER)"
    return Signature((Type.TIME,), Type.INT32, text)


FUNCTIONS = {
    "contains": Signature(STRING_TWO, Type.BOOLEAN, "instr({0}, {1}) > 0"),
    "startswith": Signature(STRING_TWO, Type.BOOLEAN, "instr({0}, {1}) = 1"),
    "endswith": Signature(
        STRING_TWO,
        Type.BOOLEAN,
        "substr({0}, max(length({0}) - length({1}), 0) + 1) = {1}",
    ),
    "indexof": Signature(STRING_TWO, Type.INT32, "instr({0}, {1}) - 1"),
    "length": Signature((Type.STRING,), Type.INT32, "length({0})"),
    "tolower": Signature((Type.STRING,), Type.STRING, "lower({0})"),
    "toupper": Signature((Type.STRING,), Type.STRING, "upper({0})"),
    "trim": Signature((Type.STRING,), Type.STRING, "trim({0})"),
    "concat": Signature(STRING_TWO, Type.STRING, "{0} || {1}"),
    "year": _part_of_time("%Y"),
    "month": _part_of_time("%m"),
    "day": _part_of_time("%d"),
    "hour": _part_of_time("%H"),
    "minute": _part_of_time("%M"),
    "second": _part_of_time("%S"),
}


class Compiler:
    def __init__(self, entities: EntitySet, now: datetime) -> None:
        self._entities = entities
        self._now = now
        self._negations = 0

    def boolean(self, node: Node) -> Sql:
        match node:
            case BooleanOperation(operator, parts):
                return _boolean_operation(operator, [self.boolean(part) for part in parts])
            case Not(inner):
                return self._negated(inner)
            case Comparison(operator, left, right):
                return self._null_as_false(
                    compared(operator, self._operand(left), self._operand(right))
                )
            case In(left, choices):
                return self._null_as_false(self._one_of(left, choices))
        found = self._operand(node)
        if found.type is not Type.BOOLEAN:
            raise bad_request(
                "$filter", (f"$filter: {_named(node)} is not a boolean; compare it with a value")
            )
        return found

    def _negated(self, inner: Node) -> Sql:
        self._negations += 1
        found = self.boolean(inner)
        self._negations -= 1
        return Sql(f"(NOT {found.text})", found.values, Type.BOOLEAN)

    def _null_as_false(self, found: Sql) -> Sql:
        """A comparison with null is false; where nothing is negated, null does as well."""
        if not self._negations:
            return found
        return found._replace(text=f"coalesce({found.text}, 0)")

    def _one_of(self, left: Node, choices: Sequence[Literal]) -> Sql:
        found = self._operand(left)
        return _boolean_operation(
            "or", [compared("eq", found, self._operand(choice)) for choice in choices]
        )

    def _operand(self, node: Node) -> Sql:
        match node:
            case Literal(value):
                return literal(value)
            case Name(name):
                return self._property(name)
            case Function("now", ()):
                return literal(self._now)
            case Function("date", (argument,)):
                return self._day(argument)
            case Function(name, arguments):
                return self._function_call(name, arguments)
        return self.boolean(node)

    def _property(self, name: str) -> Sql:
        found = self._entities.find(name)
        if found is None:
            raise unknown_property("$filter", self._entities, name)
        return Sql(found.column, (), found.type, column=True)

    def _day(self, argument: Node) -> Sql:
        """A date is a time here: its beginning."""
        inner = self._operand(argument)
        _check("date", 0, inner, Type.TIME)
        return Sql(f"(({inner.text}) / 86400000 * 86400000)", inner.values, Type.TIME)

    def _function_call(self, name: str, arguments: Sequence[Node]) -> Sql:
        signature = FUNCTIONS.get(name)
        if signature is None:
            known = ", ".join(sorted([*FUNCTIONS, "date", "now"]))
            raise bad_request("$filter", f"$filter: unknown function {name!r}; known: {known}")
        if len(arguments) != len(signature.arguments):
            count = len(signature.arguments)
            raise bad_request("$filter", f"$filter: {name} requires {count} argument(s)")
        given = [self._operand(argument) for argument in arguments]
        for at, (one, wanted) in enumerate(zip(given, signature.arguments, strict=True)):
            _check(name, at, one, wanted)
        if name == "startswith" and (ranged := _range(*given)) is not None:
            return ranged
        return _apply_signature(signature, given)


def _check(name: str, at: int, given: Sql, wanted: Type) -> None:
    if given.type not in (wanted, None):
        raise bad_request("$filter", f"$filter: argument {at + 1} of {name} must be {wanted.value}")


def _apply_signature(signature: Signature, given: Sequence[Sql]) -> Sql:
    """Values are bound in the order in which the template names their arguments."""
    used = [int(at) for at in re.findall(r"\{(\d)\}", signature.sql)]
    values = tuple(value for at in used for value in given[at].values)
    text = signature.sql.format(*(one.text for one in given))
    return Sql(f"({text})", values, signature.result)


def _range(text: Sql, start: Sql) -> Sql | None:
    """How a column begins, so that its index serves."""
    if not (text.column and start.literal and isinstance(start.value, str) and start.value):
        return None
    values = (start.value, start.value + AFTER_ANY)
    return Sql(f"({text.text} >= ? AND {text.text} < ?)", values, Type.BOOLEAN)


# --- comparisons -------------------------------------------------------------------------------


def compared(operator: str, left: Sql, right: Sql) -> Sql:
    if left.literal and not right.literal:
        return compared(MIRRORED[operator], right, left)
    if not comparable(left.type, right.type):
        names = " and ".join(one.type.value if one.type else "null" for one in (left, right))
        raise bad_request("$filter", f"$filter: {names} cannot be compared{_unquoted(left, right)}")
    if left.type is Type.BOOLEAN and operator not in ("eq", "ne"):
        raise bad_request("$filter", "$filter: booleans support only eq and ne")
    if right.literal and isinstance(right.value, datetime) and right.value.microsecond % 1000:
        return _with_part_of_millisecond(operator, left, right.value)
    sign = {"eq": "IS", "ne": "IS NOT"}.get(operator) or SIGNS[operator]
    if operator not in ("eq", "ne") and None in (left.type, right.type):
        return Sql("0", (), Type.BOOLEAN)
    return Sql(f"({left.text} {sign} {right.text})", (*left.values, *right.values), Type.BOOLEAN)


def _unquoted(left: Sql, right: Sql) -> str:
    """The remedy if a time or a GUID is in quotes."""
    examples = {
        Type.TIME: "2026-05-04T08:00:00Z",
        Type.GUID: "0198c4a2-0000-7000-8000-000000000000",
    }
    if left.type in examples and isinstance(right.value, str):
        return f": write {right.value!r} without quotes, like {examples[left.type]}"
    return ""


def comparable(one: Type | None, other: Type | None) -> bool:
    return None in (one, other) or one == other or (_is_number(one) and _is_number(other))


def _is_number(type_: Type | None) -> bool:
    return type_ is not None and type_.number


def _with_part_of_millisecond(operator: str, left: Sql, moment: datetime) -> Sql:
    """Times are kept in whole milliseconds: none is equal to this."""
    ms = milliseconds(moment)
    bounds = {"gt": (">", ms), "ge": (">", ms), "lt": ("<=", ms), "le": ("<=", ms)}
    if operator in bounds:
        sign, bound = bounds[operator]
        return Sql(f"({left.text} {sign} ?)", (*left.values, bound), Type.BOOLEAN)
    return Sql("1" if operator == "ne" else "0", (), Type.BOOLEAN)


def milliseconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(milliseconds=1)


def literal(value: Value) -> Sql:
    kinds: list[tuple[type, Type, Callable[[Any], Any]]] = [
        (bool, Type.BOOLEAN, int),
        (int, Type.INT64, _int64),
        (Decimal, Type.DOUBLE, _double),
        (str, Type.STRING, str),
        (UUID, Type.GUID, str),
        (datetime, Type.TIME, milliseconds),
    ]
    for kind, type_, bound in kinds:
        if isinstance(value, kind):
            return Sql("?", (bound(value),), type_, value, literal=True)
    return Sql("NULL", (), None, literal=True)


def _int64(value: int) -> int | float:
    return value if value in INT64 else float(value)


def _double(value: Decimal) -> float:
    real = float(value)
    if not math.isfinite(real):
        raise bad_request("$filter", f"$filter: the number {value} is too large")
    return real


def _boolean_operation(operator: str, parts: Sequence[Sql]) -> Sql:
    text = f" {operator.upper()} ".join(part.text for part in parts)
    return Sql(f"({text})", tuple(v for part in parts for v in part.values), Type.BOOLEAN)


def unknown_property(option: str, entities: EntitySet, name: str) -> Fault:
    known = ", ".join(one.name for one in entities.properties)
    return bad_request(
        option, f"{option}: {entities.name} have no property {name!r}; known: {known}"
    )


def _named(node: Node) -> str:
    return node.name if isinstance(node, Name | Function) else "a value"
