"""Still frames are left unread, but never so long that a standing vehicle is lost."""

import itertools
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from platewire.camera.motion import SETTLE_SECONDS, MotionGate, MotionSettings
from platewire.model import Frame, Pixels
from tests.recognition.drawing import plate_picture, put, wall

START = datetime(2026, 1, 1, tzinfo=UTC)
STEP = 0.04


def frame_at(seconds: float, pixels: Pixels) -> Frame:
    return Frame("gate", round(seconds / STEP), START + timedelta(seconds=seconds), pixels)


def noisy(pixels: Pixels, seed: int, sigma: float = 8.0) -> Pixels:
    noise = np.random.default_rng(seed).normal(0, sigma, pixels.shape)
    return np.asarray(np.clip(pixels + noise, 0, 255), np.uint8)


def road(x: int | None = None) -> Pixels:
    """A road of 1280 x 720, with a plate of 40 pixels on a car at `x`."""
    scene = wall(1280, 720)
    if x is not None:
        scene[300:420, x - 75 : x + 75] = (40, 30, 120)
        put(scene, plate_picture("12-BDF-3", height=10), (x, 390))
    return scene


def gate(**settings: float) -> MotionGate:
    made = MotionSettings(**settings).gate(live=True, lost_after_seconds=5.0)  # type: ignore[arg-type]
    assert made is not None
    return made


def read_at(gate: MotionGate, pictures: list[Pixels]) -> list[float]:
    """The times, in seconds, of the frames that are read."""
    times = [index * STEP for index in range(len(pictures))]
    return [
        at for at, pixels in zip(times, pictures, strict=True) if gate.wants(frame_at(at, pixels))
    ]


def test_a_still_noisy_road_is_read_once_a_second() -> None:
    scene = road()
    looks = [noisy(scene, seed) for seed in range(8)]
    read = read_at(gate(), [looks[index % 8] for index in range(125)])
    late = [at for at in read if at > SETTLE_SECONDS + STEP]
    assert len(late) == 3
    assert all(later - earlier >= 1.0 for earlier, later in itertools.pairwise(late))


@pytest.mark.parametrize("step", [1, 2, 10])
def test_a_vehicle_that_moves_is_read_all_the_time(step: int) -> None:
    """A pixel a frame is a walk; what has moved since the last frame read adds up."""
    still = [road(200)] * 60
    moving = [road(200 + step * index) for index in range(40)]
    read = read_at(gate(), still + moving)
    during = [at for at in read if at >= 60 * STEP]
    assert len(during) >= 30


def test_a_vehicle_that_comes_into_a_still_picture_is_read_at_once() -> None:
    assert 59 * STEP not in read_at(gate(), [road()] * 60)
    assert 60 * STEP in read_at(gate(), [road()] * 60 + [road(600)])


def test_after_a_stop_every_frame_is_read_for_a_while() -> None:
    read = read_at(gate(still_seconds=60), [road(300)] + [road(400)] * 50)
    assert read == [index * STEP for index in range(27)]


def test_while_a_passage_is_open_and_unread_every_frame_is_read() -> None:
    standing, guard = road(300), gate()
    for index in range(60):
        guard.wants(frame_at(index * STEP, standing), START)
    now = START + timedelta(seconds=10)
    assert guard.wants(frame_at(10.0, standing), now - timedelta(seconds=2))
    assert guard.wants(frame_at(10.04, standing), now - timedelta(seconds=2))
    assert not guard.wants(frame_at(10.08, standing), START + timedelta(seconds=10.04))


def test_a_change_of_light_or_of_size_is_movement() -> None:
    guard, scene = gate(still_seconds=60), road(300)
    for index in range(70):
        guard.wants(frame_at(index * STEP, scene))
    assert not guard.wants(frame_at(3.0, scene))
    assert guard.wants(frame_at(3.04, np.asarray(scene * 0.8, np.uint8)))
    assert guard.wants(frame_at(10.0, wall(320, 240)))


def test_time_that_runs_back_is_read() -> None:
    guard = gate()
    for index in range(60):
        guard.wants(frame_at(index * STEP, road()))
    assert guard.wants(frame_at(-100.0, road()))


@given(
    still=st.floats(0.01, 60),
    lost_after=st.floats(0.2, 600),
    rate=st.floats(1, 60),
)
def test_a_still_picture_is_read_three_times_before_a_passage_would_be_lost(
    still: float, lost_after: float, rate: float
) -> None:
    made = MotionSettings(still_seconds=still).gate(live=True, lost_after_seconds=lost_after)
    assert made is not None
    pixels = np.zeros((36, 64, 3), np.uint8)
    last = 0.0
    for index in range(120):
        at = index / rate
        if made.wants(frame_at(at, pixels)):
            assert at - last <= lost_after / 3 + 1 / rate + 1e-6
            last = at


@pytest.mark.parametrize(
    ("skip", "live", "gated"),
    [
        ("live", True, True),
        ("live", False, False),
        ("always", False, True),
        ("never", True, False),
    ],
)
def test_which_cameras_are_gated(skip: str, live: bool, gated: bool) -> None:
    settings = MotionSettings(skip_still=skip)  # type: ignore[arg-type]
    assert (settings.gate(live=live, lost_after_seconds=5) is not None) == gated
