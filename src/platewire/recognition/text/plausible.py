"""Whether a line of text is a number plate, from the text alone.

Streets are full of text: dealers' names, TAXI, phone numbers, dates that a camera writes into its
own picture. A line whose text fits a known country's form is a plate, unless its spelling gives it
away as something else; a line of unknown form must mix letters and digits as plates do.
"""

import re
from collections.abc import Mapping, Sequence

from platewire.country import (
    FREE_CHOICE,
    KNOWN,
    PlateForms,
    Understanding,
    breaks_of,
    normalize,
)
from platewire.recognition.networks.text_line import OTHER, Character, TextLine

LENGTHS = range(4, 11)
"""Characters of a plate of a known form."""
UNKNOWN_LENGTHS = range(5, 9)
"""Characters of a plate of a form that no table has."""

PLATE_LENGTHS = range(2, 11)
"""Characters where a plate was found by its looks."""

INDISTINCT = ({"O", "0"}, {"I", "1"})
"""Characters that many plates draw alike: only the form tells which it is."""
LOOKS_SURE = 0.75
"""A country that is named by the plate's looks alone must be as likely as this."""
LOOKS_MIN = 0.1
"""A country whose chance by the plate's looks is less does not have its form put right."""
REPAIR_SURE = 0.85
"""Other characters that were read more surely than this, with no alternative, are left alone."""

SMALL = re.compile("[abdefghmnqrty]")
"""Small letters that do not look like their capitals; plates have capitals only."""
SIGNS = re.compile(r"[/@#&+=$€£!?()\[\]<>]|:.*:|\.COM|\.NET|WWW")
"""Signs of times, dates, addresses, prices; no plate has them."""
DATED = re.compile(
    r"(19|20)\d\d[-. ](0\d|1[0-2])[-. ][0-3]\d"
    r"|[0-3]\d[-. ](0\d|1[0-2])[-. ](19|20)\d\d"
    r"|\d{1,2}[-. ]?(JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)[A-Z]*[-. ]?\d{2,4}"
    r"|\d+[-. ]?(AM|PM|FPS|KM|MPH|KMH|KBPS)$",
)
"""What cameras write into their pictures."""
FRINGE_SURE = 0.8
"""First and last characters less sure than this may be no characters."""

SIGNPOSTED = "AMBULANCE|BUS|EXIT|POLICE|STOP|TAXI"
"""Words that stand on signs, alone or beside a number."""
WORDS = re.compile(
    rf"^({SIGNPOSTED}|CAM|CAMERA|CHANNEL|CH|IPC|IPCAM|DVR|NVR|POLIZEI|POLITIE|POLICIA"
    r"|TEL|FAX|WWW|HTTP|ZONE|KM|GMT|UTC|FRAME|FPS)[-. ]*\d*$"
)
"""Words that stand in the picture beside a number, and are no plate with it."""
WORD = re.compile(rf"({SIGNPOSTED}|ENTRANCE|PARKING)$")
"""Words of signs; of plates that owners choose none is one."""


def text_of(line: TextLine) -> str:
    return normalize(line.text)


