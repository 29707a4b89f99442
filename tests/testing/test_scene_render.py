"""What the frames and the clip look like, in numbers."""

from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from platewire.model import Box, Pixels
from platewire.testing.scene import Drive, Scene, clip, frames, picture, plates, short_scene
from platewire.testing.scene.bodies import PAINTS
from platewire.testing.scene.plates import STYLES
from platewire.testing.scene.script import DUTCH, Car, stopping
from platewire.testing.scene.truth import plate_box

SHORT = short_scene()
STANDING = Drive(DUTCH, 0, stopping(7.0, 60))
STANDING_AT = 12.0


def crop(pixels: Pixels, box: Box) -> Pixels:
    left, top = round(box.x), round(box.y)
    return pixels[top : top + round(box.height), left : left + round(box.width)]


def beside(box: Box) -> Box:
    """The bumper left of the plate."""
    return Box(box.x - 0.5 * box.width, box.y, 0.3 * box.width, box.height)


def standing(car: Car) -> tuple[Pixels, Box]:
    drive = replace(STANDING, car=car)
    scene = Scene("standing", 30, (drive,))
    box = plate_box(scene, drive, STANDING_AT)
    assert box is not None
    return picture(scene, round(STANDING_AT * scene.frames_per_second)), box


def test_plate_is_drawn_where_the_truth_says() -> None:
    pixels, box = standing(DUTCH)
    inside = crop(pixels, box)
    yellow = (inside[:, :, 2] > 150) & (inside[:, :, 1] > 110) & (inside[:, :, 0] < 120)
    assert yellow.mean() > 0.4
    paint = crop(pixels, beside(box))
    assert (paint[:, :, 0] > paint[:, :, 2]).mean() > 0.9, "the car beside its plate is blue"


@pytest.mark.parametrize("color", PAINTS)
def test_cars_of_all_paints_differ(color: str) -> None:
    others = [other for other in PAINTS if other != color]
    mine, box = standing(replace(DUTCH, color=color))
    for other in others:
        theirs, _ = standing(replace(DUTCH, color=other))
        apart = np.abs(
            crop(mine, beside(box)).mean(axis=(0, 1)) - crop(theirs, beside(box)).mean(axis=(0, 1))
        )
        assert apart.max() > 20


def test_a_frame_depends_on_scene_and_number_alone() -> None:
    assert np.array_equal(picture(SHORT, 40), picture(SHORT, 40))
    assert not np.array_equal(picture(SHORT, 40), picture(SHORT, 41))


def test_frames_are_whole_pictures() -> None:
    few = replace(SHORT, seconds=0.3)
    made = list(frames(few))
    assert [frame.shape for frame in made] == [(720, 1280, 3)] * 3
    assert all(frame.dtype == np.uint8 and frame.flags.c_contiguous for frame in made)


@pytest.mark.parametrize("away", [False, True])
def test_cars_beside_and_behind_the_camera_are_cut_off(away: bool) -> None:
    drive = Drive(DUTCH, 0, ((0, 10.0),), away=away)
    scene = Scene("through", 4.5, (drive,))
    for number in range(scene.frame_count):
        assert picture(scene, number).shape == (720, 1280, 3)


@pytest.mark.parametrize("country", [name for name in STYLES if " " not in name])
def test_every_style_has_dark_letters_on_a_light_ground(country: str) -> None:
    text = "AB12C"
    texture = plates.picture(country, text)
    width, height = plates.size_m(country)
    assert texture.shape[:2] == (height * 2000, width * 2000)
    middle = texture[:, texture.shape[1] // 4 : -texture.shape[1] // 4, :3].max(axis=2)
    assert 0.05 < (middle < 130).mean() < 0.6


def test_text_too_long_for_its_plate_is_refused() -> None:
    with pytest.raises(ValueError, match="'ABCDEFGHIJKL' needs"):
        plates.picture("US", "ABCDEFGHIJKL")


def test_clip_is_rendered_once_and_plays_in_full(tmp_path: Path) -> None:
    scene = replace(SHORT, seconds=0.8)
    path = clip(scene, tmp_path)
    written = path.stat().st_mtime_ns
    assert clip(scene, tmp_path) == path
    assert path.stat().st_mtime_ns == written
    with av.open(str(path)) as container:
        decoded = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
    assert len(decoded) == 8
    apart = np.abs(decoded[4].astype(int) - picture(scene, 4).astype(int))
    assert apart.mean() < 4, "the codec keeps the picture"


def test_another_scene_is_another_file(tmp_path: Path) -> None:
    one = clip(replace(SHORT, seconds=0.2), tmp_path)
    other = clip(replace(SHORT, seconds=0.2, seed=8), tmp_path)
    assert one != other
    assert sorted(tmp_path.iterdir()) == sorted([one, other]), "nothing unfinished is left"
