"""Vote over the reads of a passage: the text and its confidence.

A `Ballot` keeps sums, not reads, so that a car parked for hours costs no more than one passing
by. `elect` chooses the text by the decision rule; `support` says how far the votes back a text.

The vote by character works as in recognizer output voting (ROVER, J. Fiscus 1997): the heaviest
text is the pivot, the others are aligned to it, and each column is voted on, weighted by the
confidence of each character and by how well the plate could be seen (`Quality.weight`; a read whose
quality is not known counts in full). Where weights are equal the more recent text wins, because a
vehicle that comes nearer is read better.

A partial read (`Read.partial`) saw a piece of the plate. Once the whole plate was read, pieces have
a say only where they confirm: each adds its votes to the characters that a whole text has as well.
They never decide the length, add a character, or say the country.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Literal, NamedTuple

from msgspec import Struct, field

from platewire.model import Read
from platewire.passage.text import Alignment, align, distance, is_piece

Decision = Literal["vote", "confidence", "statistics"]
Electorate = Mapping[str, "Tally"]

TEXTS_MAX = 16
"""Distinct texts kept for one passage; beyond it the lightest is forgotten."""
COUNTRIES_MAX = 6
"""Countries with regions kept for one text; beyond it the lightest is forgotten, a bound on
memory."""
WHOLE_PLATE_READS = 2
"""Reads of a longer text before a shorter one counts as its piece; see WHOLE_PLATE_SHARE."""
WHOLE_PLATE_SHARE = 0.4
"""A text is taken for a piece of a longer one once the longer was read this often, and with at
least this share of the piece's weight: one read with a sticker beside the plate is not enough."""

CLEARLY_STRONGER = 2.0
"""Times the weight of the country that was told, over all reads of a passage, that another needs to
replace it. Chosen: two countries whose forms a text fits alike stay within this factor."""


class Tally(Struct, array_like=True, kw_only=True):
    """Aggregate of all reads with one text."""

    count: int = 0
    weight: float = 0.0
    """Sum of the reads' confidences, each times its quality's weight."""
    surest: float = -1.0
    """Highest confidence of one read; `raw`, `display`, `unicode`, `characters` are that read's."""
    latest: int = 0
    """Ordinal of the last read, for breaking ties."""
    votes: list[float] = field(default_factory=list)
    """Sum of the character's confidences, weighted alike, for each character."""
    peaks: list[float] = field(default_factory=list)
    """Highest confidence of each character."""
    characters: tuple[float, ...] = ()
    raw: str = ""
    display: str = ""
    unicode: str = ""
    countries: dict[str, float] = field(default_factory=dict)
    """Weight by country, or by country/region."""
    piece_weight: float = 0.0
    """Part of `weight` that comes from partial reads."""

    @property
    def is_piece(self) -> bool:
        """Whether most of its reads, by weight, saw only a part of the plate."""
        return 2 * self.piece_weight > self.weight


class Ballot(Struct, array_like=True):
    """The votes of one passage."""

    order: int = 0
    tallies: dict[str, Tally] = field(default_factory=dict)

    def add(self, read: Read) -> None:
        self.order += 1
        tally = self.tallies.setdefault(read.text, Tally())
        _count(tally, read, self.order)
        if len(self.tallies) > TEXTS_MAX:
            del self.tallies[self._lightest(beside=read.text)]

    def confirm(self, read: Read) -> None:
        """Adds a partial read beside whole texts; one that has such a text says nothing new."""
        tally = self.tallies.get(read.text)
        if tally is None or tally.is_piece:
            self.add(read)

    @property
    def weight(self) -> float:
        return sum(tally.weight for tally in self.tallies.values())

    @property
    def has_whole(self) -> bool:
        return bool(_complete(self.tallies))

    @property
    def alternatives(self) -> Electorate:
        """Texts that the plate may have: those of pieces only while there is no other."""
        return _whole(self.tallies)

    def nearest(self, text: str) -> str:
        """The text read that differs least from `text`; of several the heaviest."""
        tallies = self.tallies
        return min(tallies, key=lambda read: (distance(read, text), -tallies[read].weight, read))

    def _lightest(self, beside: str) -> str:
        others = (text for text in self.tallies if text != beside)
        return min(others, key=lambda text: (self.tallies[text].weight, self.tallies[text].latest))


class Support(NamedTuple):
    """Support of the votes for a text, 0 to 1."""

    confidence: float
    characters: tuple[float, ...]


