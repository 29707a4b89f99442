"""Scene -> frames -> clip: draws what the camera sees at each moment, and encodes it.

Cars are drawn twice as large and averaged down, then blurred by the lens and by their motion, then
laid over the road from far to near. The camera adds noise and slow changes of light. The clip is
kept under a name made of the scene and of this package's own code, so a change draws it anew.
"""

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import cast

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.video.stream import VideoStream

from platewire.model import Pixels
from platewire.testing.scene import plates, road, truth, vehicles
from platewire.testing.scene.lens import Lens, Points
from platewire.testing.scene.plates import Texture
from platewire.testing.scene.script import Drive, Scene

FINER = 2
"""Cars are drawn this many times larger, then averaged down."""
HEDGE_M = 27.0
"""Meters from the camera beyond which the hedge hides vehicles."""
EXPOSURE_S = 0.003
"""Seconds of exposure, which blur what moves: a camera by day."""
NOISE = 2.2
"""Standard deviation of the sensor's noise, of 255."""
NOISE_FRAMES = 6
"""Different frames of noise that take turns: enough not to repeat visibly, quick to make."""
ENCODERS = ("libx264", "mpeg4")
QUICK = {"crf": "20", "preset": "veryfast", "qscale": "3"}
"""The first two are for x264, the last for MPEG-4."""
MARGIN = 12
"""Pixels around a vehicle that are drawn with it, so that blur is not cut off."""

Progress = Callable[[int], object]


def unseen(_: int) -> None:
    """Nobody looks."""


Layer = npt.NDArray[np.uint8]
"""height x width x 4, colors already multiplied by opacity."""


def clip(scene: Scene, folder: Path, *, progress: Progress = unseen) -> Path:
    """The scene as an MP4 file in `folder`, rendered unless it is there already.

    `progress` is called with 1 for each frame that has been rendered.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{scene.name}-{fingerprint(scene)}.mp4"
    if not path.exists():
        unfinished = path.with_suffix(".unfinished.mp4")
        encode(scene, unfinished, progress=progress)
        unfinished.replace(path)
    return path


def fingerprint(scene: Scene) -> str:
    code = sorted(Path(__file__).parent.glob("*.py"))
    parts = [repr(scene).encode(), *(file.read_bytes() for file in code)]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:12]


def encode(
    scene: Scene, path: Path, *, options: Mapping[str, str] = QUICK, progress: Progress = unseen
) -> None:
    """Renders the whole scene into the file. `options` are those of FFmpeg's encoder."""
    with av.open(str(path), "w") as container:
        stream = cast("VideoStream", container.add_stream(encoder(), scene.frames_per_second))
        stream.width, stream.height = scene.lens.width, scene.lens.height
        stream.pix_fmt = "yuv420p"
        stream.options = dict(options)
        for pixels in frames(scene):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "bgr24")))
            progress(1)
        container.mux(stream.encode(None))


def encoder() -> str:
    return next(name for name in ENCODERS if name in av.codecs_available)


def frames(scene: Scene) -> Iterator[Pixels]:
    """Every frame of the scene, in order."""
    for number in range(scene.frame_count):
        yield picture(scene, number)


def picture(scene: Scene, number: int) -> Pixels:
    """One frame, whichever: it depends on nothing but the scene and the number."""
    seconds = number / scene.frames_per_second
    canvas = road.background(scene.lens).copy()
    driving = [drive for drive in scene.drives if drive.on_road(seconds)]
    far_first = sorted(driving, key=lambda drive: -drive.distance(seconds))
    hedge_drawn = False
    for drive in far_first:
        if drive.distance(seconds) < HEDGE_M and not hedge_drawn:
            lay_hedge(canvas, scene.lens)
            hedge_drawn = True
        draw_car(canvas, scene.lens, drive, seconds)
    if not hedge_drawn:
        lay_hedge(canvas, scene.lens)
    return sensed(canvas, scene, number)


