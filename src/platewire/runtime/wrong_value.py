"""Errors of msgspec -> messages: where the wrong value is, the value seen, what its type allows.

msgspec's message is used only to find the value; the rest comes from the type, so no phrase of the
type library reaches a user. This is the only module that knows these phrases.

    decoded JSON or TOML    `find`, then `words`; `missing_field`, `unknown_field`
    JSON or MessagePack     `reason`, for bytes that are malformed or have the wrong type
"""

import difflib
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, time
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
from msgspec import inspect

SHOWN_CHARACTERS_MAX = 60
"""Of the value, in characters; longer ones are cut, so that a message stays readable."""
REFERENCE = "env|file"
"""In the pattern of a setting that refers to a secret: its value is often the secret itself."""
LIMITS = (("ge", "from"), ("gt", "above"), ("le", "to"), ("lt", "below"))
LISTS = (inspect.CollectionType, inspect.TupleType)
Patterns = Mapping[str, str]
"""Rules in words by the pattern of a text."""


class Name(NamedTuple):
    """The name of a set of fields in a file format."""

    one: str
    many: str


TABLE = Name("a table", "tables")
"""In TOML."""
OBJECT = Name("an object", "objects")
"""In JSON and MessagePack."""


class WrongValue(NamedTuple):
    """Path, type and value of what msgspec's message is about."""

    path: str
    """Such as `camera[0].name`; empty for the whole."""
    type: inspect.Type
    value: Any
    private: bool = False
    """The value may be a password: it is in a table with free names, such as headers."""


def find(error: msgspec.ValidationError, data: Any, kind: Any) -> WrongValue:
    """The value that msgspec's `error` about `data` of the type `kind` refers to."""
    at = re.search(r" - at (`key` in )?`\$(.*)`\Z", str(error))
    path = at[2] if at else ""
    found, value, private, way = _type_info(kind), data, False, ""
    for name, number in re.findall(r"([^.\[\]]+)|\[(\d+|\.\.\.)\]", path):
        if number == "...":
            found, value, name = _entry(found, value)
            private = _texts(found)
        else:
            found, value = _inside(found, value, int(number) if number else name)
        way += f"[{number}]" if number.isdigit() else f".{name}"
    if at and at[1]:
        found, value = _key(found, value)
    return WrongValue(way.removeprefix("."), found, value, private)


def reason(
    error: Exception,
    raw: bytes | str,
    kind: Any,
    decode: Callable[[Any], Any] = msgspec.json.decode,
) -> str:
    """Why `raw` could not be decoded as `kind`: `error` is what msgspec raised for it.

    `decode` is the untyped decoder: that of JSON, or `msgspec.msgpack.decode`.
    """
    if not isinstance(error, msgspec.ValidationError):
        return malformed(error, raw)
    try:
        data = decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as other:
        return malformed(other, raw)
    return explained(error, data, kind)


def explained(error: msgspec.ValidationError, data: Any, kind: Any) -> str:
    """What is wrong with decoded `data` of the type `kind`."""
    wrong = find(error, data, kind)
    place = f" in `{wrong.path}`" if wrong.path else ""
    if name := missing_field(error):
        return f"the required field `{name}` is missing{place}"
    if name := unknown_field(error):
        return f"unknown field `{name}`{place}"
    said = words(wrong, {}, OBJECT)
    return f"`{wrong.path}`: {said}" if wrong.path else said


def malformed(error: Exception, raw: bytes | str) -> str:
    """Where bytes are no JSON or MessagePack: `error` is what msgspec raised for them."""
    if isinstance(error, RecursionError):
        return "nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return f"invalid UTF-8 at byte {error.start}"
    kind = "MessagePack" if "MessagePack" in str(error) else "JSON"
    if at := re.search(r"\(byte (\d+)\)", str(error)):
        return f"invalid {kind} at byte {at[1]}"
    return "incomplete: it ends too early" if raw else "empty"


def missing_field(error: msgspec.ValidationError) -> str:
    """The name of a required field that is missing; empty for any other error."""
    found = re.match(r"Object missing required field `(.*?)`", str(error))
    return found[1] if found else ""


def unknown_field(error: msgspec.ValidationError) -> str:
    """The name of a field that does not exist; empty for any other error."""
    found = re.match(r"Object contains unknown field `(.*?)`", str(error))
    return found[1] if found else ""


@lru_cache(maxsize=8)
def _type_info(kind: Any) -> inspect.Type:
    """Cached, because inspecting all settings takes long."""
    return inspect.type_info(kind)