def elect(ballot: Ballot, decision: Decision) -> str:
    """The text that the reads say; the ballot must hold at least one read."""
    complete = _complete(ballot.tallies)
    electorate = _electorate(complete or ballot.tallies)
    if decision == "vote":
        return _by_character(electorate, _pieces(ballot.tallies) if complete else {})
    rank = _surest if decision == "confidence" else _most_read
    return max(electorate, key=lambda text: rank(electorate[text]))


def support(ballot: Ballot, text: str, decision: Decision) -> Support:
    """Confidence of the text: that of its surest read, times the share of the votes that agree.

    With the decision `confidence` one read stands for all, so its own figures are given.
    """
    tally = ballot.tallies.get(text)
    if decision == "confidence" and tally is not None:
        return Support(tally.surest, tally.characters)
    electorate = _electorate(_whole(ballot.tallies))
    columns = [_agreement(electorate, text, index) for index in range(len(text))]
    shares = [share for share, _ in columns]
    peak = tally.surest if tally else sum(peak for _, peak in columns) / len(columns)
    characters = tuple(round(share * peak, 4) for share, peak in columns)
    return Support(round(peak * sum(shares) / len(shares), 4), characters)


def country_of(
    ballot: Ballot, text: str, settled: str | None = None
) -> tuple[str | None, str | None]:
    """Country by weight among the reads with this text, else among all reads, and its region by
    weight among those that tell one: a region that is not seen in every picture is not denied.

    `settled` is the country that was told before; it stays unless another is clearly stronger."""
    tallies = _whole(ballot.tallies)
    own = tallies.get(text)
    every = _countries(tallies.values())
    found = _heaviest_of(_countries([own]) if own and own.countries else every)
    if settled and (found is None or every[found] < CLEARLY_STRONGER * every.get(settled, 0.0)):
        found = settled
    return found, _region_of(found, [own] if own and own.countries else tallies.values())


def _countries(tallies: Iterable[Tally]) -> dict[str, float]:
    """Weight by country, without regions."""
    countries: dict[str, float] = defaultdict(float)
    for tally in tallies:
        for key, weight in tally.countries.items():
            countries[key.partition("/")[0]] += weight
    return countries


def _region_of(country: str | None, tallies: Iterable[Tally]) -> str | None:
    regions: dict[str, float] = defaultdict(float)
    for tally in tallies:
        for key, weight in tally.countries.items():
            within, _, region = key.partition("/")
            if region and within == country:
                regions[region] += weight
    return _heaviest_of(regions)


def _heaviest_of(weights: Mapping[str, float]) -> str | None:
    return max(weights, key=lambda key: (round(weights[key], 6), key), default=None)


def respell(spelling: str, read: str, text: str) -> str:
    """`text` written as `read` was in `spelling`: its spaces, dashes and own letters kept."""
    if len(read) != len(text) or sum(map(str.isalnum, spelling)) != len(read):
        return text
    letters = iter(zip(read, text, strict=True))
    return "".join(
        _respelled(char, *next(letters)) if char.isalnum() else char for char in spelling
    )


def _respelled(spelled: str, read: str, now: str) -> str:
    return spelled if read == now else now


def clearness(read: Read) -> float:
    """How well the plate could be seen, above 0 to 1; 1 where the engine does not say."""
    return read.quality.weight if read.quality else 1.0


def _count(tally: Tally, read: Read, order: int) -> None:
    characters = read.characters
    if len(characters) != len(read.text):
        characters = (read.confidence,) * len(read.text)
    seen = clearness(read)
    votes, peaks = tally.votes or [0.0] * len(characters), tally.peaks or [0.0] * len(characters)
    tally.votes = [vote + char * seen for vote, char in zip(votes, characters, strict=True)]
    tally.peaks = [max(peak, char) for peak, char in zip(peaks, characters, strict=True)]
    tally.weight += read.confidence * seen
    tally.count, tally.latest = tally.count + 1, order
    tally.piece_weight += read.confidence * seen * read.partial
    if read.confidence > tally.surest:
        tally.surest, tally.characters = read.confidence, tuple(characters)
        tally.raw, tally.display, tally.unicode = read.raw, read.display, read.unicode
    _count_country(tally.countries, read)


def _count_country(countries: dict[str, float], read: Read) -> None:
    if not read.country:
        return
    key = f"{read.country}/{read.region}" if read.region else read.country
    countries[key] = countries.get(key, 0.0) + read.confidence * clearness(read)
    if len(countries) > COUNTRIES_MAX:
        del countries[min(countries, key=lambda other: (other == key, countries[other]))]


