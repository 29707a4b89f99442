"""The configuration's types -> tables of settings, and the commented file of `platewire init`."""

import enum
import textwrap
import types
import typing
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import fields

from platewire.config.tree import Config


class Row(NamedTuple):
    setting: str
    kind: str
    default: str
    meaning: str
    example: str = ""
    """A value as TOML, where the type states one."""


class Section(NamedTuple):
    """A table of the file: its TOML header, what it is, its settings, the choice of `type`."""

    header: str
    tag: str | None
    meaning: str
    rows: tuple[Row, ...]


def sections() -> Iterator[Section]:
    for field in fields(Config):
        kind, _ = unwrap(field.type)
        repeated = get_origin(kind) is tuple
        inner = get_args(kind)[0] if repeated else kind
        header = f"[[{field.name}]]" if repeated else f"[{field.name}]"
        yield from _sections(header, inner)


def _sections(header: str, kind: Any) -> Iterator[Section]:
    for struct in structs_of(kind):
        nested = [field for field in fields(struct) if structs_of(unwrap(field.type)[0])]
        rows = tuple(row_of(field) for field in fields(struct) if field not in nested)
        tag = struct.__struct_config__.tag
        yield Section(header, tag if isinstance(tag, str) else None, first_line(struct), rows)
        for field in nested:
            inner, _ = unwrap(field.type)
            many = get_origin(inner) is tuple
            path = f"{header.strip('[]')}.{field.name}"
            inner_header = f"[[{path}]]" if many else f"[{path}]"
            yield from _sections(inner_header, get_args(inner)[0] if many else inner)


def structs_of(kind: Any) -> list[type[Struct]]:
    """The Struct types that this kind allows, through unions and tuples."""
    kind, _ = unwrap(kind)
    if isinstance(kind, type) and not get_args(kind) and issubclass(kind, Struct):
        return [kind]
    if get_origin(kind) in (Union, types.UnionType, tuple):
        return [struct for part in get_args(kind) for struct in structs_of(part)]
    return []


def row_of(field: msgspec.structs.FieldInfo) -> Row:
    _, meta = unwrap(field.type)
    meaning = next((m.description for m in meta if m.description), "")
    example = next((_toml(m.examples[0]) for m in meta if m.examples), "")
    return Row(field.name, _name_of(field.type), _default(field), _one_line(meaning), example)


def unwrap(kind: Any) -> tuple[Any, list[Meta]]:
    """The bare type and the descriptions around it, outermost first."""
    meta: list[Meta] = []
    while get_origin(kind) is Annotated:
        meta += [extra for extra in kind.__metadata__ if isinstance(extra, Meta)]
        kind = kind.__origin__
    return kind, meta


def _name_of(kind: Any) -> str:
    bare, meta = unwrap(kind)
    if any(m.pattern and "env|file" in m.pattern for m in meta):
        return "secret"
    origin, parts = get_origin(bare), get_args(bare)
    if origin is Literal:
        return _choices(parts)
    if isinstance(bare, type) and issubclass(bare, enum.Enum):
        return _choices([member.value for member in bare])
    if origin in (Union, types.UnionType):
        return " or ".join(_name_of(part) for part in parts if part is not type(None))
    if origin is tuple:
        return f"list of {_name_of(parts[0])}"
    if origin is dict or typing.get_origin(bare) is not None:
        return "table"
    plain = {
        str: "text",
        int: "whole number",
        float: "number",
        bool: "true or false",
        Path: "path",
        datetime: "date and time with offset",
    }
    return plain.get(bare, getattr(bare, "__name__", str(bare)).lower()) + _limits(meta)


def _choices(values: Sequence[str]) -> str:
    return " \\| ".join(f'`"{value}"`' for value in values)


def _limits(meta: list[Meta]) -> str:
    said = [
        f"{sign} {getattr(m, name)}"
        for m in meta
        for name, sign in (("ge", "from"), ("gt", "above"), ("le", "to"), ("lt", "below"))
        if getattr(m, name) is not None
    ]
    return f" {' '.join(said)}" if said else ""


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "required"
    value = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    return "not set" if value is None else f"`{_toml(value)}`"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple | set | frozenset):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return f'"{value}"'


def first_line(struct: type[Struct]) -> str:
    return _one_line((struct.__doc__ or "").split("\n\n")[0])


def _one_line(text: str) -> str:
    return " ".join(text.split())


STARTER_HEAD = """\
# platewire.toml. Every setting is here with its default; take the # off a line to change it.
# Lines that begin with "# " explain, lines that begin with "#" alone are settings.
# Reference: docs/configuration.md. Try it with: platewire check
"""

ACTIVE = frozenset({"[site]", "[log]", "[web]"})
"""Tables that stand in a new file without a #; the rest is taken into use by removing it."""


def starter() -> str:
    """The commented file of `platewire init`."""
    return STARTER_HEAD + "".join(_table(section) for section in sections())


def _table(section: Section) -> str:
    mark = "" if section.header in ACTIVE else "#"
    lines = ["", *_comment(section.meaning), f"{mark}{section.header}"]
    if section.tag is not None and section.header not in ACTIVE:
        lines.append(f'#type = "{section.tag}"')
    for row in section.rows:
        lines += _comment(f"{row.setting}: {row.meaning}" if row.meaning else row.setting)
        lines.append(f"#{row.setting} = {_example(section, row)}")
    return "\n".join(lines) + "\n"


def _example(section: Section, row: Row) -> str:
    if row.example and row.default == "required":
        return row.example
    if row.setting == "name" and section.tag is not None:
        return _toml(section.tag.replace("_", "-"))
    if row.default == "required":
        return '"env:NAME"' if row.kind == "secret" else '"..."'
    if row.default == "not set":
        return f" # {row.kind}".replace("\\|", "or").replace("`", "")
    return row.default.strip("`")


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, 96, initial_indent="# ", subsequent_indent="#   ")
