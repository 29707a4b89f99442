"""Errors about outside input are in platewire's words: no phrase of msgspec reaches a user."""

import ast
import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

import platewire
from platewire.camera import passage_record
from platewire.database import bodies
from platewire.errors import PlatewireError
from platewire.model import Event
from platewire.passage import keep
from platewire.recognition.engines import replay
from platewire.runtime import wrong_value
from platewire.web.api.list_shapes import DecisionsQuery
from platewire.web.api.output_shapes import DiscardBody, ReplayBody, RequeueBody, TestBody
from platewire.wire import json_lines, one_c, two_n
from platewire.wire.anpr import plate_recognizer_response
from platewire.wire.numberok import json_reader
from platewire.wire.vms import nx

SOURCE = Path(platewire.__file__).parent
PHRASES = (
    *("Expected `", "Object missing", "Object contains", "Invalid value", "Invalid enum"),
    *("Input data was", "malformed", "out of range", "Invalid UUID", "RFC3339", "$."),
)
"""Parts of all messages of msgspec."""
CAUGHT = {"DecodeError", "ValidationError", "MsgspecError"}
VALUES: Sequence[Any] = (
    *(None, True, -1, 10**30, 0.5, "", "x", "2026-13-01", [], [5], ["x"], [None], [{}], [[]]),
    *({}, {"x": 1}, {"id": "x"}, {"error": 5}),
)
BROKEN = (
    b"",
    b"{",
    b'{"a" 1}',
    b"\xff\xfe",
    b'"\xff"',
    b"[" * 100_000,
    b'{"a": 1e999}',
    b"nonsense",
)


def wrong_json(fields: Sequence[str]) -> Iterator[bytes]:
    """Bytes that are not JSON, values that are not objects, and each field with each value."""
    yield from BROKEN
    yield from (json.dumps(value).encode() for value in VALUES)
    yield from (json.dumps({name: value}).encode() for name in fields for value in VALUES)


def decoded(raw: bytes, kind: Any) -> Any:
    """As the API decodes a body."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(wrong_value.reason(error, raw, kind)) from error


def event_body(raw: bytes) -> Any:
    return bodies.entry((1, raw, zlib.crc32(raw)))


def text_of(decode: Callable[[str], Any]) -> Callable[[bytes], Any]:
    return lambda raw: decode(raw.decode("utf-8", "replace"))


def recorded(raw: bytes) -> Any:
    return replay.decoded(Path("reads.jsonl"), 1, raw)


def api(kind: Any) -> tuple[Callable[[bytes], Any], Sequence[str]]:
    return (lambda raw: decoded(raw, kind)), kind.__struct_fields__


DECODERS: dict[str, tuple[Callable[[bytes], Any], Sequence[str]]] = {
    "event": (event_body, Event.__struct_fields__),
    "json_lines": (json_lines.read_request, json_lines.Request.__struct_fields__),
    "numberok_json": (json_reader.decode, ("datetime", "plateText", "geotag", "carID")),
    "nx_devices": (text_of(nx.devices), ("id", "name", "url")),
    "nx_token": (text_of(nx.token), ("token",)),
    "nx_refusal": (text_of(nx.refusal), ("error", "errorString")),
    "two_n": (text_of(two_n.refusal), ("success", "error", "result")),
    "one_c": (text_of(one_c.parse_response), ("accepted", "rejected")),
    "recognizer": (plate_recognizer_response.decode, ("results", "processing_time", "timestamp")),
    "recorded_reads": (recorded, replay.Recorded.__struct_fields__),
    "api_replay": api(ReplayBody),
    "api_requeue": api(RequeueBody),
    "api_discard": api(DiscardBody),
    "api_test": api(TestBody),
    "api_decisions": api(DecisionsQuery),
}


@pytest.mark.parametrize("name", DECODERS)
def test_no_phrase_of_the_type_library_is_in_a_message(name: str) -> None:
    decode, fields = DECODERS[name]
    said = {message(decode, raw) for raw in wrong_json(fields)} - {""}
    assert said
    assert not [text for text in said for phrase in PHRASES if phrase in text]


def message(decode: Callable[[bytes], Any], raw: bytes) -> str:
    """Empty where `raw` is accepted."""
    try:
        decode(raw)
    except (PlatewireError, ValueError) as error:
        return str(error)
    return ""


@pytest.mark.parametrize("state", [b"", b"\xc1", b"\x05", b"\x81\xa1a", b"\x81\xa8passages\x05"])
def test_stored_passages_are_reported_corrupted_in_our_words(state: bytes) -> None:
    head = keep._HEAD.pack(keep.NAME, keep.VERSION, zlib.crc32(state, keep.VERSION))
    for decode, stored in ((passage_record.decode, state), (keep.unpack, head + state)):
        with pytest.raises(PlatewireError, match="corrupted") as error:
            decode(stored)
        assert not [phrase for phrase in PHRASES if phrase in str(error.value)]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "empty"),
        (b'{"resume', "incomplete: it ends too early"),
        (b'{"a" 1}', "invalid JSON at byte 5"),
        (b"[1]", "invalid value [1]; use an object"),
        (b'{"resume": -1}', "`resume`: invalid value -1; use a whole number from 0"),
        (b'{"kinds": ["old"]}', "`kinds[0]`: 'old' is not one of the choices: new, updated, lost"),
        (b'{"from": 5}', "unknown field `from`"),
        (b'{"resume": "x"', "incomplete: it ends too early"),
    ],
)
def test_a_reason_names_the_place_the_value_and_what_is_allowed(raw: bytes, reason: str) -> None:
    with pytest.raises(json_lines.RequestError) as error:
        json_lines.read_request(raw)
    assert reason in str(error.value)


def test_only_this_module_uses_the_text_of_an_error_of_msgspec() -> None:
    assert list(uses(SOURCE)) == []


def uses(folder: Path) -> Iterator[str]:
    """Handlers of msgspec's errors that put the error itself into a text."""
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ExceptHandler) and node.name and is_msgspec(node.type):
                yield from (f"{path}:{line}" for line in shown(node, node.name))


def is_msgspec(kind: ast.expr | None) -> bool:
    names = {
        getattr(node, "attr", getattr(node, "id", "")) for node in ast.walk(kind or ast.Pass())
    }
    return bool(names & CAUGHT)


def shown(handler: ast.ExceptHandler, name: str) -> Iterator[int]:
    for node in ast.walk(handler):
        inner = node.value if isinstance(node, ast.FormattedValue) else None
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("str", "repr"):
            inner = node.args[0]
        if isinstance(inner, ast.Name) and inner.id == name:
            yield inner.lineno
