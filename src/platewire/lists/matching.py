"""How two plates match: exactly, by look-alike characters, or within one edit. Pure.

Look-alike characters form classes (such as 0 D O Q), built from the pairs that `country` names as
easily confused; the relation is transitive. So a text folds to one key, and all look-alike texts
have the same key. An edit is one wrong, missing or additional character.
"""

from platewire.country import LOOKALIKES
from platewire.lists.settings import Mode

CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
COST_MAX = 0.6
"""Pairs of `LOOKALIKES` up to this cost are one class; beyond it half the alphabet would be."""


def classes() -> dict[str, str]:
    """Each character's class, named by its first member in the order of `CHARACTERS`."""
    named = {char: char for char in CHARACTERS}
    for pair, cost in LOOKALIKES.items():
        if cost <= COST_MAX:
            first, second = sorted(named[char] for char in pair)
            named = {char: first if name == second else name for char, name in named.items()}
    return named


_FOLD = str.maketrans(classes())


def fold(text: str) -> str:
    """The key that all texts alike to this one share. `text` is A-Z0-9."""
    return text.translate(_FOLD)


def within_one_edit(first: str, second: str) -> bool:
    """Whether at most one character is wrong, missing or too many."""
    short, long = sorted((first, second), key=len)
    if len(long) - len(short) > 1:
        return False
    at = next((i for i, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    rest = short[at + 1 :] if len(short) == len(long) else short[at:]
    return rest == long[at + 1 :]


def how(seen: str, listed: str, *, partial: bool = False) -> Mode | None:
    """The strictest way in which the two match; None where they do not.

    A `partial` plate lacks characters, so what is equal to its text is at least one edit away."""
    if partial:
        return Mode.ONE_EDIT if within_one_edit(seen, listed) else None
    if seen == listed:
        return Mode.EXACT
    if fold(seen) == fold(listed):
        return Mode.LOOK_ALIKE
    return Mode.ONE_EDIT if within_one_edit(seen, listed) else None


def neighbors(text: str) -> set[str]:
    """Every text within one edit of this one, itself too: some 70 for each character.

    As their number has nothing to do with the length of a list, looking all of them up costs the
    same for ten entries and for a million.
    """
    found = {text}
    for at in range(len(text) + 1):
        before, after = text[:at], text[at:]
        found.update(before + char + after for char in CHARACTERS)
        if after:
            found.add(before + after[1:])
            found.update(before + char + after[1:] for char in CHARACTERS)
    return found