# --- one car ------------------------------------------------------------------------------------


def draw_car(canvas: Pixels, lens: Lens, drive: Drive, seconds: float) -> None:
    distance = drive.distance(seconds)
    heading = truth.turned(drive, distance)
    x = drive.x(distance)
    faces = vehicles.faces(drive.car, rear=drive.away, x=x, z=distance, turned=heading)
    plate = vehicles.Face(
        truth.plate_in_space(drive, seconds),
        texture=plates.picture(drive.car.country, drive.car.display, rear=drive.away),
    )
    drop_shadow(canvas, lens, vehicles.shadow(drive.car, x=x, z=distance, turned=heading))
    shapes = [(face, lens.clipped(face.corners)) for face in (*faces, plate)]
    seen = [(face, lens.project(corners)) for face, corners in shapes if len(corners)]
    room = bounds(lens, [corners for _, corners in seen])
    if room is None:
        return
    left, top, right, low = room
    layer = np.zeros(((low - top) * FINER, (right - left) * FINER, 4), np.uint8)
    for face, corners in seen:
        draw_face(layer, face, (corners - (left, top)) * FINER)
    layer = cv2.resize(layer, (right - left, low - top), interpolation=cv2.INTER_AREA).astype(
        np.uint8
    )
    layer = defocused(layer, lens.blur_px(distance) * drive.blur)
    layer = moved(layer, movement(lens, drive, seconds))
    lay(canvas[top:low, left:right], layer)


def bounds(lens: Lens, outlines: list[Points]) -> tuple[int, int, int, int] | None:
    """Left, top, right, low of the part of the picture that the outlines touch."""
    if not outlines:
        return None
    points = np.concatenate(outlines)
    low_corner = np.floor(points.min(axis=0)) - MARGIN
    high_corner = np.ceil(points.max(axis=0)) + MARGIN
    left, top = np.clip(low_corner, 0, (lens.width, lens.height)).astype(int)
    right, low = np.clip(high_corner, 0, (lens.width, lens.height)).astype(int)
    return (int(left), int(top), int(right), int(low)) if right > left and low > top else None


def draw_face(layer: Layer, face: vehicles.Face, corners: Points) -> None:
    if face.texture is None:
        fixed_point = np.clip(corners * 16, -(2**26), 2**26).round().astype(np.int32)
        cv2.fillPoly(layer, [fixed_point], (*face.color, 255), cv2.LINE_AA, shift=4)
    elif len(corners) == 4:
        lay_texture(layer, face.texture, corners)


def lay_texture(layer: Layer, texture: Texture, corners: Points) -> None:
    """Warps a picture onto four corners; it is averaged down first so that nothing flickers."""
    width = float(np.linalg.norm(corners[1] - corners[0]))
    small = multiplied(plates.smaller(texture, width / FINER))
    height_px, width_px = small.shape[:2]
    flat = np.array([(0, 0), (width_px, 0), (width_px, height_px), (0, height_px)], np.float32)
    mapping = cv2.getPerspectiveTransform(flat - 0.5, (corners - 0.5).astype(np.float32))
    warped = cv2.warpPerspective(small, mapping, (layer.shape[1], layer.shape[0]))
    lay_on_layer(layer, warped.astype(np.uint8))


def multiplied(texture: Texture) -> Layer:
    result = texture.copy()
    opacity = texture[:, :, 3:].astype(np.uint16)
    result[:, :, :3] = (texture[:, :, :3] * opacity + 127) // 255
    return result


