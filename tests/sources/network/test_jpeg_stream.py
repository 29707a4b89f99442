"""Cutting JPEGs out of what cameras send, in chunks of any size."""

from hypothesis import given
from hypothesis import strategies as st

from platewire.decoding.jpeg import end_of
from platewire.sources.network.jpeg_stream import JpegStream
from tests.sources.clips import jpeg

PICTURES = [jpeg(60), jpeg(120, 64, 48), jpeg(200)]
THUMBNAIL = jpeg(10, 32, 24)
WITH_THUMBNAIL = (
    PICTURES[0][:2]
    + b"\xff\xe1"
    + (len(THUMBNAIL) + 2).to_bytes(2, "big")
    + THUMBNAIL
    + PICTURES[0][2:]
)
HEADERS = (
    b"",
    b"\r\n--boundary\r\nContent-Type: image/jpeg\r\nContent-Length: 3\r\n\r\n",
    b"--a different boundary\r\n\r\n",
    b"\xff\xff\xd8 noise \xff\xd9",
)
Pieces = st.lists(
    st.tuples(
        st.sampled_from(HEADERS),
        st.sampled_from([*PICTURES, WITH_THUMBNAIL]),
        st.none() | st.integers(4, 500),
    ),
    max_size=6,
)


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    chunks, at = [], 0
    for size in sizes:
        chunks.append(data[at : at + size])
        at += size
    return [*chunks, data[at:]]


def pictures_of(stream: JpegStream, chunks: list[bytes]) -> list[bytes]:
    return [picture for chunk in chunks for picture in stream.feed(chunk)]


@given(
    st.lists(st.tuples(st.sampled_from(HEADERS), st.sampled_from([*PICTURES, WITH_THUMBNAIL]))),
    st.lists(st.integers(1, 700), max_size=40),
)
def test_whole_pictures_come_out_however_they_are_cut(
    parts: list[tuple[bytes, bytes]], sizes: list[int]
) -> None:
    stream = JpegStream(1_000_000)
    data = b"".join(header + picture for header, picture in parts)
    assert pictures_of(stream, cut(data, sizes)) == [picture for _, picture in parts]
    assert stream.broken == 0


def test_fill_bytes_may_stand_before_the_end_marker() -> None:
    """ITU-T T.81, B.1.1.2."""
    filled = jpeg()[:-2] + b"\xff\xff\xff\xd9"
    assert JpegStream(100_000).feed(filled) == [filled]
    assert end_of(filled + b"more") == len(filled)


@given(st.integers(4, len(PICTURES[0]) - 2), st.lists(st.integers(1, 700), max_size=20))
def test_a_picture_that_is_cut_off_does_not_take_later_ones_with_it(
    length: int, sizes: list[int]
) -> None:
    # Behind a header segment that is cut off, its stated length may reach into the next pictures.
    following = [PICTURES[2]] * 120
    data = PICTURES[0][:length] + b"".join(following)
    stream = JpegStream(1_000_000)
    found = pictures_of(stream, cut(data, sizes))
    assert found[-20:] == following[-20:]
    assert set(found) <= {PICTURES[2], found[0]}


@given(st.binary(max_size=5000), st.lists(st.integers(1, 700), max_size=20))
def test_noise_is_borne_within_the_limit(noise: bytes, sizes: list[int]) -> None:
    stream = JpegStream(1000)
    for chunk in cut(noise, sizes):
        stream.feed(chunk)
        assert len(stream._buffer) <= 1000 + 2


def test_a_picture_without_an_end_is_given_up_at_the_limit() -> None:
    stream = JpegStream(2000)
    start = PICTURES[0][: PICTURES[0].index(b"\xff\xda")]
    assert not stream.feed(start)
    for _ in range(10):
        assert not stream.feed(b"\x01" * 500)
    assert stream.broken == 1
    assert stream.feed(PICTURES[1]) == [PICTURES[1]]


@given(Pieces)
def test_the_cuts_make_no_difference(pieces: list[tuple[bytes, bytes, int | None]]) -> None:
    data = b"".join(header + picture[:length] for header, picture, length in pieces)
    at_once, bytewise = JpegStream(1_000_000), JpegStream(1_000_000)
    one = at_once.feed(data)
    other = pictures_of(bytewise, [data[n : n + 1] for n in range(len(data))])
    assert (one, at_once.broken) == (other, bytewise.broken)
