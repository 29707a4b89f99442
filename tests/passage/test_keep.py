import struct
import zlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from platewire.errors import PlatewireError
from platewire.passage.keep import NAME, VERSION
from platewire.passage.passages import Passages
from platewire.passage.settings import PassageSettings
from tests.passage.scene import Camera, after, counting, read_of


def state() -> bytes:
    camera = Camera(PassageSettings(direction_in=90))
    for i in range(20):
        read = read_of("ZZ0128QQ" if i % 3 else "ZZ0123QQ", 100 * i, y=300 + 10 * i, frame=i)
        camera.see(100 * i, read, read_of("AA0007XX", x=200, y=200, frame=i))
    return camera.passages.dump()


STATE = state()


def test_a_state_of_two_passages_is_small() -> None:
    assert len(STATE) < 6_000


def test_it_is_taken_up_as_it_was() -> None:
    passages = Passages(PassageSettings(), counting())
    passages.load(STATE)
    assert [passage.text for passage in passages.open] == ["ZZ0128QQ", "AA0007XX"]
    assert [passage.reads for passage in passages.open] == [20, 20]
    assert passages.frames_in_use() == set()
    assert passages.dump() == STATE


def test_a_newer_version_is_refused_with_a_remedy() -> None:
    newer = STATE[:4] + b"\x00\x63" + STATE[6:]
    with pytest.raises(PlatewireError, match=r"version 99, but this platewire supports 1.*newer"):
        Passages(PassageSettings(), counting()).load(newer)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (b"", "invalid"),
        (b"PWPA", "invalid"),
        (b"{}garbage of some length", "starts with b'{}garbag'"),
        (STATE[:-1], "corrupted"),
        (STATE + b"x", "corrupted"),
    ],
)
def test_garbage_is_refused_and_named(bad: bytes, words: str) -> None:
    passages = Passages(PassageSettings(), counting())
    with pytest.raises(PlatewireError, match="open passages") as caught:
        passages.load(bad)
    assert words in str(caught.value)
    assert "delete it" in str(caught.value)
    assert passages.open == ()


@example(where=5, flip=1)
@given(where=st.integers(0, len(STATE) - 1), flip=st.integers(1, 255))
def test_one_flipped_byte_is_always_noticed(where: int, flip: int) -> None:
    bad = bytearray(STATE)
    bad[where] ^= flip
    with pytest.raises(PlatewireError):
        Passages(PassageSettings(), counting()).load(bytes(bad))


def test_whole_bytes_of_another_shape_are_refused() -> None:
    body = b"\x81\xa1x\x01"
    head = struct.pack(">4sHI", NAME, VERSION, zlib.crc32(body, VERSION))
    with pytest.raises(PlatewireError, match="the required field `frame_time` is missing"):
        Passages(PassageSettings(), counting()).load(head + body)


def test_a_state_from_the_future_is_closed_by_the_next_call() -> None:
    """The clock was set back while platewire was not running."""
    passages = Passages(PassageSettings(), counting())
    passages.load(STATE, at=after(-3_600_000))
    changes = passages.tick(after(-3_600_000))
    assert [str(change.kind) for change in changes] == ["lost", "lost"]
    assert passages.open == ()


def test_a_state_of_just_now_is_not_closed() -> None:
    passages = Passages(PassageSettings(), counting())
    passages.load(STATE, at=after(3000))
    assert passages.tick(after(3000)) == []
    assert len(passages.open) == 2
