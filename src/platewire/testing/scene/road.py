"""What stands still: sky, trees, hedge, road, curbs, and a gatehouse. Drawn once per lens."""

from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from platewire.testing.scene.lens import Lens, Points
from platewire.testing.scene.plates import Color
from platewire.testing.scene.script import BEND, BEND_M

Canvas = npt.NDArray[np.uint8]
ROAD_HALF_M = 2.6
"""Half of the road's width in meters."""
VISIBLE_M = 60.0
"""Meters up to which the road is drawn."""
SAMPLES = np.concatenate([np.arange(2.0, 20, 0.5), np.arange(20.0, VISIBLE_M, 1.0)])


@cache
def background(lens: Lens) -> Canvas:
    """The empty road, without the hedge in front of its bend."""
    chance = np.random.default_rng(11)
    canvas = sky(lens)
    trees(canvas, lens, chance)
    ground(canvas, lens, chance)
    strip(canvas, lens, (150, 152, 154), -ROAD_HALF_M - 0.22, ROAD_HALF_M + 0.22)
    strip(canvas, lens, (98, 97, 96), -ROAD_HALF_M, ROAD_HALF_M)
    asphalt(canvas, lens, chance)
    markings(canvas, lens)
    gatehouse(canvas, lens)
    return canvas


@cache
def hedge(lens: Lens) -> npt.NDArray[np.uint8]:
    """What hides the bend: blue, green, red and opacity over the whole picture."""
    chance = np.random.default_rng(12)
    canvas = np.zeros((lens.height, lens.width, 4), np.uint8)
    for _ in range(1400):
        x, z = 4.6 + 14 * chance.random(), 27 + 2 * chance.random()
        y = 2.3 * chance.random() ** 1.1
        center = lens.project(np.array([[x, y, z]]))[0]
        radius = round(lens.pixels(0.16 + 0.2 * chance.random(), z))
        green = leaf(chance, y / 2.6)
        cv2.circle(canvas, pixel(center), radius, (*green, 255), -1, cv2.LINE_AA)
    return canvas


def sky(lens: Lens) -> Canvas:
    rows = np.linspace(0, 1, lens.height)[:, None, None]
    top, low = np.array((226, 196, 160.0)), np.array((240, 232, 222.0))
    shares = np.clip(rows / lens.horizon, 0, 1)
    colors = top * (1 - shares) + low * shares
    return np.tile(colors.astype(np.uint8), (1, lens.width, 1))


def trees(canvas: Canvas, lens: Lens, chance: np.random.Generator) -> None:
    """A far line of woods, then single crowns before it."""
    horizon = lens.height * lens.horizon
    for _ in range(1500):
        x, up = chance.random() * lens.width, chance.random() ** 1.5
        tall = lens.height * (0.10 + 0.035 * np.sin(x / 90) + 0.02 * np.sin(x / 31))
        radius = round(lens.height * (0.008 + 0.014 * chance.random()))
        green = leaf(chance, up * 0.8, pale=0.45)
        cv2.circle(canvas, pixel((x, horizon - up * tall)), radius, green, -1, cv2.LINE_AA)


def leaf(chance: np.random.Generator, light: float, pale: float = 0.0) -> Color:
    """A green, lighter above, paler in the distance."""
    base = np.array((38.0, 74.0, 50.0)) * (0.55 + 0.75 * light + 0.25 * chance.random())
    blue, green, red = base * (1 - pale) + np.array((205, 205, 190)) * pale
    return round(blue), round(green), round(red)


def ground(canvas: Canvas, lens: Lens, chance: np.random.Generator) -> None:
    top = int(lens.height * lens.horizon)
    rows = lens.height - top
    shade = np.linspace(0.95, 0.75, rows)[:, None, None]
    canvas[top:] = (np.array((70, 138, 104)) * shade).astype(np.uint8)
    blades = chance.normal(0, 9, (rows, lens.width, 1))
    speckle(canvas[top:], cv2.GaussianBlur(blades, (0, 0), 1.1)[:, :, None] * 2)


