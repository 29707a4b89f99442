"""JSON lines: what either side may send, and what a client is told that sends anything else."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from platewire.model import Kind
from platewire.testing.sample_events import odd_events, passage_events
from platewire.wire import native
from platewire.wire.json_lines import (
    Hello,
    LineReader,
    Marker,
    Request,
    RequestError,
    event_line,
    marker_line,
    read_line,
    read_request,
    request_line,
    span,
)

spans = st.builds(span, st.integers(1, 10), st.integers(10, 20), st.sampled_from(["", "cut_back"]))
hellos = st.builds(
    Hello,
    after=st.integers(0, 9),
    first_seq=st.integers(0, 9),
    last_seq=st.integers(0, 9),
    log_id=st.uuids(),
    epoch=st.integers(1, 9),
    kinds=st.just(tuple(Kind)),
    cameras=st.lists(st.text()).map(tuple),
)
markers = st.one_of(
    st.builds(Marker, hello=hellos),
    st.builds(Marker, gap=spans),
    st.builds(Marker, skipped=spans),
    st.builds(Marker, error=st.text()),
)
requests = st.builds(
    Request,
    resume=st.one_of(st.integers(0, 2**62), st.sampled_from(["now", "beginning"])),
    kinds=st.lists(st.sampled_from(Kind)).map(tuple),
    cameras=st.lists(st.text(st.characters(codec="utf-8"), max_size=9)).map(tuple),
    id=st.none() | st.uuids(),
)


@given(markers)
def test_markers_are_lines_with_a_single_key(marker: Marker) -> None:
    line = marker_line(marker)
    assert line.index(b"\n") == len(line) - 1
    assert len(json.loads(line)) == 1
    assert read_line(line) == marker


def test_events_are_their_native_bytes() -> None:
    for event in [*passage_events(1), *odd_events(2)]:
        body = native.encode(event)
        line = event_line(body)
        assert line == body + b"\n"
        assert line.count(b"\n") == 1
        assert read_line(line) == event


def test_span_counts_both_ends() -> None:
    assert json.loads(marker_line(Marker(gap=span(3, 7)))) == {
        "gap": {"first": 3, "last": 7, "count": 5}
    }


@given(requests)
def test_requests_come_back(request: Request) -> None:
    assert read_request(request_line(request).strip()) == request


def test_request_in_words_of_the_documentation() -> None:
    line = b'{"resume": 123, "kinds": ["new", "lost"], "cameras": ["gate-1"]}'
    assert read_request(line) == Request(123, (Kind.NEW, Kind.LOST), ("gate-1",))
    assert read_request(b"{}") == Request("now")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"hello", "invalid JSON at byte 0"),
        (b"[1]", r"invalid value \[1\]; use an object"),
        (b'{"resume": -1}', "invalid value -1; use a whole number from 0"),
        (b'{"resume": "yesterday"}', "'yesterday'"),
        (b'{"resume": 1.5}', "invalid value 1.5; use"),
        (b'{"resumee": 1}', "unknown field `resumee`"),
        (b'{"kinds": ["gone"]}', r"`kinds\[0\]`: 'gone' is not one of the choices"),
        (b'{"cameras": ["\xff"]}', "UTF-8 at byte"),
        (b"GET / HTTP/1.1", "invalid JSON at byte 0"),
        (b"[" * 4000, "nested too deeply|incomplete|use an object"),
    ],
)
def test_nonsense_is_answered_with_what_is_wrong_and_an_example(line: bytes, why: str) -> None:
    with pytest.raises(RequestError, match=why) as caught:
        read_request(line)
    assert '"resume": 123' in str(caught.value)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_request_or_a_request_error(line: bytes) -> None:
    try:
        request = read_request(line)
    except RequestError:
        return
    assert isinstance(request, Request)


@given(st.lists(st.binary(max_size=20).filter(lambda line: b"\n" not in line)), st.integers(1, 9))
def test_lines_in_chunks_of_any_size(lines: list[bytes], size: int) -> None:
    reader, found = LineReader(), []
    stream = b"".join(line + b"\r\n" for line in lines)
    for start in range(0, len(stream), size):
        found += reader.feed(stream[start : start + size])
    assert found == [line.strip() for line in lines if line.strip()]


@pytest.mark.parametrize("noise", [b"x" * 4097, b"x" * 4097 + b"\n", b"\n" + b"x" * 5000])
def test_long_lines_are_refused(noise: bytes) -> None:
    with pytest.raises(RequestError, match="exceeds 4096 bytes"):
        LineReader().feed(noise)


def test_a_line_that_never_ends_is_refused_when_it_grows_too_long() -> None:
    reader = LineReader()
    assert reader.feed(b"x" * 4096) == []
    with pytest.raises(RequestError):
        reader.feed(b"x")


def test_neither_event_nor_marker() -> None:
    with pytest.raises(msgspec.DecodeError):
        read_line(b"nonsense\n")
