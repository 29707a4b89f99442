"""RTSP messages between packets, whole and one byte at a time; and the proofs of RFC 7616."""

import contextlib
import os
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platewire.wire.rtsp import HEAD_BYTES_MAX, Message, NotRtspError, Splitter, authorization

PACKET = b"$\x00\x00\x04RTSP"
ANSWER = b"RTSP/1.0 200 OK\r\nCSeq: 3\r\nContent-Length: 4\r\n\r\nv=0\n"
REQUEST = b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n"
SHORT = b"RTSP/1.0 200 OK\nCSeq: 4\n\n"
ALL = PACKET + ANSWER + PACKET + PACKET + REQUEST + SHORT + PACKET


def pieces(*chunks: bytes) -> Iterator[Message | bytes]:
    splitter = Splitter()
    for chunk in chunks:
        yield from splitter.feed(chunk)


def joined(*chunks: bytes) -> list[Message | bytes]:
    """Runs of packets in one, however they were cut."""
    found: list[Message | bytes] = []
    for piece in pieces(*chunks):
        if isinstance(piece, bytes) and found and isinstance(found[-1], bytes):
            found[-1] += piece
        else:
            found.append(piece)
    return found


def test_messages_and_packets_come_in_turn() -> None:
    first, answer, packets, request, short, last = joined(ALL)
    assert (first, packets, last) == (PACKET, PACKET * 2, PACKET)
    assert isinstance(answer, Message)
    assert isinstance(request, Message)
    assert isinstance(short, Message)
    assert (answer.status, answer.get("cseq"), answer.body) == (200, "3", b"v=0\n")
    assert (request.status, request.first) == (None, "OPTIONS * RTSP/1.0")
    assert short.get("CSeq") == "4"
    assert answer.encoded() == ANSWER


def test_the_same_however_it_is_cut() -> None:
    whole = joined(ALL)
    assert joined(*(bytes([each]) for each in ALL)) == whole
    for cut in range(len(ALL)):
        assert joined(ALL[:cut], ALL[cut:]) == whole


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_noise_ends_in_words_or_is_skipped(chunks: list[bytes]) -> None:
    splitter = Splitter()
    with contextlib.suppress(NotRtspError):
        for chunk in chunks:
            list(splitter.feed(chunk))
    assert len(splitter._buffer) <= sum(map(len, chunks))


@given(st.binary(max_size=200).filter(lambda noise: not {*noise} & {*b"$RHOPASDTG"}))
def test_after_noise_the_next_answer_is_found(noise: bytes) -> None:
    found = list(pieces(noise + ANSWER))
    assert any(isinstance(piece, Message) for piece in found)


@pytest.mark.parametrize(
    "sent",
    [
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nX: " + b"y" * HEAD_BYTES_MAX,
        b"RTSP/1.0 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        b"RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n",
    ],
)
def test_what_is_too_long_or_no_rtsp_is_refused(sent: bytes) -> None:
    with pytest.raises(NotRtspError):
        list(pieces(sent))


def test_memory_is_bounded_under_noise() -> None:
    splitter = Splitter()
    for _ in range(50):
        try:
            list(splitter.feed(os.urandom(100_000)))
        except NotRtspError:
            splitter = Splitter()
        assert len(splitter._buffer) < 2**20


# --- RFC 7616, 3.9.1, and RFC 2617, 3.5 ----------------------------------------------------------

USER, PASSWORD, URI = "Mufasa", "Circle of Life", "/dir/index.html"
ONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
OPAQUE = "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
    ],
)
def test_digest_as_the_rfc_has_it(algorithm: str, response: str) -> None:
    challenge = (
        f'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={algorithm}, '
        f'nonce="{NONCE}", opaque="{OPAQUE}"'
    )
    proof = authorization([challenge], USER, PASSWORD, "GET", URI, ONCE)
    assert proof is not None
    assert f'response="{response}"' in proof
    assert f'opaque="{OPAQUE}"' in proof


def test_digest_without_qop_and_basic() -> None:
    proof = authorization(
        ['Basic realm="a"', 'Digest realm="IP Camera", nonce="abc"'],
        "admin",
        "12345",
        "DESCRIBE",
        "rtsp://10.0.0.1:554/live",
        "unused",
    )
    assert proof is not None
    assert proof.startswith('Digest username="admin"')
    assert "qop" not in proof
    assert authorization(['Basic realm="a"'], "a", "b", "GET", "/", "") == "Basic YTpi"
    assert authorization(["Digest algorithm=MD5-sess"], "a", "b", "GET", "/", "") is None
    assert authorization([], "a", "b", "GET", "/", "") is None
