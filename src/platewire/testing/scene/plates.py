"""Number plates of several countries as flat pictures, straight on and large.

Sizes and layout follow the national forms loosely (band, letter code, colors, grouping); the
letters are Pillow's own font, pressed into cells as wide as a plate's stamps are. All texts are
invented by whoever asks for a plate.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

PX_PER_MM = 2
"""Pixels per millimeter of a drawn plate: finer than any camera in a scene sees it."""
STARS = 12
"""Stars of the European flag."""

Color = tuple[int, int, int]
"""Blue, green, red."""
WHITE, YELLOW, BLACK = (238, 238, 236), (46, 190, 245), (24, 22, 22)
"""Colors of grounds and ink, as blue, green, red from 0 to 255."""
BLUE, RED, GOLD = (160, 62, 16), (48, 36, 190), (60, 205, 255)
"""Colors of bands and seals, as blue, green, red from 0 to 255."""

Texture = npt.NDArray[np.uint8]
"""height x width x 4: blue, green, red, opacity."""


@dataclass(frozen=True, slots=True)
class Style:
    """How one country's plate looks; lengths in millimeters."""

    ground: Color = WHITE
    ink: Color = BLACK
    width: int = 520
    height: int = 110
    cap: int = 75
    """Height of the letters."""
    cell: int = 47
    gap: int = 24
    """Space between groups."""
    band: str = ""
    """Letters on the blue band at the left; empty for none."""
    stars: bool = True
    right_band: bool = False
    banner: str = ""
    """A colored strip along the top with this word in it."""
    seals: bool = False


STYLES: dict[str, Style] = {
    "DE": Style(band="D", seals=True, gap=44, cell=46),
    "NL": Style(ground=YELLOW, band="NL"),
    "FR": Style(band="F", right_band=True, cell=45, gap=22),
    "IT": Style(band="I", right_band=True, cell=45, gap=22),
    "CZ": Style(band="CZ"),
    "ES": Style(band="E"),
    "PL": Style(band="PL"),
    "GB": Style(band="UK", stars=False, cell=50, gap=32, cap=79),
    "GB rear": Style(ground=YELLOW, band="UK", stars=False, cell=50, gap=32, cap=79),
    "UA": Style(band="UA", stars=False, cell=46),
    "NO": Style(band="N", stars=False, cell=46, gap=32),
    "CH": Style(width=430, cell=40, cap=72),
    "BR": Style(width=400, height=130, banner="BRASIL", cell=49, cap=65, gap=0),
    "US": Style(width=305, height=152, banner="STATE", ink=(110, 50, 20), cell=37, cap=66, gap=0),
}


def picture(country: str, display: str, *, rear: bool = False) -> Texture:
    """The plate of `country` (ISO alpha-2) saying `display`, whose groups are parted by spaces."""
    return drawn(style_of(country, rear=rear), display)


def size_m(country: str) -> tuple[float, float]:
    """Width and height of the plate."""
    style = STYLES[country]
    return style.width / 1000, style.height / 1000


def style_of(country: str, *, rear: bool) -> Style:
    return STYLES.get(f"{country} rear", STYLES[country]) if rear else STYLES[country]


@cache
def drawn(style: Style, display: str) -> Texture:
    image = Image.new("RGBA", (style.width * PX_PER_MM, style.height * PX_PER_MM))
    pen = ImageDraw.Draw(image)
    draw_ground(pen, style)
    left, right, top = draw_bands(pen, style)
    draw_groups(image, style, display.split(), left=left, right=right, top=top)
    return np.ascontiguousarray(np.asarray(image)[:, :, [2, 1, 0, 3]])


def draw_ground(pen: ImageDraw.ImageDraw, style: Style) -> None:
    box = (0, 0, style.width * PX_PER_MM - 1, style.height * PX_PER_MM - 1)
    pen.rounded_rectangle(
        box, 10 * PX_PER_MM, fill=rgb(style.ground), outline=rgb(style.ink), width=5
    )