def lay_on_layer(layer: Layer, upper: Layer) -> None:
    rest = 255 - upper[:, :, 3:].astype(np.uint16)
    layer[:] = upper + ((layer * rest + 127) // 255).astype(np.uint8)


def lay(canvas: Pixels, layer: Layer) -> None:
    rest = 255 - layer[:, :, 3:].astype(np.uint16)
    canvas[:] = layer[:, :, :3] + ((canvas * rest + 127) // 255).astype(np.uint8)


def drop_shadow(canvas: Pixels, lens: Lens, ground: Points) -> None:
    corners = lens.clipped(ground)
    if not len(corners):
        return
    pixels = lens.project(corners)
    room = bounds(lens, [pixels])
    if room is None:
        return
    left, top, right, low = room
    mask = np.zeros((low - top, right - left), np.uint8)
    fixed_point = np.clip((pixels - (left, top)) * 16, -(2**26), 2**26).round().astype(np.int32)
    cv2.fillPoly(mask, [fixed_point], (150,), cv2.LINE_AA, shift=4)
    soft = cv2.GaussianBlur(mask, (0, 0), max(1.0, (low - top) / 60)).astype(np.uint16)
    part = canvas[top:low, left:right]
    part[:] = (part * (255 - soft[:, :, None]) // 255).astype(np.uint8)


# --- lens and sensor ----------------------------------------------------------------------------


def defocused(layer: Layer, sigma: float) -> Layer:
    if sigma < 0.3:
        return layer
    blurred = cv2.GaussianBlur(layer, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    return blurred.astype(np.uint8, copy=False)


def movement(lens: Lens, drive: Drive, seconds: float) -> tuple[float, float]:
    """How far the plate moves in the picture while the shutter is open, in pixels."""
    distances = drive.distance(seconds), drive.distance(seconds + EXPOSURE_S)
    if min(distances) < 1.5:
        return 0.0, 0.0
    places = np.array([(drive.x(distance), 0.5, distance) for distance in distances])
    across, down = np.diff(lens.project(places), axis=0)[0]
    return float(across), float(down)


def moved(layer: Layer, way: tuple[float, float]) -> Layer:
    """Smeared along the way the car goes while the shutter is open."""
    length = math.hypot(*way)
    if length < 1.0:
        return layer
    side = 2 * math.ceil(length / 2) + 1
    kernel = np.zeros((side, side), np.float32)
    for share in np.linspace(-0.5, 0.5, 4 * side):
        column, row = round(side // 2 + share * way[0]), round(side // 2 + share * way[1])
        kernel[row, column] += 1
    return cv2.filter2D(layer, -1, kernel / kernel.sum()).astype(np.uint8)


def lay_hedge(canvas: Pixels, lens: Lens) -> None:
    layer, (top, low, left, right) = hedge(lens)
    lay(canvas[top:low, left:right], layer)


@cache
def hedge(lens: Lens) -> tuple[Layer, tuple[int, int, int, int]]:
    """The hedge, cut to its own box: top, low, left, right."""
    layer = road.hedge(lens)
    rows = np.flatnonzero(layer[:, :, 3].any(axis=1))
    columns = np.flatnonzero(layer[:, :, 3].any(axis=0))
    top, low, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    return layer[top:low, left:right], (int(top), int(low), int(left), int(right))


def sensed(canvas: Pixels, scene: Scene, number: int) -> Pixels:
    """What the sensor makes of it: clouds pass, and no two frames are the same."""
    seconds = number / scene.frames_per_second
    light = 1 + 0.05 * math.sin(seconds / 3.7) + 0.03 * math.sin(seconds / 1.3)
    noise = grain(scene.lens, scene.seed)[number % NOISE_FRAMES]
    lit = cv2.convertScaleAbs(canvas, alpha=light)
    noisy = cv2.add(lit, np.roll(noise, 37 * number, axis=0), dtype=cv2.CV_8U)
    return noisy.astype(np.uint8, copy=False)


@cache
def grain(lens: Lens, seed: int) -> list[npt.NDArray[np.int16]]:
    chance = np.random.default_rng(seed)
    size = (lens.height, lens.width, 3)
    return [chance.normal(0, NOISE, size).round().astype(np.int16) for _ in range(NOISE_FRAMES)]
