"""How plates are written down: the normal form, and which characters look alike.

Normal form is what all comparing is done in: A-Z and 0-9, upper case, nothing else.
"""

import unicodedata

CYRILLIC = str.maketrans("АВЕКМНОРСТУХІЈЅ", "ABEKMHOPCTYXIJS")
"""Cyrillic letters that Latin ones look like; Ukrainian and Russian plates use only these."""

GREEK = str.maketrans("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX")
"""Greek letters that Latin ones look like; Greek plates use only these."""

FOLDED = str.maketrans({"Ø": "O", "Đ": "D", "Ł": "L", "ß": "SS", "Æ": "AE", "Œ": "OE"})
"""Letters that Unicode does not take apart into a plain one and a mark."""

LOOKALIKES: dict[frozenset[str], float] = {
    frozenset(pair): cost
    for cost, pairs in (
        (0.3, ("O0", "I1")),
        (0.6, ("Q0", "D0", "OQ", "B8", "S5", "Z2", "L1")),
        (0.9, ("G6", "OD", "VY", "UV", "T7", "Z7", "A4", "CG", "MN", "JI", "J1", "CO", "C0")),
        (1.0, ("QD", "VW", "KX", "PR", "EF", "HM", "HN", "B3", "U0", "S8", "39", "17", "08", "RB")),
        (1.2, ("G9", "G0", "EB", "WM", "XY", "MW", "PF", "86", "68", "38", "27", "56", "G8", "T1")),
    )
    for pair in pairs
}
"""What it costs to take one character for the other, in powers of ten: 1 is one time in ten."""


def normalize(text: str) -> str:
    """A-Z and 0-9 only, upper case; marks folded (Ö to O), look-alike alphabets made Latin."""
    return "".join(char for char in _latin(text) if char.isascii() and char.isalnum())


def keep_letters(text: str) -> str:
    """Upper case letters and digits of any alphabet, marks kept (ÖL 12 to ÖL12)."""
    composed = unicodedata.normalize("NFC", text).upper()
    return "".join(char for char in composed if char.isalnum())


def _latin(text: str) -> str:
    upper = text.upper().translate(CYRILLIC).translate(GREEK).translate(FOLDED)
    return unicodedata.normalize("NFKD", upper).upper()


def confusion(seen: str, meant: str) -> float | None:
    """Cost of `seen` standing for `meant`, in powers of ten; None where they do not look alike."""
    if seen == meant:
        return 0.0
    return LOOKALIKES.get(frozenset((seen, meant)))


SIMILAR_COST = 0.6
"""Characters are said to look the same where taking one for the other costs no more than this."""


def _similar() -> dict[str, str]:
    """Each character to the first one, by code, of those that look the same, directly or not."""
    groups: list[set[str]] = []
    for pair, cost in LOOKALIKES.items():
        if cost <= SIMILAR_COST:
            touching = [group for group in groups if group & pair]
            groups = [group for group in groups if not group & pair]
            groups.append(set(pair).union(*touching))
    return {char: min(group) for group in groups for char in group}


SIMILAR = str.maketrans(_similar())
"""0 for O, Q and D; 1 for I and L; 8 for B; 5 for S; 2 for Z."""


def folded(text: str) -> str:
    """A text in normal form with characters that look the same made one: equal for two texts that
    may be taken for each other. Databases keep it: a change here needs a migration there."""
    return text.translate(SIMILAR)
