"""What drives when, and the truth that follows from it; no picture is drawn here."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platewire.country import understand
from platewire.testing.scene import (
    Drive,
    Lens,
    Scene,
    passages,
    passages_per_plate,
    random_scene,
    road_scene,
    short_scene,
)
from platewire.testing.scene.script import (
    DUTCH,
    FAR_M,
    Car,
    leaving,
    passing,
    stopping,
    traveled,
)
from platewire.testing.scene.truth import LEGIBLE_PX, TruePassage, plate_box

LOST_AFTER_S = 5.0
ROAD = passages(road_scene())


def test_road_has_passages_of_many_countries_in_both_directions() -> None:
    assert len(ROAD) >= 8
    assert len({one.country for one in ROAD}) >= 7
    assert {one.direction for one in ROAD} == {"in", "out"}
    assert 40 <= road_scene().seconds <= 60


def test_passages_come_in_the_order_in_which_they_become_legible() -> None:
    assert all(one.legible_from <= other.legible_from for one, other in pairwise(ROAD))


def test_one_car_comes_back_long_after_it_was_lost() -> None:
    twice = [text for text, count in passages_per_plate(road_scene()).items() if count == 2]
    assert len(twice) == 1
    first, second = (one for one in ROAD if one.text == twice[0])
    assert second.legible_from - first.legible_to > 2 * LOST_AFTER_S
    assert (first.direction, second.direction) == ("in", "out")


def test_two_cars_drive_side_by_side_in_the_same_direction() -> None:
    assert any(
        one.direction == other.direction
        and overlap_s(one, other) > 0.8 * (one.legible_to - one.legible_from)
        for one, other in pairwise(ROAD)
    )


def overlap_s(one: TruePassage, other: TruePassage) -> float:
    start = max(one.legible_from, other.legible_from)
    return min(one.legible_to, other.legible_to) - start


def test_one_car_stops_in_front_of_the_camera_and_drives_on() -> None:
    scene = road_scene()
    assert any(standing_s(scene, drive) >= 3 for drive in scene.drives)


def standing_s(scene: Scene, drive: Drive) -> float:
    """How long its plate stays at one place of the picture, before it moves again."""
    boxes = [plate_box(scene, drive, drive.starts + step / 10) for step in range(200)]
    return sum(one is not None and one == other for one, other in pairwise(boxes)) / 10


@pytest.mark.parametrize("scene", [road_scene(), short_scene()], ids=lambda scene: scene.name)
def test_the_last_car_is_lost_within_the_clip(scene: Scene) -> None:
    assert scene.seconds - max(one.legible_to for one in passages(scene)) > LOST_AFTER_S


@pytest.mark.parametrize("scene", [road_scene(), short_scene(), random_scene(5)])
def test_plates_have_a_form_of_their_country_and_of_no_other(scene: Scene) -> None:
    for one in passages(scene):
        breaks = frozenset(breaks_of(one.display))
        assert understand(one.text, breaks=breaks).country == one.country


def breaks_of(display: str) -> list[int]:
    """After how many characters each space stands."""
    groups = display.split()
    return [sum(map(len, groups[: end + 1])) for end in range(len(groups) - 1)]


def test_plate_grows_while_the_car_comes_and_shrinks_while_it_goes() -> None:
    scene = short_scene()
    for drive in scene.drives:
        boxes = [plate_box(scene, drive, drive.starts + 2.5 + step / 4) for step in range(10)]
        widths = [box.width for box in boxes if box is not None]
        assert len(widths) > 3
        assert widths == sorted(widths, reverse=drive.away)


def test_plate_that_never_gets_near_is_an_error_of_the_script() -> None:
    far = Drive(DUTCH, 0, ((0, 2.0),))
    with pytest.raises(ValueError, match="47 KRB 9 is never legible in scene far"):
        passages(Scene("far", 3, (far,)))


@given(st.floats(0, 60), st.floats(0, 60))
def test_cars_never_drive_backwards(one: float, other: float) -> None:
    for pace in (passing(), leaving(), stopping(7.5, 4)):
        assert traveled(pace, min(one, other)) <= traveled(pace, max(one, other))


@given(st.floats(6, 15), st.floats(0, 5))
def test_a_stop_is_where_it_should_be(at_m: float, wait_s: float) -> None:
    pace = stopping(at_m, wait_s)
    standing = next(second for second, speed in pace if speed == 0)
    assert FAR_M - traveled(pace, standing) == pytest.approx(at_m)
    assert traveled(pace, standing + wait_s) == pytest.approx(traveled(pace, standing))


@given(st.integers(0, 10_000), st.integers(1, 8))
def test_random_scenes_are_readable_and_repeat_by_their_seed(seed: int, count: int) -> None:
    scene = random_scene(seed, count)
    truth = passages(scene)
    assert len({one.text for one in truth}) == len(truth) == count
    assert scene == random_scene(seed, count)
    assert scene.seconds - max(one.legible_to for one in truth) > LOST_AFTER_S


def test_legible_plates_are_wide_enough_and_wholly_in_the_picture() -> None:
    scene = road_scene()
    lens = scene.lens
    for drive in scene.drives:
        for one in passages(Scene("one", scene.seconds, (drive,))):
            for moment in (one.legible_from, one.legible_to):
                box = plate_box(scene, drive, moment)
                assert box is not None
                assert box.x >= 0
                assert box.y >= 0
                assert box.x + box.width <= lens.width
                assert box.y + box.height <= lens.height
                assert box.width > LEGIBLE_PX * 0.7


def test_lens_is_sharp_where_it_is_focused() -> None:
    lens = Lens()
    assert lens.blur_px(lens.focus_m) == 0
    assert lens.blur_px(20) > lens.blur_px(10) > 0


def test_text_is_the_plate_without_its_spaces() -> None:
    assert Car("DE", "KA PL 2048", "silver").text == "KAPL2048"
