import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platewire.model import Box
from platewire.passage.tracking.motion import Motion, has_place, overlap
from tests.passage.scene import after

sizes = st.floats(1, 400)
boxes = st.builds(Box, st.floats(0, 1000), st.floats(0, 1000), sizes, sizes)


def moved(*places: tuple[int, Box]) -> Motion:
    motion = Motion(at=after(0))
    for ms, box in places:
        motion.follow(box, after(ms))
    return motion


def test_the_place_is_predicted_from_the_movement() -> None:
    motion = moved(*((100 * i, Box(100 + 10 * i, 200 - 5 * i, 80, 20)) for i in range(4)))
    assert motion.predicted(after(500)) == pytest.approx(Box(150, 175, 80, 20))


def test_far_ahead_the_prediction_stands_still() -> None:
    motion = moved((0, Box(0, 0, 80, 20)), (100, Box(10, 0, 80, 20)))
    assert motion.predicted(after(60_000)) == motion.predicted(after(1100))


def test_a_jump_is_measured_from_where_it_should_be_or_was_last() -> None:
    motion = moved((0, Box(0, 0, 80, 20)), (100, Box(80, 0, 80, 20)))
    assert motion.jump(Box(160, 0, 80, 20), after(200)) == pytest.approx(0), "drove on"
    assert motion.jump(Box(80, 0, 80, 20), after(200)) == pytest.approx(0), "stopped"
    assert motion.jump(Box(240, 0, 80, 20), after(200)) == pytest.approx(1)


def test_a_piece_of_a_plate_moves_it_but_does_not_shrink_it() -> None:
    motion = moved((0, Box(0, 0, 80, 20)))
    motion.follow(Box(100, 50, 20, 20), after(100), whole=False)
    assert (motion.x, motion.y, motion.width) == (110, 60, 80)


headings = st.floats(0, 359)


@given(headings, st.floats(20, 200), st.integers(2, 8), st.floats(0, 4.9))
def test_who_drives_on_is_not_behind_nor_in_the_next_lane(
    angle: float, width: float, steps: int, hidden: float
) -> None:
    along, down = math.cos(math.radians(angle)), math.sin(math.radians(angle))

    def place(ahead: float, beside: float = 0.0) -> Box:
        x, y = ahead * along - beside * down, ahead * down + beside * along
        return Box(500 + width * x, 500 + width * y, width, width / 4)

    motion = moved(*((100 * i, place(0.6 * i)) for i in range(steps)))
    here, then = 0.6 * (steps - 1), after(100 * (steps - 1) + 1000 * hidden)
    for ahead in (-0.9, 0, 1, 8):
        assert not motion.contradicts(place(here + ahead), then)
    assert motion.contradicts(place(here - 1.8), then)
    for side in (-1, 1):
        assert not motion.contradicts(place(here + 1, 1.4 * side), then)
        assert motion.contradicts(place(here + 1, 5 * side), then)


@given(st.lists(st.tuples(st.floats(-8, 8), st.floats(-8, 8)), max_size=40), headings)
def test_who_stands_may_drive_anywhere(tremble: list[tuple[float, float]], angle: float) -> None:
    motion = moved(*((100 * i, Box(x, y, 100, 25)) for i, (x, y) in enumerate(tremble)))
    along, down = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    assert not motion.contradicts(Box(300 * along, 300 * down, 100, 25), after(9000))


def test_a_box_against_the_motion_is_believed_with_the_second() -> None:
    motion = moved(*((100 * i, Box(0, 100 * i, 100, 25)) for i in range(5)))
    assert not motion.follow(Box(0, 0, 100, 25), after(2000))
    assert motion.y == 412.5, "where it was"
    assert motion.follow(Box(0, 20, 100, 25), after(2100))
    assert (motion.y, motion.steps, motion.heading) == (32.5, 0, None)


def test_time_that_stands_still_gives_no_speed() -> None:
    motion = moved((0, Box(0, 0, 80, 20)), (0, Box(500, 0, 80, 20)))
    assert (motion.speed_x, motion.x) == (0, 540)


@pytest.mark.parametrize(
    "box", [Box(0, 0, 0, 0), Box(1, 1, -5, 5), Box(float("nan"), 0, 5, 5), Box(0, 0, 5, 0)]
)
def test_a_box_that_says_nothing_moves_nothing(box: Box) -> None:
    assert not has_place(box)
    assert moved((0, Box(0, 0, 80, 20)), (100, box)) == moved((0, Box(0, 0, 80, 20)))


@given(boxes, boxes)
def test_overlap_is_a_share_and_the_same_both_ways(one: Box, other: Box) -> None:
    assert 0 <= overlap(one, other) <= 1 + 1e-9
    assert overlap(one, other) == pytest.approx(overlap(other, one))
    assert overlap(one, one) == pytest.approx(1)


def test_half_covered() -> None:
    assert overlap(Box(0, 0, 10, 10), Box(5, 0, 10, 10)) == pytest.approx(1 / 3)
