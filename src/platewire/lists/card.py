"""The access card of an entry, as a Wiegand reader sends it. Pure.

The number of bits identifies the format; ranges are those of the bits between the parity bits:

    26   facility 8 bits, number 16 bits (HID's open format H10301)
    34   facility 16 bits, number 16 bits
    64   no facility, number 64 bits
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

FIELDS = ("card_facility", "card_number", "card_bits")


class Layout(NamedTuple):
    facility_bits: int
    """0: the format has no facility code."""
    number_bits: int


LAYOUTS = {26: Layout(8, 16), 34: Layout(16, 16), 64: Layout(0, 64)}
KNOWN = "26, 34 or 64"
DIGITS_MAX = 20
"""Digits of 2 ** 64; longer numbers are not parsed."""
SHORTENED = re.compile(r"[+-]?\d+(?:[.,]\d+)?[eE][+-]?\d+|\d+[.,]\d+")
"""A long number as rounded by a spreadsheet."""


class Fault(NamedTuple):
    """An error: the field, the value seen, the reason and the remedy."""

    field: str
    value: str
    reason: str
    remedy: str


def spelled(given: Mapping[str, str]) -> dict[str, str] | Fault:
    """The three fields as decimal numbers without leading zeros; all empty without a card.

    `given` are the fields as entered.
    """
    written = {name: given.get(name, "") for name in FIELDS}
    if not any(written.values()):
        return written
    for name, text in written.items():
        if fault := _no_number(name, text):
            return fault
    found = {name: text.lstrip("0") or text[:1] for name, text in written.items()}
    bits = found["card_bits"]
    if bits not in map(str, LAYOUTS):
        why = "not a supported card length" if bits else "it is missing, but the entry has a card"
        return Fault("card_bits", bits, why, f"set the number of bits of the card: {KNOWN}")
    layout = LAYOUTS[int(bits)]
    sizes = {"card_facility": layout.facility_bits, "card_number": layout.number_bits}
    faults = (_out_of_range(name, found[name], size, bits) for name, size in sizes.items())
    return next(filter(None, faults), found)


def _no_number(field: str, text: str) -> Fault | None:
    if re.fullmatch(r"[0-9]*", text):
        return None
    if SHORTENED.fullmatch(text):
        reason = "a spreadsheet has rounded it, so digits are lost"
        return Fault(
            field, text, reason, "format the column as text in the spreadsheet and enter it again"
        )
    return Fault(field, text[:40], "it is not a whole number", "use decimal digits")


def _out_of_range(field: str, text: str, size: int, bits: str) -> Fault | None:
    if size == 0:
        remedy = "leave it empty, and write the whole card number into card_number"
        return (
            Fault(field, text, f"a {bits}-bit card has no facility code", remedy) if text else None
        )
    most = 2**size - 1
    if text and len(text) <= DIGITS_MAX and int(text) <= most:
        return None
    reason = f"it exceeds {size} bits" if text else "it is missing"
    remedy = f"use 0 to {most} for a {bits}-bit card"
    return Fault(field, text[:40], reason, remedy)
