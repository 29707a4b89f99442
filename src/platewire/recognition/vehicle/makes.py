"""Lines of lettering on a vehicle -> make and model, precision before recall.

The list is `makes.toml`. A line counts only if the list explains each of its words, so a dealer's
name with a make in it, an advert or a slogan gives no result. A model implies its make if no other
make has it and it is not a common word; short or ambiguous names ("C5", "320i", "Focus", "Seat")
count only if the rest of the lettering supports them. Two makes on one vehicle contradict each
other and give no result.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Literal, NamedTuple

from platewire.model import Attribute

LIST = "makes.toml"
WORDS_MAX = 6
"""Lines of more words are sentences."""
PHRASE_MAX = 4
"""Words of the longest name of a model."""
ALONE_MIN = 5
"""Letters of a model that may stand for its make."""
FUZZY_MIN = 7
"""Letters of a name in which one may be misread."""
FOLDED_MIN = 3
"""Longer names of letters alone also match where look-alikes were exchanged; short ones would match
by chance."""
FOLDED_FACTOR = 0.97
"""Of confidence for a match with look-alikes exchanged, 0 to 1: just below the exact one."""
FUZZY_FACTOR = 0.9
"""Of confidence for a match with one letter misread, 0 to 1: below that of look-alikes."""
IMPLIED_FACTOR = 0.95
"""A make that only its model tells is a little less sure."""
SURE = {1: 1.01, 2: 0.95, 3: 0.95, 4: 0.93, 5: 0.87}
"""Letters of a name -> how surely it must be read; longer ones see SURE_LONG."""
SURE_LONG = 0.8
"""How surely names longer than those must be read: the longer, the less chance matches one."""
LOOK_ALIKE = str.maketrans("0DQCG15L8", "OOOOOISIB")
"""What is taken for each other on a badge; only where that leaves one name."""


class Spoken(NamedTuple):
    """A line of lettering as read, with its confidence, 0 to 1."""

    written: str
    confidence: float


class Badges(NamedTuple):
    make: Attribute | None = None
    model: Attribute | None = None


class Name(NamedTuple):
    """The meaning of a phrase of the list."""

    kind: Literal["make", "mark", "model", "beside"]
    make: str
    model: str = ""


class Said(NamedTuple):
    name: Name
    key: str
    confidence: float


class Makes:
    """The list as an index. Keys contain only capitals and digits."""

    def __init__(self, listed: Mapping[str, Mapping[str, str]]) -> None:
        words = listed["words"]
        self.names: dict[str, list[Name]] = {}
        self.weak_makes = frozenset(split(words["makes"]))
        self._words = frozenset(key_of(word) for word in split(words["models"]))
        self._sure = frozenset(key_of(word) for word in split(words["sure"]))
        for make, models in listed["models"].items():
            self._add(key_of(make), Name("make", make))
            for model in split(models):
                self._add(key_of(model), Name("model", make, model))
        for alias, make in listed["aliases"].items():
            self._add(key_of(alias), Name("make", make))
        for mark, make in listed["marks"].items():
            self._add(key_of(mark), Name("mark", make))
        for word in split(words["beside"]):
            self._add(key_of(word), Name("beside", ""))
        self._folded = unfolding(self.names)

    def _add(self, key: str, name: Name) -> None:
        kept = self.names.setdefault(key, [])
        if name not in kept:
            kept.append(name)

    def key_for(self, text: str) -> tuple[str, float] | None:
        """The list's key that the text means, and how far that may be believed."""
        if text in self.names:
            return text, 1.0
        key = self._folded.get(folded(text))
        if key is not None:
            return key, FOLDED_FACTOR
        return self._nearly(text) if len(text) >= FUZZY_MIN and text.isalpha() else None

    def _nearly(self, text: str) -> tuple[str, float] | None:
        near = [
            key
            for key in self._folded.values()
            if len(key) == len(text) and sum(a != b for a, b in zip(key, text, strict=True)) == 1
        ]
        return (near[0], FUZZY_FACTOR) if len(near) == 1 else None

    def stands_alone(self, key: str) -> bool:
        """Whether the model is enough to know the make."""
        makes = {name.make for name in self.names[key]}
        if len(makes) != 1 or key in self._words:
            return False
        return key in self._sure or (key.isalpha() and len(key) >= ALONE_MIN)


