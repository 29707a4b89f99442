"""docs/configuration.md, from the configuration's types.

A table that several others contain, such as `auth`, and the settings that all outputs have, are
documented once, and linked.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, get_args, get_origin

import msgspec
from msgspec import Struct
from msgspec.structs import FieldInfo, fields

from platewire.config.reference import (
    Row,
    first_line,
    row_of,
    structs_of,
    unwrap,
)
from platewire.config.tree import Config
from platewire.outputs import builtin as outputs
from platewire.outputs.output import OutputSettings

PAGE_HEAD = """\
# Configuration

One TOML file, `platewire.toml` unless `--config` names another. `platewire init` writes a commented
one, `platewire check` validates it and then really connects. An unknown setting is an error that
names its place. Relative paths begin at the file's folder. Secrets are never written here: a
setting of the kind *secret* says where the secret lies, `env:NAME` or `file:PATH`.

This page is generated from the types (`platewire init --reference`). For the settings of an output,
source or engine of another package, see `platewire init --reference --type TYPE`.
"""
EVERY_OUTPUT = "Settings of every output"
SHARED = "## Shared tables\n\nTables that several others contain.\n"


class ConfigTable(NamedTuple):
    """A table where a file has it: its header, such as `[[output]]`, and its type."""

    header: str
    struct: type[Struct]

    @property
    def title(self) -> str:
        return _titled(f"`{self.header}`", self.struct)


def page() -> str:
    tables = list(_tables_of(Config))
    shared = _shared(tables)
    titles = {config_table.struct: config_table.title for config_table in tables} | _shared_titles(
        tables, shared
    )
    parts = [PAGE_HEAD]
    for config_table in dict.fromkeys(tables):
        if config_table.struct is outputs.BUILTIN[0]:
            parts.append(_every_output())
        if config_table.struct not in shared:
            parts.append(_section(config_table.title, config_table.struct, titles))
    parts.append(SHARED)
    for struct in sorted(shared, key=lambda each: titles[each]):
        where = sorted(
            {config_table.header for config_table in tables if config_table.struct is struct}
        )
        said = "Used as " + ", ".join(f"`{header}`" for header in where) + "."
        parts.append(_section(titles[struct], struct, titles, said))
    return "\n".join(parts)


def plug_page(header: str, struct: type[Struct]) -> str:
    """The settings of one output, source or engine, with all its tables."""
    parts = [
        _section(config_table.title, config_table.struct, {})
        for config_table in dict.fromkeys(_nested_tables(header, struct))
    ]
    return "\n".join(parts)


# --- which tables there are, and where -----------------------------------------------------------


def _tables_of(struct: type[Struct], header: str = "") -> Iterator[ConfigTable]:
    """The tables inside this one, in the order of its fields, each before those inside it."""
    for field in _tables(struct):
        kind, _ = unwrap(field.type)
        many = get_origin(kind) is tuple
        path = f"{header.strip('[]')}.{field.name}" if header else field.name
        inner = f"[[{path}]]" if many else f"[{path}]"
        for each in structs_of(get_args(kind)[0] if many else kind):
            yield from _nested_tables(inner, each)


def _nested_tables(header: str, struct: type[Struct]) -> Iterator[ConfigTable]:
    yield ConfigTable(header, struct)
    yield from _tables_of(struct, header)


def _tables(struct: type[Struct]) -> list[FieldInfo]:
    return [field for field in fields(struct) if structs_of(field.type)]


def _shared(tables: Sequence[ConfigTable]) -> set[type[Struct]]:
    """Tables that several others contain, and what is inside them."""
    parents: defaultdict[type[Struct], set[type[Struct]]] = defaultdict(set)
    for parent in {config_table.struct for config_table in tables}:
        for field in _tables(parent):
            for struct in structs_of(field.type):
                parents[struct].add(parent)
    shared = {struct for struct, found in parents.items() if len(found) > 1}
    return shared | {struct for struct, found in parents.items() if found <= shared and found}


def _shared_titles(
    tables: Sequence[ConfigTable], shared: set[type[Struct]]
) -> dict[type[Struct], str]:
    """Headings by the name of the field, with what it is where a name has two meanings."""
    short = {
        config_table.struct: _titled(
            f"`{config_table.header.strip('[]').rpartition('.')[2]}`", config_table.struct
        )
        for config_table in tables
        if config_table.struct in shared
    }
    titles = list(short.values())
    return {
        struct: f"{title}: {first_line(struct).rstrip('.')}" if titles.count(title) > 1 else title
        for struct, title in short.items()
    }


# --- how one is written --------------------------------------------------------------------------


def _titled(name: str, struct: type[Struct]) -> str:
    tag = struct.__struct_config__.tag
    return f'{name} with `type = "{tag}"`' if isinstance(tag, str) else name


def _every_output() -> str:
    rows = [row_of(field) for field in fields(OutputSettings)]
    return "\n".join([f"## {EVERY_OUTPUT}\n", *_table(rows), ""])


def _section(
    title: str, struct: type[Struct], titles: Mapping[type[Struct], str], where: str = ""
) -> str:
    said = [first_line(struct), where]
    rows = [_row(field, titles) for field in fields(struct)]
    if title.startswith("`[[output]]`"):
        common = {row_of(field) for field in fields(OutputSettings)}
        rows = [row for row in rows if row not in common]
        link = f"[settings of every output](#{anchor(EVERY_OUTPUT)})" if titles else "`[[output]]`"
        said.append(f"Besides the {link}:" if titles else "Besides the settings of every output:")
    text = " ".join(each for each in said if each)
    return "\n".join([f"## {title}\n", f"{text}\n", *(_table(rows) if rows else []), ""])


def _table(rows: Sequence[Row]) -> list[str]:
    head = ["| setting | kind | default | meaning |", "|---|---|---|---|"]
    return head + [f"| `{r.setting}` | {r.kind} | {r.default} | {r.meaning} |" for r in rows]


def _row(field: FieldInfo, titles: Mapping[type[Struct], str]) -> Row:
    row = row_of(field)
    if not (inner := structs_of(field.type)):
        return row
    linked = ", ".join(_link(struct, titles) for struct in inner)
    many = get_origin(unwrap(field.type)[0]) is tuple
    return row._replace(kind=f"{'list of ' if many else ''}{linked}", default=_default(field))


def _link(struct: type[Struct], titles: Mapping[type[Struct], str]) -> str:
    tag = struct.__struct_config__.tag
    text = f"`{tag}`" if isinstance(tag, str) else "table"
    return f"[{text}](#{anchor(titles[struct])})" if struct in titles else text


def _default(field: FieldInfo) -> str:
    if field.required:
        return "required"
    value: Any = field.default
    if value is msgspec.NODEFAULT:
        value = field.default_factory()
    if value is None:
        return "not set"
    tag = value.__struct_config__.tag if isinstance(value, Struct) else None
    return f"`{tag}`" if isinstance(tag, str) else ""


def anchor(title: str) -> str:
    """As GitHub makes it of a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
