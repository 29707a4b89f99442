"""Finds a plate in any text, and distinguishes it from longer plates that contain it.

`BAB12` is found in `opened for BAB12`, but not in `BAB123` if that is another known plate. Unknown
texts count as the plate: it is better to erase too much than too little. Spellings that may occur
by chance count as whole values only.
"""

import re
from collections.abc import Collection, Iterable
from mmap import mmap
from typing import TypeVar

PROVABLE_LENGTH = 5
"""Bytes that are shorter occur by chance in pictures."""

T = TypeVar("T")


def provable(written: Iterable[str]) -> list[str]:
    """Those that cannot stand anywhere by chance: long enough, and not of digits alone."""
    return sorted(
        each for each in written if len(each) >= PROVABLE_LENGTH and re.search(r"[^0-9]", each)
    )


def longer(texts: Iterable[str], written: Collection[str]) -> set[str]:
    """Those that hold a spelling and are none themselves."""
    return {text for text in texts if text not in written and any(each in text for each in written)}


class PlateMatcher:
    """`written` are the spellings of the plate, `others` texts of other plates."""

    def __init__(self, written: Collection[str], others: Iterable[str]) -> None:
        self.written = frozenset(written)
        self.provable = provable(written)
        whole = [f'"{each}"' for each in self.written.difference(self.provable)]
        self.patterns = tuple(_longest_first([*self.provable, *whole]))
        """Text that holds the plate holds one of these, or is one of `written`."""
        passed_over = _longest_first(longer(others, self.written))
        self._plate = _expression(passed_over, self.patterns)
        self._bytes = _expression(passed_over, self.provable)

    def stands_in(self, value: object) -> bool:
        """`value` is text, or JSON as bytes; in anything else nothing stands."""
        if not isinstance(value, str | bytes):
            return False
        return value in self.written or _holds(self._plate, _raw(value))

    def stands_in_bytes(self, data: bytes | mmap) -> bool:
        """Of any file; only what is provable can be found."""
        return bool(self.provable) and _holds(self._bytes, data)

    def taken_out(self, value: T, name: str) -> T | str | bytes:
        """`value` with `name` wherever the plate stands."""
        if not isinstance(value, str | bytes):
            return value
        if value in self.written:
            return name
        left = self._plate.sub(lambda match: _renamed(match, name.encode()), _raw(value))
        return left.decode() if isinstance(value, str) else left


def _raw(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


def _longest_first(texts: Iterable[str]) -> list[str]:
    return sorted(texts, key=lambda text: (-len(text), text))


def _expression(others: Iterable[str], wanted: Iterable[str]) -> re.Pattern[bytes]:
    """Group 1 is the plate; others are passed over as a whole."""
    plates = [re.escape(text.encode()) for text in others]
    plate = b"|".join(re.escape(text.encode()) for text in wanted)
    return re.compile(b"|".join([*plates, b"(%b)" % plate]))


def _holds(expression: re.Pattern[bytes], data: bytes | mmap) -> bool:
    return any(match[1] is not None for match in expression.finditer(data))


def _renamed(match: re.Match[bytes], name: bytes) -> bytes:
    if match[1] is None:
        return match[0]
    return b'"%b"' % name if match[1].startswith(b'"') else name