def words(wrong: WrongValue, patterns: Patterns, fields: Name = TABLE) -> str:
    """Value, choices or range, and what to do; without the name of the setting. `fields` is the
    name of a set of fields in the format."""
    choices = _choices(wrong.type)
    if isinstance(wrong.value, str) and choices and not _texts(wrong.type):
        return not_a_choice(wrong.value, choices)
    kind = "; ".join(dict.fromkeys(_rules(wrong.type, patterns, fields)))
    use = f"{kind}{_quotes(wrong)}"
    if wrong.private or _is_secret(wrong.type) or _has_a_password(wrong.value):
        return use
    return f"invalid value {display_value(wrong.value)}; {use}"


def not_a_choice(value: str, choices: Sequence[str]) -> str:
    """With the nearest choice, where one is near."""
    said, known = f"{_cut(repr(value))} is not one of the choices", ", ".join(choices)
    near = difflib.get_close_matches(value, choices, n=1)
    return f"{said}; did you mean {near[0]!r}? Choices: {known}" if near else f"{said}: {known}"


def display_value(value: Any) -> str:
    """As the file has it, in short."""
    if isinstance(value, str):
        return _cut(repr(value))
    if isinstance(value, dict):
        return "{…}"
    if isinstance(value, list | tuple):
        return _cut(f"[{', '.join(map(display_value, value))}]")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return _cut(json.dumps(value, default=str))


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN_CHARACTERS_MAX else f"{text[: SHOWN_CHARACTERS_MAX - 1]}…"


# --- from the path to the type -------------------------------------------------------------------


def _inside(found: inspect.Type, value: Any, step: str | int) -> tuple[inspect.Type, Any]:
    """Type and value one step further."""
    for each in _plain(found):
        if isinstance(each, inspect.CollectionType) and isinstance(step, int):
            return each.item_type, _item(value, step)
        if isinstance(each, inspect.TupleType) and isinstance(step, int):
            return each.item_types[step], _item(value, step)
    return _field(found, value, str(step)), _item(value, step)


def _entry(found: inspect.Type, value: Any) -> tuple[inspect.Type, Any, str]:
    """Type, value and name of the invalid entry, which msgspec does not name."""
    kinds = [each.value_type for each in _plain(found) if isinstance(each, inspect.DictType)]
    entries = value.items() if isinstance(value, dict) else ()
    wrong = ((kind, item, str(key)) for kind in kinds for key, item in entries)
    return next((each for each in wrong if not _fits(*each[:2])), (inspect.AnyType(), None, "*"))


def _key(found: inspect.Type, value: Any) -> tuple[inspect.Type, Any]:
    """Type and text of the invalid name."""
    kinds = [each.key_type for each in _plain(found) if isinstance(each, inspect.DictType)]
    wrong = ((kind, key) for kind in kinds for key in value)
    return next((each for each in wrong if not _fits(*each)), (inspect.AnyType(), None))


def _fits(found: inspect.Type, value: Any) -> bool:
    if choices := _choices(found):
        return value in choices
    texts = [each for each in _plain(found) if isinstance(each, inspect.StrType)]
    if texts:
        return isinstance(value, str) and all(
            re.search(each.pattern or "", value) is not None for each in texts
        )
    return isinstance(value, int) and not isinstance(value, bool)


def _field(found: inspect.Type, value: Any, name: str) -> inspect.Type:
    structs = [each for each in _plain(found) if isinstance(each, inspect.StructType)]
    tags = [str(each.tag) for each in structs if each.tag_field == name]
    if tags:
        return inspect.LiteralType(tuple(tags))
    said = value if isinstance(value, dict) else {}
    chosen = [each for each in structs if each.tag_field and said.get(each.tag_field) == each.tag]
    for struct in chosen or structs:
        for field in struct.fields:
            if field.encode_name == name:
                return field.type
    return inspect.AnyType()


def _item(value: Any, step: str | int) -> Any:
    try:
        return value[step]
    except (LookupError, TypeError):
        return None


def _plain(found: inspect.Type) -> Iterator[inspect.Type]:
    """The types that a union allows, without the annotations around them."""
    if isinstance(found, inspect.Metadata):
        yield from _plain(found.type)
    elif isinstance(found, inspect.UnionType):
        for each in found.types:
            yield from _plain(each)
    else:
        yield found


# --- what a type allows --------------------------------------------------------------------------


