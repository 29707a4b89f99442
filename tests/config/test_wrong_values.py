"""Every setting of the configuration, with a value of a wrong type and with wrong values."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from msgspec import inspect

from platewire.config.load import parse
from platewire.config.tree import Config
from platewire.errors import ConfigError

HERE = Path("/etc/platewire.toml")
OF_THE_TYPE_LIBRARY = re.compile(
    r"[Ee]xpected `|got `|regex|Object|\barray\b|\bnull\b|of length|enum|`(str|int|float|bool)`"
)


class Setting(NamedTuple):
    path: tuple[str | int, ...]
    """Keys and, in a list, 0."""
    type: inspect.Type
    tags: dict[tuple[str | int, ...], dict[str, str]]
    """What the tables around it need so that they are the ones meant."""

    @property
    def shown(self) -> str:
        parts = [f"[{each}]" if isinstance(each, int) else f".{each}" for each in self.path]
        return "".join(parts).removeprefix(".")


def plain(found: inspect.Type) -> list[inspect.Type]:
    if isinstance(found, inspect.Metadata):
        return plain(found.type)
    if isinstance(found, inspect.UnionType):
        return [each for part in found.types for each in plain(part)]
    return [found]


def settings(
    found: inspect.Type, path: Any = (), tags: Any = None, seen: Any = None
) -> Iterator[Setting]:
    """A table that several others contain is gone through once."""
    tags, seen = tags or {}, set() if seen is None else seen
    for each in plain(found):
        if isinstance(each, inspect.StructType) and each.cls not in seen:
            seen.add(each.cls)
            here = {**tags, path: {each.tag_field: each.tag}} if each.tag_field else tags
            for field in each.fields:
                inner = (*path, field.encode_name)
                yield Setting(inner, field.type, here)
                yield from settings(field.type, inner, here, seen)
        elif isinstance(each, inspect.VarTupleType):
            if path and (each.min_length or 0) < 2:
                yield Setting((*path, 0), each.item_type, tags)
            yield from settings(each.item_type, (*path, 0), tags, seen)


def text_of(setting: Setting, value: Any) -> str:
    """A file with this one setting, and the tables around it."""
    data: Any = value
    for end in range(len(setting.path) - 1, -1, -1):
        step, around = setting.path[end], setting.path[:end]
        data = [data] if step == 0 else {**setting.tags.get(around, {}), step: data}
    return "\n".join(f"{key} = {toml(each)}" for key, each in data.items())


def toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    return json.dumps(value)


def wrong_types(found: inspect.Type) -> Iterator[Any]:
    kinds = {type(each) for each in plain(found)}
    if not kinds & {inspect.IntType, inspect.FloatType}:
        yield 5
    if kinds & {inspect.IntType, inspect.FloatType, inspect.BoolType}:
        yield "ten"
    if inspect.BoolType not in kinds:
        yield True
    if not kinds & {inspect.DictType, inspect.StructType}:
        yield {}
    if inspect.VarTupleType not in kinds:
        yield [1]


def wrong_values(found: inspect.Type) -> Iterator[Any]:
    for each in plain(found):
        if choices := choices_of(each):
            yield f"{choices[0]}x"
        if isinstance(each, inspect.IntType | inspect.FloatType):
            yield from outside(each)
        if isinstance(each, inspect.StrType):
            yield from misspelled(each)
        if isinstance(each, inspect.VarTupleType) and each.min_length:
            yield []


def choices_of(each: inspect.Type) -> list[str]:
    if isinstance(each, inspect.LiteralType):
        return [str(value) for value in each.values]
    if isinstance(each, inspect.EnumType):
        return [member.value for member in each.cls]
    return []


def limits(each: inspect.Type) -> dict[str, float]:
    if not isinstance(each, inspect.IntType | inspect.FloatType):
        return {}
    named = {name: getattr(each, name) for name in ("ge", "gt", "le", "lt")}
    return {name: value for name, value in named.items() if value is not None}


def outside(each: inspect.Type) -> Iterator[float]:
    for name, limit in limits(each).items():
        yield limit - 1 if name in ("ge", "gt") else limit + 1


def misspelled(each: inspect.StrType) -> Iterator[str]:
    tried = ("a;b, c:d", "", "ü", "http", 99 * "x", 300 * "x")
    pattern = re.compile(each.pattern or "")
    least, most = each.min_length or 0, each.max_length or 1000
    for text in tried:
        if not pattern.search(text) or not least <= len(text) <= most:
            yield text


def is_private(found: inspect.Type) -> bool:
    lists = [each.item_type for each in plain(found) if isinstance(each, inspect.VarTupleType)]
    patterns = [
        each.pattern
        for kind in (found, *lists)
        for each in plain(kind)
        if isinstance(each, inspect.StrType)
    ]
    return any("env|file" in (pattern or "") for pattern in patterns)


def message(setting: Setting, value: Any) -> str:
    with pytest.raises(ConfigError) as error:
        parse(text_of(setting, value), HERE)
    return str(error.value)


EVERY = list(settings(inspect.type_info(Config)))


def test_every_setting_is_tried() -> None:
    assert len(EVERY) > 500
    assert {"site.name", "output[0].url", "camera[0].passage.zones[0].name"} <= {
        each.shown for each in EVERY
    }


@pytest.mark.parametrize("tried", [wrong_types, wrong_values])
def test_the_error_names_setting_value_and_what_is_valid(tried: Any) -> None:
    seen = 0
    for setting in EVERY:
        for value in tried(setting.type):
            said = message(setting, value)
            case = f"{text_of(setting, value)}\n{said}"
            assert f"`{setting.shown}`" in said, case
            assert not OF_THE_TYPE_LIBRARY.search(said), case
            if not is_private(setting.type):
                assert "invalid value" in said or "is not one of the choices" in said, case
            if isinstance(value, str) and not is_private(setting.type):
                assert repr(value)[:40] in said, case
            if isinstance(value, int | float) and not is_private(setting.type):
                assert f"invalid value {json.dumps(value)}" in said, case
            for each in plain(setting.type):
                assert all(choice in said for choice in choices_of(each)), case
                assert all(f"{limit:g}" in said for limit in limits(each).values()), case
            seen += 1
    assert seen > 300


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[list]]\nname = "a"\nkind = "alow"', "did you mean 'allow'?"),
        ('[log]\nretention_days = "10"', "use a number above 0, without quotes"),
        ("[site]\nname = 5", "use text of at least 1 character, in quotes"),
        ("[log]\nfolder = 5", "`log.folder`: invalid value 5; use a path as text"),
        (
            '[[output]]\ntype = "numberok_tcp"\ncheckpoints = { gate = "x" }',
            "`output[0].checkpoints.gate`: invalid value 'x'; use a whole number",
        ),
        (
            '[[output]]\ntype = "http"\nheaders = { "a b" = "x" }',
            "`output[0].headers`: invalid value 'a b'; use letters",
        ),
    ],
)
def test_what_to_do(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse(text, HERE)
    assert said in str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        '[[output]]\ntype = "http"\nheaders = { Authorization = 5 }',
        '[[output]]\ntype = "http"\nheaders = { Authorization = "hunter2\\n" }',
        '[[camera]]\nname = "a"\nsource = { type = "rtsp", url = "http://me:hunter2@192.0.2.1/" }',
    ],
)
def test_a_value_that_may_hold_a_password_is_not_shown(text: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse(text, HERE)
    assert "hunter2" not in str(error.value)
    assert "invalid value" not in str(error.value)


def test_the_tables_of_the_type_library_are_covered() -> None:
    """Were a kind of type added to the settings, its words would be missing."""
    kinds = {type(each) for setting in EVERY for each in plain(setting.type)}
    assert inspect.CustomType in kinds
    assert kinds <= {
        inspect.BoolType,
        inspect.CustomType,
        inspect.DateTimeType,
        inspect.DictType,
        inspect.EnumType,
        inspect.FloatType,
        inspect.IntType,
        inspect.LiteralType,
        inspect.NoneType,
        inspect.StrType,
        inspect.StructType,
        inspect.TupleType,
        inspect.VarTupleType,
    }, msgspec.__version__