@cache
def shipped() -> Makes:
    return Makes(tomllib.loads(files(__package__).joinpath(LIST).read_text("utf-8")))


def split(listed: str) -> list[str]:
    return [one.strip() for one in listed.split(",") if one.strip()]


def key_of(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.replace("+", "PLUS")).upper()
    return "".join(char for char in plain if char.isascii() and char.isalnum())


def folded(key: str) -> str:
    """With what looks alike as one letter."""
    return key.translate(LOOK_ALIKE)


def unfolding(names: Iterable[str]) -> dict[str, str]:
    """Folded names of letters alone -> the one name that it may be."""
    found: dict[str, list[str]] = {}
    for name in names:
        if name.isalpha() and len(name) > FOLDED_MIN:
            found.setdefault(folded(name), []).append(name)
    return {fold: same[0] for fold, same in found.items() if len(same) == 1}


def badges_of(lines: Sequence[Spoken], makes: Makes | None = None) -> Badges:
    """What all lettering of one vehicle says together."""
    known = makes or shipped()
    said = [one for line in lines for one in explained(line, known)]
    telling = telling_makes(said, known)
    if len(telling) != 1:
        return Badges()
    (make,) = telling
    sure = 1.0
    for confidence in telling[make]:
        sure *= 1 - min(confidence, 0.99)
    return Badges(Attribute(make, round(1 - sure, 4)), model_of(make, said))


def telling_makes(said: Sequence[Said], known: Makes) -> dict[str, list[float]]:
    """Each make that something tells by itself, or a word of a make beside its own model."""
    telling: dict[str, list[float]] = {}
    backed = {one.name.make for one in said if one.name.kind == "model"}
    for one in said:
        name = one.name
        if name.kind == "make" and name.make in known.weak_makes and name.make not in backed:
            continue
        if name.kind == "model" and not known.stands_alone(one.key):
            continue
        if name.kind != "beside":
            factor = 1.0 if name.kind == "make" else IMPLIED_FACTOR
            telling.setdefault(name.make, []).append(one.confidence * factor)
    return telling


def model_of(make: str, said: Sequence[Said]) -> Attribute | None:
    """The make's model that was read; None where two that do not belong together were."""
    models = [one for one in said if one.name.kind == "model" and one.name.make == make]
    if not models:
        return None
    best = max(models, key=lambda one: (len(one.key), one.confidence))
    if any(one.key not in best.key for one in models):
        return None
    return Attribute(best.name.model, round(best.confidence, 4))


def explained(line: Spoken, known: Makes) -> list[Said]:
    """What the line says, if the list explains all of it; else nothing."""
    words = [key_of(word) for word in re.split(r"[\s/|,.:;]+", line.written)]
    words = [word for word in words if word]
    if not words or len(words) > WORDS_MAX:
        return []
    for phrases in cuttings(words):
        said = [one for phrase in phrases for one in meanings(phrase, line.confidence, known)]
        if len({one.key for one in said}) == len(set(phrases)):
            return said
    return run_together(words[0], line.confidence, known) if len(words) == 1 else []


def cuttings(words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """All ways to take neighboring words as phrases, longest phrases first."""
    if not words:
        yield ()
    for size in range(min(PHRASE_MAX, len(words)), 0, -1):
        for rest in cuttings(words[size:]):
            yield ("".join(words[:size]), *rest)


def meanings(phrase: str, confidence: float, known: Makes) -> list[Said]:
    found = known.key_for(phrase)
    if found is None:
        return []
    key, factor = found
    sure = confidence * factor
    if sure < SURE.get(len(key), SURE_LONG):
        return []
    return [Said(name, key, sure) for name in known.names[key]]


def run_together(word: str, confidence: float, known: Makes) -> list[Said]:
    """A make and its model, or a model and what stands beside it, written without a space."""
    for at in range(len(word) - 1, 2, -1):
        first = meanings(word[:at], confidence, known)
        second = meanings(word[at:], confidence, known)
        for one in first:
            for other in second:
                if one.name.kind == "make" and other.name == Name(
                    "model", one.name.make, other.name.model
                ):
                    return [one, other]
        alone = [one for one in first if one.name.kind == "model" and known.stands_alone(one.key)]
        if alone and any(other.name.kind == "beside" for other in second):
            return alone
    return []
