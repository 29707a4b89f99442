"""A line recognized as a plate -> a `Read`: confidences, candidates, raw text.

How sure a character is after a repair: as sure as the recognizer was of the repaired character,
where it had that one as an alternative, or else its chance lowered by the cost of the confusion.
"""

import math
from collections.abc import Sequence

from platewire.country import Understanding, confusion, keep_letters, normalize
from platewire.model import Box, Candidate, Frame, Quality, Read, Vehicle
from platewire.recognition.networks.text_line import Character, TextLine
from platewire.recognition.text.plausible import text_of

CANDIDATES = 6
"""At most this many other texts are given."""
CANDIDATE_MIN = 0.01
"""Candidates less sure than this are not worth telling."""
UNKNOWN_FACTOR = 0.9
"""A text of no known form is taken as this much less sure; not a piece, which has none."""


def read_of(
    frame: Frame,
    line: TextLine,
    found: Understanding,
    box: Box,
    vehicle: Vehicle,
    quality: Quality | None = None,
    *,
    partial: bool = False,
) -> Read:
    """`partial`: only a piece of the plate is in the picture, of which no form tells a country."""
    characters = plate_characters(line)[found.start : found.start + len(found.text)]
    chances = tuple(
        chance_of(character, kept) for character, kept in zip(characters, found.text, strict=True)
    )
    confidence = mean_chance(chances) * (1.0 if found.known or partial else UNKNOWN_FACTOR)
    return Read(
        at=frame.captured_at,
        frame=frame.number,
        text=found.text,
        raw=text_of(line),
        display=found.display,
        unicode=unicode_of(characters, found.text),
        confidence=round(confidence, 4),
        characters=tuple(round(chance, 4) for chance in chances),
        candidates=candidates(characters, found.text, chances, confidence),
        country=None if partial else found.country,
        region=None if partial else found.region,
        box=box,
        vehicle=vehicle,
        quality=quality,
        partial=partial,
    )


def plate_characters(line: TextLine) -> list[Character]:
    """The characters that stand in the text's normal form, one for one."""
    return [character for character in line.characters if normalize(character.symbol)]


def chance_of(character: Character, kept: str) -> float:
    """How sure it is that this character is `kept`, which may be a repair."""
    said = normalize(character.symbol)
    if said == kept:
        return min(character.chance, 1.0)
    offered = dict(character.others).get(kept, 0.0)
    lowered = character.chance * 10 ** (-(confusion(said, kept) or 1.0) / 3)
    return float(min(max(offered, lowered), 1.0))


def mean_chance(chances: Sequence[float]) -> float:
    """The geometric mean: one bad character counts, the length of the plate does not."""
    return math.exp(sum(math.log(max(chance, 1e-6)) for chance in chances) / len(chances))


def unicode_of(characters: Sequence[Character], text: str) -> str:
    """The plate's own letters where the recognizer gave them and no repair replaced them."""
    return "".join(
        keep_letters(character.symbol) if normalize(character.symbol) == kept else kept
        for character, kept in zip(characters, text, strict=True)
    )


def candidates(
    characters: Sequence[Character], text: str, chances: Sequence[float], confidence: float
) -> tuple[Candidate, ...]:
    """Texts with one character exchanged for what the recognizer also saw there, best first."""
    found: dict[str, float] = {}
    for index, character in enumerate(characters):
        for symbol, chance in ((character.symbol, character.chance), *character.others):
            other = normalize(symbol)
            if len(other) == 1 and other != text[index]:
                changed = text[:index] + other + text[index + 1 :]
                ratio = min(chance / max(chances[index], 1e-6), 1.0)
                found[changed] = max(found.get(changed, 0.0), confidence * ratio)
    best = sorted(found.items(), key=lambda one: (-one[1], one[0]))[:CANDIDATES]
    return tuple(Candidate(one, round(sure, 4)) for one, sure in best if sure >= CANDIDATE_MIN)
