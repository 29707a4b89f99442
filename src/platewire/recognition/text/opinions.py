"""Several readings of one plate -> one line of text.

Two readers err in different ways: where both see as many characters, their chances are multiplied
position by position, so that what one is unsure of, the other decides. Else the likelier line
stands, by what a plate may look like, and it is less sure for the contradiction. One reader that
looks again errs much as before: its chances are averaged.
"""

from collections import Counter
from collections.abc import Sequence

from platewire.country import Understanding
from platewire.recognition.networks.text_line import GAP, Character, TextLine
from platewire.recognition.text.reading import mean_chance, plate_characters

FLOOR = 0.004
"""Chance of a symbol that a reader did not name."""
CONTRADICTED = 0.85
"""Of its chances, what a line keeps that another reader saw otherwise."""
KNOWN_MERIT = 0.5
"""Added for a country's form, 0 to 1; outweighs most differences in confidence."""
COST_MERIT = 0.15
"""Taken off for each unit of repair cost."""
LENGTH_MERIT = 0.05
"""Added for each character, so that of two equal lines the one that lacks nothing is taken."""


def merit(line: TextLine, meaning: Understanding | None) -> float:
    """For choosing between two lines: known forms first, then sure, then long."""
    characters = plate_characters(line)
    if meaning is None or not characters:
        return -1.0
    return weighed(mean_chance([one.chance for one in characters]), meaning)


def weighed(sure: float, meaning: Understanding) -> float:
    """How sure a reading is, with what its meaning speaks for it."""
    cost = COST_MERIT * meaning.cost
    return sure - cost + KNOWN_MERIT * meaning.known + LENGTH_MERIT * len(meaning.text)


def blended(one: TextLine, other: TextLine) -> TextLine | None:
    """Both as one line; None where they see different numbers of characters."""
    ours, theirs = plate_characters(one), plate_characters(other)
    if len(ours) != len(theirs) or not ours:
        return None
    characters = [product(a, b) for a, b in zip(ours, theirs, strict=True)]
    return TextLine(
        tuple(with_breaks(one, characters)), one.written if one.written else other.written
    )


def with_breaks(line: TextLine, characters: Sequence[Character]) -> list[Character]:
    """The characters with the separators that stood between them in the line."""
    left = iter(characters)
    plate = set(map(id, plate_characters(line)))
    return [next(left) if id(one) in plate else one for one in line.characters]


def product(one: Character, other: Character) -> Character:
    """Each symbol's chances multiplied, and brought to a sum of one."""
    ours, theirs = chances_of(one), chances_of(other)
    symbols = (ours.keys() | theirs.keys()) - {GAP}
    joint = {s: ours.get(s, FLOOR) * theirs.get(s, FLOOR) for s in symbols}
    total = sum(joint.values()) + FLOOR * FLOOR
    ranked = sorted(((c / total, s) for s, c in joint.items()), reverse=True)
    chance, symbol = ranked[0]
    others = tuple((s, c) for c, s in ranked[1:6] if c > 0.001)
    return Character(symbol, chance, others, one.at)


def chances_of(character: Character) -> dict[str, float]:
    return {character.symbol: character.chance, **dict(character.others)}


def averaged(lines: Sequence[TextLine]) -> TextLine:
    """Several looks of one reader as one line, of as many characters as most looks saw; of the
    first look where there is no majority for others."""
    counts = Counter(len(plate_characters(line)) for line in lines)
    most = max(counts, key=lambda count: (counts[count], count == len(plate_characters(lines[0]))))
    fitting = [line for line in lines if len(plate_characters(line)) == most]
    rows = zip(*(plate_characters(line) for line in fitting), strict=True)
    characters = [mean_of(row, len(lines)) for row in rows]
    first = fitting[0]
    return TextLine(tuple(with_breaks(first, characters)), first.written)


def mean_of(those: Sequence[Character], looks: int) -> Character:
    """The mean over all looks; those that saw another number of characters count as no say."""
    sums: Counter[str] = Counter()
    for one in those:
        sums.update(chances_of(one))
    ranked = [(symbol, chance / len(those)) for symbol, chance in sums.most_common()]
    (symbol, chance), *rest = [each for each in ranked if each[0] != GAP]
    share = (1 + len(those) / looks) / 2
    others = tuple((s, c) for s, c in rest[:5] if c > 0.001)
    return Character(symbol, chance * share, others, those[0].at)


def doubted(line: TextLine) -> TextLine:
    """The line as sure as one can be that another reader saw otherwise."""
    characters = (one._replace(chance=one.chance * CONTRADICTED) for one in line.characters)
    return TextLine(tuple(characters), line.written)