def _choices(found: inspect.Type) -> list[str]:
    said: list[str] = []
    for each in _plain(found):
        if isinstance(each, inspect.LiteralType):
            said += [str(value) for value in each.values]
        elif isinstance(each, inspect.EnumType):
            said += [str(member.value) for member in each.cls]
    return said


def _texts(found: inspect.Type) -> bool:
    return any(isinstance(each, inspect.StrType) for each in _plain(found))


def _is_secret(found: inspect.Type) -> bool:
    kinds = [each.item_type for each in _plain(found) if isinstance(each, inspect.CollectionType)]
    texts = [part for kind in (found, *kinds) for part in _plain(kind)]
    return any(
        isinstance(each, inspect.StrType) and REFERENCE in (each.pattern or "") for each in texts
    )


def _has_a_password(value: Any) -> bool:
    """As in rtsp://user:password@host."""
    return isinstance(value, str) and "@" in value and "//" in value


def _rules(found: inspect.Type, patterns: Patterns, fields: Name) -> Iterator[str]:
    """In the imperative."""
    nouns = []
    for each in _plain(found):
        if isinstance(each, inspect.StrType) and each.pattern in patterns:
            yield patterns[each.pattern or ""]
        elif not isinstance(each, inspect.NoneType):
            nouns.append(_noun(each, fields))
    if nouns:
        yield f"use {' or '.join(dict.fromkeys(nouns))}"


def _noun(each: inspect.Type, fields: Name) -> str:
    if isinstance(each, inspect.LiteralType | inspect.EnumType):
        return f"one of {', '.join(_choices(each))}"
    if isinstance(each, LISTS):
        return f"a list{_list_of(each, fields)}"
    if isinstance(each, inspect.IntType | inspect.FloatType):
        number = "a whole number" if isinstance(each, inspect.IntType) else "a number"
        return f"{number}{_limits(each)}"
    if isinstance(each, inspect.StrType):
        form = " in the documented form" if each.pattern else ""
        return f"text{_length(each, 'characters')}{form}"
    if isinstance(each, inspect.DictType | inspect.StructType):
        return fields.one
    return NOUNS.get(type(each), "another value")


NOUNS: Mapping[type, str] = {
    inspect.BoolType: "true or false",
    inspect.CustomType: "a path as text",
    inspect.DateTimeType: "a date and time with an offset, such as 2026-01-31T08:00:00+01:00",
    inspect.DateType: "a date, such as 2026-01-31",
    inspect.TimeType: "a time, such as 08:00:00",
    inspect.UUIDType: "a UUID, such as 0198c4a2-0000-7000-8000-000000000000",
}


def _list_of(each: Any, fields: Name) -> str:
    if isinstance(each, inspect.TupleType):
        return f" of {len(each.item_types)} entries"
    if choices := _choices(each.item_type):
        return f"{_length(each, 'entries')} of {', '.join(choices)}"
    inner = " or ".join(dict.fromkeys(_plural(part, fields) for part in _plain(each.item_type)))
    return f"{_length(each, 'entries')} of {inner}" if inner else _length(each, "entries")


def _plural(each: inspect.Type, fields: Name) -> str:
    if isinstance(each, inspect.StrType):
        return "texts"
    if isinstance(each, inspect.IntType | inspect.FloatType):
        return "numbers"
    return "lists" if isinstance(each, LISTS) else fields.many


def _length(each: Any, unit: str) -> str:
    least, most = each.min_length, each.max_length
    if least and most:
        return f" of {least} to {most} {unit}" if least != most else f" of {least} {unit}"
    if least:
        return f" of at least {least} {unit if least > 1 else ONE[unit]}"
    return f" of at most {most} {unit}" if most else ""


ONE = {"entries": "entry", "characters": "character"}


def _limits(each: Any) -> str:
    said = [
        f"{sign} {limit:g}" for name, sign in LIMITS if (limit := getattr(each, name)) is not None
    ]
    return f" {' '.join(said)}" if said else ""


def _quotes(wrong: WrongValue) -> str:
    """What to change where only the quotes are wrong."""
    kinds = [type(each) for each in _plain(wrong.type)]
    text = isinstance(wrong.value, str)
    if text and inspect.BoolType in kinds and wrong.value in ("true", "false"):
        return ", without quotes"
    if text and {inspect.IntType, inspect.FloatType} & {*kinds} and _is_number(wrong.value):
        return ", without quotes"
    if isinstance(wrong.value, int | float | date) and inspect.StrType in kinds:
        return ", in quotes"
    return ""


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
