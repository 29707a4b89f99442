"""The configuration's types -> the reference page and the commented file of `platewire init`."""

import textwrap
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import fields

from platewire.config.tree import Config

PAGE_HEAD = """\
# Configuration

One TOML file, `platewire.toml` unless `--config` names another. `platewire init` writes a commented
one, `platewire check` validates it and then really connects. An unknown setting is an error that
names its place. Relative paths begin at the file's folder. Secrets are never written here: a
setting of the kind *secret* says where the secret lies, `env:NAME` or `file:PATH`.

This page is generated from the types (`platewire init --reference`).
"""


class Row(NamedTuple):
    setting: str
    kind: str
    default: str
    meaning: str


class Section(NamedTuple):
    """A table of the file: its TOML header, what it is, its settings, the choice of `type`."""

    header: str
    tag: str | None
    meaning: str
    rows: tuple[Row, ...]


def sections() -> Iterator[Section]:
    for field in fields(Config):
        kind, _ = _unwrap(field.type)
        repeated = get_origin(kind) is tuple
        inner = get_args(kind)[0] if repeated else kind
        header = f"[[{field.name}]]" if repeated else f"[{field.name}]"
        yield from _sections(header, inner)


def _sections(header: str, kind: Any) -> Iterator[Section]:
    for struct in _structs(kind):
        nested = [field for field in fields(struct) if _structs(_unwrap(field.type)[0])]
        rows = tuple(_row(field) for field in fields(struct) if field not in nested)
        tag = struct.__struct_config__.tag
        yield Section(header, tag if isinstance(tag, str) else None, _first_line(struct), rows)
        for field in nested:
            inner, _ = _unwrap(field.type)
            many = get_origin(inner) is tuple
            path = f"{header.strip('[]')}.{field.name}"
            inner_header = f"[[{path}]]" if many else f"[{path}]"
            yield from _sections(inner_header, get_args(inner)[0] if many else inner)


def _structs(kind: Any) -> list[type[Struct]]:
    """The Struct types that this kind allows, through unions and tuples."""
    kind, _ = _unwrap(kind)
    if isinstance(kind, type) and not get_args(kind) and issubclass(kind, Struct):
        return [kind]
    if get_origin(kind) in (Union, types.UnionType, tuple):
        return [struct for part in get_args(kind) for struct in _structs(part)]
    return []


def _row(field: msgspec.structs.FieldInfo) -> Row:
    _, meta = _unwrap(field.type)
    meaning = next((m.description for m in meta if m.description), "")
    return Row(field.name, _name_of(field.type), _default(field), _one_line(meaning))


def _unwrap(kind: Any) -> tuple[Any, list[Meta]]:
    """The bare type and the descriptions around it, outermost first."""
    meta: list[Meta] = []
    while get_origin(kind) is Annotated:
        meta += [extra for extra in kind.__metadata__ if isinstance(extra, Meta)]
        kind = kind.__origin__
    return kind, meta


def _name_of(kind: Any) -> str:
    bare, meta = _unwrap(kind)
    if any(m.pattern and "env|file" in m.pattern for m in meta):
        return "secret"
    origin, parts = get_origin(bare), get_args(bare)
    if origin is Literal:
        return " \\| ".join(f'`"{part}"`' for part in parts)
    if origin in (Union, types.UnionType):
        return " or ".join(_name_of(part) for part in parts if part is not type(None))
    if origin is tuple:
        return f"list of {_name_of(parts[0])}"
    if origin is dict or typing.get_origin(bare) is not None:
        return "table"
    plain = {str: "text", int: "whole number", float: "number", bool: "true or false", Path: "path"}
    return plain.get(bare, getattr(bare, "__name__", str(bare)).lower()) + _limits(meta)


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


def _first_line(struct: type[Struct]) -> str:
    return _one_line((struct.__doc__ or "").split("\n\n")[0])


def _one_line(text: str) -> str:
    return " ".join(text.split())


def page() -> str:
    """docs/configuration.md."""
    parts = [PAGE_HEAD]
    for section in sections():
        choice = f' with `type = "{section.tag}"`' if section.tag else ""
        parts.append(f"## `{section.header}`{choice}\n\n{section.meaning}\n")
        lines = ["| setting | kind | default | meaning |", "|---|---|---|---|"]
        lines += [f"| `{r.setting}` | {r.kind} | {r.default} | {r.meaning} |" for r in section.rows]
        if section.rows:
            parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


STARTER_HEAD = """\
# platewire.toml. Every setting is here with its default; take the # off a line to change it.
# Lines that begin with "# " explain, lines that begin with "#" alone are settings.
# Reference: docs/configuration.md. Try it with: platewire check
"""

ACTIVE = frozenset({"[site]", "[log]", "[web]"})
"""Tables that stand in a new file without a #; the rest is taken into use by removing it."""

EXAMPLES = {
    ("[[camera]]", "name"): "gate",
    ("[[camera.passage.zones]]", "name"): "lane 1",
    ("[[camera.passage.zones]]", "polygon"): [[0.1, 0.5], [0.9, 0.5], [0.9, 1.0], [0.1, 1.0]],
    ("file", "path"): "clip.mp4",
    ("pictures", "path"): "pictures",
    ("rtsp", "url"): "rtsp://192.0.2.10/stream1",
    ("mjpeg", "url"): "http://192.0.2.10/video.mjpg",
    ("snapshot", "url"): "http://192.0.2.10/snapshot.jpg",
    ("replay", "path"): "reads.jsonl",
    ("remote", "url"): "http://192.0.2.40:8080/v1/plate-reader/",
    ("http", "name"): "receiver",
    ("postgresql", "url"): "postgresql://platewire@192.0.2.20/anpr",
    ("http", "url"): "https://receiver.example/anpr",
    ("http", "signing"): ["env:PLATEWIRE_SIGNING_SECRET"],
    ("json_lines", "name"): "lines",
    ("numberok_tcp", "name"): "numberok",
    ("tcp_push", "address"): "192.0.2.20:5000",
    ("two_n", "url"): "https://192.0.2.30",
    ("milestone", "url"): "http://192.0.2.5:9090",
    ("milestone_generic", "address"): "192.0.2.5:1235",
    ("mqtt", "host"): "192.0.2.6",
    ("nx", "url"): "https://192.0.2.5:7001",
    ("[[list]]", "name"): "staff",
    ("[[list]]", "kind"): "allow",
    ("modbus", "host"): "192.0.2.31",
    ("form", "fields"): {"plate": "{{ event.plate.text }}"},
}


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
    for place in (section.tag, section.header):
        if place is not None and (place, row.setting) in EXAMPLES:
            return _toml(EXAMPLES[place, row.setting])
    if row.setting == "name" and section.tag is not None:
        return _toml(section.tag.replace("_", "-"))
    if row.default == "required":
        return '"env:NAME"' if row.kind == "secret" else '"..."'
    return f" # {row.kind}" if row.default == "not set" else row.default.strip("`")


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, 96, initial_indent="# ", subsequent_indent="#   ")