def looks_foreign(line: TextLine) -> bool:
    """Whether the spelling gives the line away as no plate at all."""
    written = line.written
    letters = sum(char.isalpha() for char in written)
    small = len(SMALL.findall(written))
    return bool(
        OTHER in line.text
        or SIGNS.search(written.upper())
        or DATED.search(written.upper())
        or WORDS.match(written.upper())
        or small > max(1, letters // 4)
    )


def understood(
    line: TextLine, expected: Sequence[str], forms: PlateForms = KNOWN
) -> Understanding | None:
    """The line as a plate; None where it is none."""
    text = text_of(line)
    if len(text) not in LENGTHS or not mixed(text) or looks_foreign(line):
        return None
    found = forms.understand(text, confidences_of(line), expected, breaks_of(line.text))
    if not found.exact:
        found = without_fringe(line, expected, forms) or found
    return found if found.known or may_be_unknown(text, expected) else None


def understood_plate(
    line: TextLine,
    expected: Sequence[str],
    seen: Mapping[str, float],
    forms: PlateForms = KNOWN,
) -> Understanding | None:
    """The line as a plate, where a plate is known to be: owners' words and odd forms count too.

    `seen` are the countries by the plate's looks, with their chances; empty says nothing. What was
    read surely is not repaired to fit a form, as there are more forms than any table has."""
    text = text_of(line)
    if len(text) not in PLATE_LENGTHS or OTHER in line.text or WORD.match(text):
        return None
    found = forms.understand(text, confidences_of(line), expected, breaks_of(line.text), seen)
    if not found.exact:
        found = without_fringe(line, expected, forms) or found
    changed = found.text != text
    if changed and not (may_mean(line, found) and looks_allow(found.country, expected, seen)):
        found = as_read(line)
    if chosen_freely(found.country, expected, seen):
        found = as_read(line)._replace(known=found.known)
    if found.country is None:
        found = found._replace(country=by_looks(seen, found.known))
    return found if found.known or mixed(found.text) or is_free_choice(expected, seen) else None


def of_piece(line: TextLine, found: Understanding) -> Understanding:
    """What is said of a line that lacks characters: the text as it was read. A country by its form
    or by the looks of what remains would be a guess; `known`, whether it is a plate, stays."""
    return as_read(line)._replace(known=found.known)


def by_looks(seen: Mapping[str, float], known: bool) -> str | None:
    """The country that the looks are sure of, where the text is no form that is `known`: a wish of
    the owner, or something that no table has. Of countries of free choice no table has all forms,
    so there it always counts."""
    likeliest = max(seen, key=lambda code: seen[code], default=None)
    if likeliest is None or seen[likeliest] < LOOKS_SURE:
        return None
    return likeliest if likeliest in FREE_CHOICE or not known else None


def chosen_freely(country: str | None, expected: Sequence[str], seen: Mapping[str, float]) -> bool:
    """Whether a text that has the form of `country` is rather one that an owner chose elsewhere.

    So it is where the looks are sure of a country of free choice, and not at all of `country`."""
    likeliest = max(seen, key=lambda code: seen[code], default=None)
    if country is None or country in expected or likeliest not in FREE_CHOICE:
        return False
    return seen[likeliest] >= LOOKS_SURE and seen.get(country, 0.0) < LOOKS_MIN


def is_free_choice(expected: Sequence[str], seen: Mapping[str, float]) -> bool:
    """Whether the plate is of a country where owners choose words; elsewhere a word is a badge."""
    return any(code in expected or seen.get(code, 0.0) >= 0.5 for code in FREE_CHOICE)


def looks_allow(country: str | None, expected: Sequence[str], seen: Mapping[str, float]) -> bool:
    """Whether a text may be put right for this country's form, by the plate's looks."""
    if not seen or country in expected:
        return True
    if country is None:
        return max(seen.values()) < 0.5
    return seen.get(country, 0.0) >= LOOKS_MIN


def may_mean(line: TextLine, found: Understanding) -> bool:
    """Whether each repair is of a character that was doubtful, or cannot be told apart."""
    characters = [one for one in line.characters if normalize(one.symbol)]
    pairs = zip(characters[found.start :], found.text, strict=False)
    return all(may_be(character, kept) for character, kept in pairs)


def may_be(character: Character, kept: str) -> bool:
    said = normalize(character.symbol)
    if said == kept or {said, kept} in INDISTINCT or character.chance < REPAIR_SURE:
        return True
    return any(normalize(other) == kept for other, _ in character.others)


def as_read(line: TextLine) -> Understanding:
    """The text as it stands, of no known form."""
    text = text_of(line)
    return Understanding(text, text, None, None, 0.0, "", known=False)


def without_fringe(
    line: TextLine, expected: Sequence[str], forms: PlateForms
) -> Understanding | None:
    """The line without an unsure first or last character, which may be the plate's frame, band or
    coat of arms; only if what remains fits a known form as it is."""
    text, sure = text_of(line), confidences_of(line)
    for start, end, edge in ((1, len(text), sure[0]), (0, len(text) - 1, sure[-1])):
        rest = text[start:end]
        if edge < FRINGE_SURE and len(rest) in LENGTHS:
            moved = frozenset(at - start for at in breaks_of(line.text) if start < at < end)
            found = forms.understand(rest, sure[start:end], expected, moved)
            if found.exact and not found.band:
                return found._replace(start=start)
    return None


def mixed(text: str) -> bool:
    """Letters and digits as they were read: a repair makes no plate of a word or a year."""
    return not text.isalpha() and not text.isdigit()


def may_be_unknown(text: str, expected: Sequence[str]) -> bool:
    """Whether a text of no known form may be a plate of some other country or a wish of its owner.

    A single digit is more often a word misread, but where owners choose their texts it counts."""
    digits = sum(char.isdigit() for char in text)
    return len(text) in UNKNOWN_LENGTHS and digits >= (1 if FREE_CHOICE & set(expected) else 2)


def confidences_of(line: TextLine) -> tuple[float, ...]:
    """One for each character of the line's text in normal form."""
    return tuple(
        character.chance for character in line.characters for _ in normalize(character.symbol)
    )
