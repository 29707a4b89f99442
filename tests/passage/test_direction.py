import math
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from platewire.model import Box, Direction
from platewire.passage.direction import POINTS_MAX, Compass, judge

angles = st.floats(0, 359)


def box_at(x: float, y: float, width: float = 100) -> Box:
    return Box(x - width / 2, y - width / 8, width, width / 4)


def drive(angle: float, preset: float | None, steps: int = 8, tolerance: float = 75) -> Direction:
    compass = Compass()
    along, down = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    for i in range(steps):
        compass.follow(box_at(500 + 40 * i * along, 500 + 40 * i * down), preset, tolerance)
    return compass.direction


@given(angles, angles, st.floats(1, 90))
def test_the_angle_between_movement_and_preset_decides(
    angle: float, preset: float, tolerance: float
) -> None:
    off = abs((angle - preset + 180) % 360 - 180)
    assume(abs(off - tolerance) > 0.5 and abs(180 - off - tolerance) > 0.5)
    expected = Direction.UNKNOWN
    if off < tolerance:
        expected = Direction.IN
    elif 180 - off < tolerance:
        expected = Direction.OUT
    assert drive(angle, preset, tolerance=tolerance) is expected


@given(angles, angles)
def test_the_opposite_of_in_is_out(angle: float, preset: float) -> None:
    there, back = judge(angle, preset, 75), judge((angle + 180) % 360, preset, 75)
    assume(abs(abs((angle - preset + 180) % 360 - 180) - 75) > 0.01)
    assert (there is Direction.IN) == (back is Direction.OUT)


def test_zero_is_right_and_ninety_is_down() -> None:
    assert drive(0, preset=0) is Direction.IN
    assert drive(90, preset=90) is Direction.IN
    assert drive(270, preset=90) is Direction.OUT
    assert drive(0, preset=90) is Direction.UNKNOWN


def test_without_a_preset_the_direction_stays_unknown() -> None:
    assert drive(90, preset=None) is Direction.UNKNOWN


def test_two_reads_are_not_enough() -> None:
    assert drive(90, preset=90, steps=2) is Direction.UNKNOWN
    assert drive(90, preset=90, steps=3) is Direction.IN


@given(st.lists(st.tuples(st.floats(-8, 8), st.floats(-8, 8)), min_size=3, max_size=60))
def test_a_trembling_box_has_no_direction(tremble: list[tuple[float, float]]) -> None:
    compass = Compass()
    for x, y in tremble:
        compass.follow(box_at(500 + x, 500 + y), 90, 75)
    assert compass.direction is Direction.UNKNOWN


@given(st.integers(1, 9), st.floats(-600, 600), st.floats(-400, 400))
def test_one_misplaced_box_does_not_turn_the_direction(where: int, x: float, y: float) -> None:
    compass = Compass()
    for i in range(11):
        box = box_at(500, 300 + 30 * i)
        if i == where:
            box = box_at(500 + x, 300 + 30 * i + y)
        compass.follow(box, 90, 75)
    assert compass.direction is Direction.IN


def test_a_plate_that_only_grows_comes_nearer() -> None:
    towards, away = Compass(), Compass()
    for i in range(10):
        towards.follow(box_at(500, 400, 60 * 1.1**i), 90, 75)
        away.follow(box_at(500, 400, 160 / 1.1**i), 90, 75)
    assert towards.direction is Direction.IN
    assert away.direction is Direction.OUT


def test_a_vehicle_that_turns_back_is_seen_to_turn_back() -> None:
    compass = Compass()
    for y in [*range(200, 600, 40), *range(600, -800, -40)]:
        compass.follow(box_at(500, y), 90, 75)
    assert compass.direction is Direction.OUT


@given(st.floats(150, 600), st.floats(0.32, 1), angles, st.floats(12, 30), st.floats(20, 140))
def test_going_back_a_third_of_the_way_turns_the_direction_around(
    way: float, share: float, angle: float, step: float, width: float
) -> None:
    """Whatever the angle, the steps and the size, once and for all."""
    assume(share * way >= 5 * max(step, 0.25 * width))
    compass, found = Compass(), list[Direction]()
    there = [step * i for i in range(1 + int(way / step))]
    back = [there[-1] - step * i for i in range(1, 1 + int(share * way / step))]
    along, down = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    for i in there + back:
        compass.follow(box_at(500 + i * along, 500 + i * down, width), angle, 75)
        found.append(compass.direction)
    assert [one for one, next_ in pairwise(found) if one is not next_] == [
        Direction.UNKNOWN,
        Direction.IN,
    ]
    assert compass.direction is Direction.OUT


@given(st.floats(0, 0.13), st.integers(8, 40), angles)
def test_going_back_an_eighth_of_the_way_does_not(share: float, steps: int, angle: float) -> None:
    compass = Compass()
    along, down = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    for i in [*range(steps), steps - 1 - share * steps]:
        compass.follow(box_at(500 + 40 * i * along, 500 + 40 * i * down), angle, 75)
    assert compass.direction is Direction.IN


def test_a_vehicle_beside_the_lane_comes_nearer_as_it_grows() -> None:
    towards, away, across = Compass(), Compass(), Compass()
    for i in range(12):
        towards.follow(box_at(600 + 40 * i, 400 + 4 * i, 50 * 1.06**i), 90, 75)
        away.follow(box_at(1040 - 40 * i, 444 - 4 * i, 95 / 1.06**i), 90, 75)
        across.follow(box_at(200 + 40 * i, 400, 80), 90, 75)
    assert towards.direction is Direction.IN
    assert away.direction is Direction.OUT
    assert across.direction is Direction.UNKNOWN


def test_the_course_is_bounded() -> None:
    compass = Compass()
    for i in range(1000):
        compass.follow(box_at(500, 30 * i), 90, 75)
    assert len(compass.course) == POINTS_MAX


@pytest.mark.parametrize("box", [Box(0, 0, 0, 0), Box(5, 5, -1, 3)])
def test_a_box_without_width_says_nothing(box: Box) -> None:
    compass = Compass()
    compass.follow(box, 90, 75)
    assert compass.course == []