def _whole(tallies: Electorate) -> Electorate:
    """Texts of the whole plate; all while there are only pieces."""
    return _complete(tallies) or tallies


def _complete(tallies: Electorate) -> Electorate:
    """Texts of the whole plate, without those that are shorter than a heavier piece: these are
    pieces that were taken for whole."""
    pieces = _pieces(tallies)
    return {
        text: tally
        for text, tally in tallies.items()
        if not tally.is_piece
        and not any(
            len(piece) > len(text) and other.weight > tally.weight
            for piece, other in pieces.items()
        )
    }


def _pieces(tallies: Electorate) -> Electorate:
    return {text: tally for text, tally in tallies.items() if tally.is_piece}


def _electorate(tallies: Mapping[str, Tally]) -> Electorate:
    """Without the texts that are only pieces of a longer one, as from a half hidden plate."""
    return {
        text: tally
        for text, tally in tallies.items()
        if not any(_outgrows(long, whole, text, tally) for long, whole in tallies.items())
    }


def _outgrows(long: str, whole: Tally, short: str, piece: Tally) -> bool:
    return (
        len(long) > len(short) + 2
        and whole.count >= WHOLE_PLATE_READS
        and whole.weight >= WHOLE_PLATE_SHARE * piece.weight
        and is_piece(short, long)
    )


# Ranks are rounded, so that the order in which sums were built decides nothing.


def _heaviest(tally: Tally) -> tuple[float, int]:
    return round(tally.weight, 6), tally.latest


def _surest(tally: Tally) -> tuple[float, float]:
    return round(tally.surest, 6), tally.weight


def _most_read(tally: Tally) -> tuple[int, float, int]:
    return tally.count, round(tally.weight, 6), tally.latest


def _by_character(electorate: Electorate, pieces: Electorate) -> str:
    """The vote by character; the heaviest text where that gives a length that nobody read.
    `pieces` confirm what the electorate says."""
    pivot = max(electorate, key=lambda text: _heaviest(electorate[text]))
    aligned, confirming = _aligned(pivot, electorate), _aligned(pivot, pieces)
    total = sum(tally.weight for tally in electorate.values())
    parts = []
    for slot in range(len(pivot) + 1):
        parts.append(_inserted(aligned, slot, total))
        if slot < len(pivot):
            parts.append(_column(aligned, confirming, slot, pivot[slot]))
    voted = "".join(parts)
    return voted if len(voted) in map(len, electorate) else pivot


Aligned = list[tuple[str, Tally, Alignment]]


def _aligned(pivot: str, tallies: Electorate) -> Aligned:
    return [(text, tally, align(pivot, text)) for text, tally in tallies.items()]


def _column(aligned: Aligned, confirming: Aligned, index: int, own: str) -> str:
    """The heaviest character opposite pivot[index]; none where most say that there is none."""
    weights: dict[str, float] = defaultdict(float)
    absent = 0.0
    for text, tally, (positions, _) in aligned:
        position = positions[index]
        if position < 0:
            absent += tally.weight
        else:
            weights[text[position]] += tally.votes[position]
    if round(absent, 6) > round(sum(weights.values()), 6):
        return ""
    for text, tally, (positions, _) in confirming:
        position = positions[index]
        if position >= 0 and text[position] in weights:
            weights[text[position]] += tally.votes[position]
    return max(weights, key=_by_weight(weights, own))


def _inserted(aligned: Aligned, slot: int, total: float) -> str:
    """What stands before pivot[slot] in texts of more than half of all weight."""
    weights: dict[str, float] = defaultdict(float)
    for text, tally, (_, insertions) in aligned:
        for where, start, end in insertions:
            if where == slot:
                weights[text[start:end]] += tally.weight
    if 2 * round(sum(weights.values()), 6) <= round(total, 6):
        return ""
    return max(weights, key=_by_weight(weights, ""))


def _by_weight(weights: Mapping[str, float], own: str) -> Callable[[str], tuple[float, bool, str]]:
    return lambda char: (round(weights[char], 6), char == own, char)


def _agreement(electorate: Electorate, text: str, index: int) -> tuple[float, float]:
    """Share of the weight that says text[index] at that place, and the surest such character."""
    agreed = total = peak = 0.0
    for other, tally in electorate.items():
        position = align(text, other).positions[index]
        vote = tally.weight if position < 0 else tally.votes[position]
        total += vote
        if position >= 0 and other[position] == text[index]:
            agreed += vote
            peak = max(peak, tally.peaks[position])
    return (agreed / total if total else 0.0), peak
