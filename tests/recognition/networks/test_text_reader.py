"""How the network's classes become symbols, and its steps become characters."""

import numpy as np
import pytest

from platewire.recognition.networks.text_line import (
    GAP,
    OTHER,
    SEPARATOR,
    SYMBOLS,
    characters_of,
    collapsed,
)
from platewire.recognition.networks.text_reader import Gathering, symbol_of


@pytest.mark.parametrize(
    ("written", "symbol"),
    [
        *(("A", "A"), ("a", "A"), ("7", "7"), ("ö", "Ö"), ("Š", "Š"), ("é", "E"), ("Ａ", "A")),
        *(("-", SEPARATOR), ("·", SEPARATOR), (" ", SEPARATOR), ("°", SEPARATOR), (":", SEPARATOR)),
        *(("l", "I"), ("口", "0"), ("新", OTHER), ("ß", OTHER)),
    ],
)
def test_a_class_stands_for_a_symbol(written: str, symbol: str) -> None:
    assert symbol_of(written) == symbol


def test_equal_neighbors_are_one_unless_a_gap_parts_them() -> None:
    assert collapsed(np.array([0, 5, 5, 0, 5, 7, 7, 0])) == [5, 5, 7]


def test_cases_of_a_letter_share_their_chances() -> None:
    gathering = Gathering((GAP, "O", "o", "0", "新"))
    gathered = gathering.gather(np.array([[0.1, 0.3, 0.3, 0.2, 0.1]], np.float32))
    chances = dict(zip(SYMBOLS, gathered[0].tolist(), strict=True))
    assert chances["O"] == pytest.approx(0.6)
    assert chances["0"] == pytest.approx(0.2)
    assert chances[OTHER] == pytest.approx(0.1)
    assert sum(chances.values()) == pytest.approx(1)


def steps(*rows: dict[str, float]) -> np.ndarray:
    return np.array([[row.get(symbol, 0.0) for symbol in SYMBOLS] for row in rows], np.float32)


def test_a_character_keeps_what_else_it_may_be() -> None:
    chances = steps({GAP: 1}, {"8": 0.6, "B": 0.4}, {"8": 0.7, "B": 0.3}, {GAP: 1}, {"1": 1.0})
    first, second = characters_of(chances, 1.0)
    assert (first.symbol, second.symbol) == ("8", "1")
    assert first.chance == pytest.approx(0.7)
    assert [symbol for symbol, _ in first.others] == ["B"]
    assert first.at < second.at <= 1


def test_nothing_but_gaps_is_no_character() -> None:
    assert characters_of(steps({GAP: 1}, {GAP: 0.9, "1": 0.1}), 1.0) == ()