def asphalt(canvas: Canvas, lens: Lens, chance: np.random.Generator) -> None:
    """Grain that is coarser near the camera, and two darker wheel tracks per lane."""
    top = int(lens.height * lens.horizon)
    rows = lens.height - top
    grain = chance.normal(0, 1, (rows, lens.width, 1))
    coarse = cv2.resize(chance.normal(0, 1, (rows // 4, lens.width // 8)), (lens.width, rows))
    depth = np.linspace(0.25, 1, rows)[:, None, None]
    mask = np.zeros((lens.height, lens.width), np.uint8)
    cv2.fillPoly(mask, [outline(lens, -ROAD_HALF_M, ROAD_HALF_M)], (255,))
    noise = (grain * 5 + coarse[:, :, None] * 4) * depth * (mask[top:, :, None] > 0)
    speckle(canvas[top:], noise)
    for middle in (-1.95, -0.55, 0.55, 1.95):
        tint(canvas, outline(lens, middle - 0.16, middle + 0.16), 0.94)


def markings(canvas: Canvas, lens: Lens) -> None:
    for start in np.arange(3.0, VISIBLE_M - 4, 4.0):
        cv2.fillPoly(
            canvas, [outline(lens, -0.06, 0.06, start, start + 2.2)], (206, 208, 210), cv2.LINE_AA
        )
    for edge in (-ROAD_HALF_M + 0.14, ROAD_HALF_M - 0.22):
        strip(canvas, lens, (196, 198, 200), edge, edge + 0.08)


def gatehouse(canvas: Canvas, lens: Lens) -> None:
    """A small building and a lamp post at the left, so that the road is a place."""
    wall = [(-9.5, 0, 24), (-4.6, 0, 24), (-4.6, 2.9, 24), (-9.5, 2.9, 24)]
    side = [(-4.6, 0, 24), (-4.6, 0, 31), (-4.6, 2.9, 31), (-4.6, 2.9, 24)]
    roof = [(-9.8, 2.85, 23.6), (-4.2, 2.85, 23.6), (-4.2, 3.15, 23.6), (-9.8, 3.15, 23.6)]
    door = [(-6.0, 0, 24), (-5.1, 0, 24), (-5.1, 2.1, 24), (-6.0, 2.1, 24)]
    window = [(-8.8, 1.0, 24), (-6.8, 1.0, 24), (-6.8, 2.1, 24), (-8.8, 2.1, 24)]
    post = [(-3.35, 0, 16), (-3.25, 0, 16), (-3.27, 5.2, 16), (-3.33, 5.2, 16)]
    for color, corners in (
        ((150, 160, 168), side),
        ((192, 204, 212), wall),
        ((92, 84, 78), roof),
        ((96, 88, 80), door),
        ((110, 96, 84), window),
        ((92, 94, 94), post),
    ):
        pixels = lens.project(np.array(corners, float))
        cv2.fillPoly(canvas, [pixels.round().astype(np.int32)], color, cv2.LINE_AA)


def strip(canvas: Canvas, lens: Lens, color: Color, left: float, right: float) -> None:
    cv2.fillPoly(canvas, [outline(lens, left, right)], color, cv2.LINE_AA)


def outline(
    lens: Lens, left: float, right: float, near: float = 1.5, far: float = VISIBLE_M
) -> npt.NDArray[np.int32]:
    """A strip of the ground that follows the road's bend, as a polygon in pixels."""
    ahead = np.linspace(near, far, 80) if far < VISIBLE_M else np.geomspace(near, far, 120)
    swing = BEND * np.maximum(0, ahead - BEND_M) ** 2
    there = along(swing + left, ahead)
    back = along(swing + right, ahead)[::-1]
    return lens.project(np.concatenate([there, back])).round().astype(np.int32)


def along(across: npt.NDArray[np.float64], ahead: npt.NDArray[np.float64]) -> Points:
    return np.stack([across, np.zeros_like(ahead), ahead], axis=1)


def tint(canvas: Canvas, corners: npt.NDArray[np.int32], factor: float) -> None:
    """Darkens a polygon, softly at its edges."""
    mask = np.zeros(canvas.shape[:2], np.uint8)
    cv2.fillPoly(mask, [corners], (255,), cv2.LINE_AA)
    soft = cv2.GaussianBlur(mask, (0, 0), 4)[:, :, None] / 255
    canvas[:] = (canvas * (1 - soft * (1 - factor))).astype(np.uint8)


def speckle(canvas: Canvas, noise: npt.NDArray[np.floating | np.integer]) -> None:
    canvas[:] = np.clip(canvas + noise, 0, 255).astype(np.uint8)


def pixel(point: npt.ArrayLike) -> tuple[int, int]:
    x, y = np.asarray(point, float).round()
    return int(x), int(y)
