"""A camera's line says how many of its frames are read, as soon as some are not."""

from platewire.camera.pace import Pace


def said(seconds: int, rate: int, *, read_every: int, still_from: int | None = None) -> str:
    """What is said after so many seconds at `rate` frames a second, one of `read_every` dealt
    with and the others dropped; from second `still_from` on nothing moves."""
    pace, dropped, text = Pace(), 0, ""
    for number in range(seconds * rate):
        if number % read_every:
            dropped += 1
            continue
        at = number / rate
        read = still_from is None or at < still_from
        text = pace.count(read=read, dropped=dropped, at=at)
    return text


def test_nothing_is_said_while_every_frame_is_dealt_with() -> None:
    assert said(30, 25, read_every=1) == ""
    assert said(30, 25, read_every=1, still_from=10) == ""


def test_half_the_frames_are_said_to_be_skipped() -> None:
    text = said(30, 20, read_every=2)
    assert text.startswith("CPU overloaded: processing 10.0 of 20.0 fps")


def test_it_is_said_of_the_last_seconds_alone() -> None:
    pace = Pace()
    for number in range(100):
        pace.count(read=True, dropped=number, at=number / 10)
    for number in range(100, 400):
        text = pace.count(read=True, dropped=99, at=number / 10)
    assert text == ""
