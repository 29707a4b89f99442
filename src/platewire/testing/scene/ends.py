"""The end of a car that faces the camera, painted flat: lamps, grille, bumper, room for the plate.

The plate itself is drawn apart, at full detail.
"""

from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from platewire.testing.scene import plates
from platewire.testing.scene.bodies import FRONTS, PAINTS, REARS, TRIM, Shape, plate_height, shade
from platewire.testing.scene.plates import Color, Texture
from platewire.testing.scene.script import Car

PX_PER_M = 420
"""Detail of the picture."""


@cache
def end_picture(car: Car, *, rear: bool) -> Texture:
    shape = (REARS if rear else FRONTS)[car.body]
    width, height = round(shape.width * PX_PER_M), round((shape.belt - shape.floor) * PX_PER_M)
    canvas = painted(PAINTS[car.color], width, height)
    (draw_rear if rear else draw_front)(canvas, PAINTS[car.color])
    draw_holder(canvas, car, shape, rear=rear)
    return np.dstack([canvas, rounded_mask(width, height)])


def painted(paint: Color, width: int, height: int) -> npt.NDArray[np.uint8]:
    """Body color, lighter above where it faces the sky."""
    light = np.interp(np.linspace(0, 1, height), [0, 0.12, 0.55, 1], [1.08, 1.0, 0.92, 0.72])
    rows = light[:, None, None] * np.array(paint, float)
    return np.tile(np.clip(rows, 0, 255).astype(np.uint8), (1, width, 1))


def draw_front(canvas: npt.NDArray[np.uint8], paint: Color) -> None:
    height = canvas.shape[0]
    box(canvas, TRIM, 0.30, 0.20, 0.70, 0.34)
    for bar in (0.235, 0.27, 0.305):
        box(canvas, (92, 90, 88), 0.31, bar, 0.69, bar + 0.008)
    ellipse(canvas, (205, 203, 200), 0.5, 0.27, 0.022, 0.06)
    for side in (-1, 1):
        lamp = [
            (0.5 + side * x, y) for x, y in ((0.24, 0.2), (0.47, 0.13), (0.485, 0.3), (0.27, 0.36))
        ]
        fill(canvas, (70, 68, 66), lamp)
        ellipse(canvas, (232, 236, 238), 0.5 + side * 0.34, 0.26, 0.045, 0.072)
        ellipse(canvas, (255, 255, 255), 0.5 + side * 0.34, 0.25, 0.02, 0.035)
        ellipse(canvas, (200, 205, 208), 0.5 + side * 0.43, 0.235, 0.028, 0.055)
        ellipse(canvas, (46, 44, 43), 0.5 + side * 0.39, 0.76, 0.05, 0.06)
        ellipse(canvas, (190, 196, 200), 0.5 + side * 0.39, 0.76, 0.028, 0.036)
    box(canvas, shade(paint, 0.62), 0.03, 0.455, 0.97, 0.462)
    fill(canvas, TRIM, [(0.2, 0.84), (0.8, 0.84), (0.74, 0.97), (0.26, 0.97)])
    canvas[int(height * 0.955) :] = TRIM
    canvas[: max(1, height // 70)] = shade(paint, 0.6)


def draw_rear(canvas: npt.NDArray[np.uint8], paint: Color) -> None:
    height = canvas.shape[0]
    for side in (-1, 1):
        lamp = [
            (0.5 + side * x, y) for x, y in ((0.33, 0.14), (0.49, 0.1), (0.49, 0.42), (0.36, 0.38))
        ]
        fill(canvas, (30, 24, 128), lamp)
        fill(
            canvas,
            (46, 40, 205),
            [
                (0.5 + side * x, y)
                for x, y in ((0.36, 0.17), (0.475, 0.14), (0.475, 0.26), (0.375, 0.26))
            ],
        )
        box(
            canvas,
            (205, 210, 214),
            0.5 + side * 0.43 - 0.035,
            0.31,
            0.5 + side * 0.43 + 0.035,
            0.37,
        )
        box(canvas, (24, 20, 120), 0.5 + side * 0.4 - 0.06, 0.8, 0.5 + side * 0.4 + 0.06, 0.83)
    box(canvas, shade(paint, 0.55), 0.06, 0.70, 0.94, 0.708)
    box(canvas, shade(paint, 0.7), 0.32, 0.33, 0.68, 0.62)
    box(canvas, (170, 168, 166), 0.36, 0.28, 0.64, 0.305)
    fill(canvas, TRIM, [(0.1, 0.87), (0.9, 0.87), (0.86, 1.0), (0.14, 1.0)])
    canvas[int(height * 0.96) :] = TRIM
    canvas[: max(1, height // 70)] = shade(paint, 0.6)


def draw_holder(canvas: npt.NDArray[np.uint8], car: Car, shape: Shape, *, rear: bool) -> None:
    """The black holder that the plate goes into."""
    width, height = plates.size_m(car.country)
    middle = (shape.belt - plate_height(shape, rear=rear)) / (shape.belt - shape.floor)
    half_width = (width / 2 + 0.015) / shape.width
    half_height = (height / 2 + 0.015) / (shape.belt - shape.floor)
    box(
        canvas,
        (18, 18, 18),
        0.5 - half_width,
        middle - half_height,
        0.5 + half_width,
        middle + half_height,
    )


def rounded_mask(width: int, height: int) -> npt.NDArray[np.uint8]:
    """Opacity: corners cut as a car's are."""
    mask = np.zeros((height, width), np.uint8)
    cut = [
        (0, 0.02),
        (0.008, 0),
        (0.992, 0),
        (1, 0.02),
        (1, 0.82),
        (0.955, 1),
        (0.045, 1),
        (0, 0.82),
    ]
    corners = np.array([(x * (width - 1), y * (height - 1)) for x, y in cut])
    cv2.fillPoly(mask, [corners.round().astype(np.int32)], (255,), cv2.LINE_AA)
    return mask


def fill(canvas: npt.NDArray[np.uint8], color: Color, corners: list[tuple[float, float]]) -> None:
    """A polygon whose corners are fractions of the canvas."""
    height, width = canvas.shape[:2]
    points = np.array(corners) * (width, height)
    cv2.fillPoly(canvas, [points.round().astype(np.int32)], color, cv2.LINE_AA)


def box(
    canvas: npt.NDArray[np.uint8], color: Color, left: float, top: float, right: float, low: float
) -> None:
    fill(canvas, color, [(left, top), (right, top), (right, low), (left, low)])


def ellipse(
    canvas: npt.NDArray[np.uint8], color: Color, x: float, y: float, across: float, down: float
) -> None:
    height, width = canvas.shape[:2]
    center = (round(x * width), round(y * height))
    axes = (round(across * width), round(down * height))
    cv2.ellipse(canvas, center, axes, 0, 0, 360, color, -1, cv2.LINE_AA)