def draw_bands(pen: ImageDraw.ImageDraw, style: Style) -> tuple[int, int, int]:
    """Draws the colored strips; returns the free room's left, right and top in millimeters."""
    left, right, top = 8, style.width - 8, 0
    if style.band:
        draw_band(pen, style, 4, style.band)
        left = 46
    if style.right_band:
        draw_band(pen, style, style.width - 44, "")
        right = style.width - 46
    if style.banner:
        top = 30
        box = [PX_PER_MM * edge for edge in (4, 4, style.width - 4, top)]
        pen.rounded_rectangle(box, 6 * PX_PER_MM, fill=rgb(BLUE))
        write(pen, style.banner, (style.width // 2, 4 + top // 2), 19, WHITE)
    return left, right, top


def draw_band(pen: ImageDraw.ImageDraw, style: Style, left: int, letters: str) -> None:
    box = [PX_PER_MM * edge for edge in (left, 4, left + 40, style.height - 4)]
    pen.rounded_rectangle(box, 6 * PX_PER_MM, fill=rgb(BLUE))
    if style.stars and letters:
        for star in range(STARS):
            angle = 2 * np.pi * star / STARS
            across, down = left + 20 + 12 * np.cos(angle), 34 + 12 * np.sin(angle)
            dot(pen, across, down, 2, GOLD)
    write(pen, letters, (left + 20, style.height - 24), 22, WHITE)


def draw_groups(
    image: Image.Image, style: Style, groups: list[str], *, left: int, right: int, top: int
) -> None:
    width = sum(map(len, groups)) * style.cell + (len(groups) - 1) * style.gap
    if width > right - left:
        raise ValueError(f"plate text {' '.join(groups)!r} needs {width} mm of {right - left}")
    across = (left + right - width) / 2
    down = top + (style.height - top - style.cap) / 2
    for place, group in enumerate(groups):
        for character in group:
            stamp(image, style, character, across, down)
            across += style.cell
        if place == 0 and style.seals:
            draw_seals(ImageDraw.Draw(image), across + style.gap / 2 - 2, style.height)
        across += style.gap


def stamp(image: Image.Image, style: Style, character: str, across: float, down: float) -> None:
    """One character, pressed into its cell; a narrow one keeps its own width."""
    mask = glyph(character)
    room = (style.cell - 8) * PX_PER_MM
    height = style.cap * PX_PER_MM
    natural = round(mask.width * height / mask.height)
    width = room if character not in "1IJ" else min(room, round(natural * 0.9))
    scaled = mask.resize((width, height), Image.Resampling.LANCZOS)
    corner = (
        round((across + style.cell / 2) * PX_PER_MM - width / 2),
        round(down * PX_PER_MM),
    )
    image.paste(Image.new("RGBA", scaled.size, (*rgb(style.ink), 255)), corner, scaled)


@cache
def glyph(character: str) -> Image.Image:
    """The character's shape as bold as on a plate, cut to its own box."""
    font = ImageFont.load_default(240)
    mask = Image.new("L", (400, 400))
    ImageDraw.Draw(mask).text((60, 40), character, fill=255, font=font, stroke_width=7)
    return mask.crop(mask.getbbox())


def draw_seals(pen: ImageDraw.ImageDraw, across: float, height: int) -> None:
    dot(pen, across, height * 0.30, 15, (150, 150, 150))
    dot(pen, across, height * 0.72, 17, (120, 160, 90))
    dot(pen, across, height * 0.72, 8, (190, 200, 190))


def dot(pen: ImageDraw.ImageDraw, across: float, down: float, radius: float, color: Color) -> None:
    box = [
        PX_PER_MM * edge
        for edge in (across - radius, down - radius, across + radius, down + radius)
    ]
    pen.ellipse(box, fill=rgb(color))


def write(
    pen: ImageDraw.ImageDraw, word: str, center: tuple[int, int], cap: int, color: Color
) -> None:
    at = (center[0] * PX_PER_MM, center[1] * PX_PER_MM)
    font = ImageFont.load_default(cap * PX_PER_MM)
    pen.text(at, word, fill=rgb(color), font=font, anchor="mm", stroke_width=1)


def rgb(color: Color) -> Color:
    return color[2], color[1], color[0]


def smaller(texture: Texture, width_px: float) -> Texture:
    """The texture averaged down to about twice the width at which it will be seen."""
    factor = min(1.0, max(2 * width_px, 16) / texture.shape[1])
    if factor == 1.0:
        return texture
    size = (round(texture.shape[1] * factor), max(4, round(texture.shape[0] * factor)))
    return np.asarray(cv2.resize(texture, size, interpolation=cv2.INTER_AREA), np.uint8)
