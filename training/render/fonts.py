"""Glyphs as masks, all with the same height of capitals; which typefaces resemble whose plates.

The fonts come from Debian's packages under free licenses, listed in training/README.md. A font that
is not installed is left out, as long as some of its group remain.
"""

from functools import cache
from pathlib import Path

import numpy as np
from cv2.typing import MatLike
from PIL import Image, ImageDraw, ImageFont

ROOT = Path("/usr/share/fonts")
CAP = 56
"""Pixels of a capital's height in a mask."""
ABOVE = 18
"""Rows above the capitals, for marks."""
BELOW = 14
"""Rows below the base line, for tails."""
Mask = MatLike
"""Height x width of 8 bits: how much ink."""

DIN = (
    *("roadgeek/RG2014B", "roadgeek/RG2014C", "roadgeek/RG2014D", "bebas-neue/BebasNeue-Regular"),
    *("bebas-neue/BebasNeue-Bold", "dosis/Dosis-SemiBold", "dosis/Dosis-Bold"),
    *("dosis/Dosis-ExtraBold", "play/Play-Bold", "osifont/osifont", "jura/Jura-Bold"),
    *("routed-gothic/routed-gothic", "routed-gothic/routed-gothic-narrow"),
    *("gemunu-libre/GemunuLibre-SemiBold", "gemunu-libre/GemunuLibre-Bold"),
    *("roboto/unhinted/RobotoCondensed-Bold", "roboto/unhinted/RobotoCondensed-Medium"),
    *("liberation/LiberationSansNarrow-Bold", "open-sans/OpenSans-CondBold"),
    *("yanone-kaffeesatz/YanoneKaffeesatz-Bold", "beteckna/BetecknaGSCondensed-Bold"),
    *("national-park/NationalPark-Regular", "national-park/NationalPark-Heavy"),
)
WIDE = (
    *("liberation/LiberationSans-Bold", "roboto/unhinted/Roboto-Medium", "lato/Lato-Bold"),
    *("roboto/unhinted/Roboto-Bold", "inter/Inter-SemiBold", "tuffy/Tuffy_Bold"),
    *("b612/B612-Bold", "crosextra/Carlito-Bold", "cabin/Cabin-Bold", "roadgeek/RG2014E"),
    *("dejavu/DejaVuSansCondensed-Bold", "urw-base35/NimbusSans-Bold", "freefont/FreeSansBold"),
    *("roadgeek/RG2014EM", "roadgeek/RG2014F", "urw-base35/NimbusSansNarrow-Bold"),
)
MONO = (
    *("b612/B612Mono-Bold", "ocr-b/OCRB", "ocr-b/OCRBF", "liberation/LiberationMono-Bold"),
    *("league-mono/LeagueMono-CondensedSemiBold", "league-mono/LeagueMono-NarrowBold"),
    *("routed-gothic/routed-gothic", "jura/Jura-Bold", "play/Play-Bold"),
)
SMALL = (
    *("liberation/LiberationSans-Bold", "lato/Lato-Bold", "open-sans/OpenSans-Semibold"),
    *("dejavu/DejaVuSerif-Bold", "urw-base35/Z003-MediumItalic", "urw-base35/P052-BoldItalic"),
    *("liberation/LiberationSerif-BoldItalic", "urw-base35/C059-Bold", "dosis/Dosis-Bold"),
    *("quicksand/Quicksand-Bold", "urw-base35/URWGothic-Demi", "bebas-neue/BebasNeue-Bold"),
    *("dejavu/DejaVuSans-Bold", "comfortaa/Comfortaa-Bold", "liberation/LiberationSansNarrow-Bold"),
    *("urw-base35/URWBookman-DemiItalic", "dustin/Dustismo_Roman_Bold", "cabin/Cabin-Bold"),
)
SERIF = (
    *("dejavu/DejaVuSerif-Bold", "liberation/LiberationSerif-Bold", "urw-base35/C059-Bold"),
    *("urw-base35/NimbusRoman-Bold", "urw-base35/URWBookman-Demi", "dejavu/DejaVuSerifCondensed"),
)
"""For plates that owners had made by a sign painter."""
GROUPS = {"din": DIN, "wide": WIDE, "mono": MONO, "small": SMALL, "serif": SERIF}


@cache
def installed(group: str) -> tuple[str, ...]:
    """Paths of the group's fonts that are here; RuntimeError where none is."""
    found = [path for name in GROUPS[group] if (path := font_path(name))]
    if not found:
        raise RuntimeError(f"none of the fonts of group {group} is installed; see training/README")
    return tuple(found)


def font_path(name: str) -> str | None:
    for kind in ("truetype", "opentype"):
        for ending in ("ttf", "otf"):
            path = ROOT / kind / f"{name}.{ending}"
            if path.is_file():
                return str(path)
    return None


@cache
def sized(path: str) -> ImageFont.FreeTypeFont:
    """The font in the size that makes an H `CAP` pixels high."""
    _, top, _, bottom = ImageFont.truetype(path, 100).getbbox("H", anchor="ls")
    return ImageFont.truetype(path, round(100 * CAP / (bottom - top)))


@cache
def glyph(path: str, text: str) -> Mask:
    """The ink of `text` cut at its left and right ends; ABOVE + CAP + BELOW rows high."""
    font = sized(path)
    left, _, right, _ = font.getbbox(text, anchor="ls")
    image = Image.new("L", (int(right - left) + 4, ABOVE + CAP + BELOW))
    ImageDraw.Draw(image).text((2 - left, ABOVE + CAP), text, fill=255, font=font, anchor="ls")
    mask = np.asarray(image)
    inked = np.flatnonzero(mask.max(axis=0) > 40)
    if not len(inked):
        return np.zeros((ABOVE + CAP + BELOW, CAP // 3), np.uint8)
    return np.ascontiguousarray(mask[:, inked[0] : inked[-1] + 1])
