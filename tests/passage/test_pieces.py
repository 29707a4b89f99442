"""Passages of plates that are cut off by the edge of the frame in some of their reads."""

from typing import Any

import pytest

from platewire.model import Read
from platewire.passage.settings import PassageSettings
from tests.passage.scene import Camera, read_of

Said = list[tuple[str, str, str | None, bool]]


def piece(text: str, ms: float, confidence: float = 1.0) -> Read:
    return read_of(text, ms, country=None, confidence=confidence, width=80, partial=True)


def told(*reads: Read, **settings: Any) -> Said:
    camera = Camera(PassageSettings(**settings))
    camera.watch(reads)
    camera.end()
    return [
        (str(each.kind), each.plate.text, each.plate.country, each.plate.partial)
        for each in camera.changes
    ]


def test_a_piece_never_replaces_the_text_of_the_whole_plate() -> None:
    whole = [read_of("PH792N", 100 * i, country="NL", confidence=0.8) for i in range(2)]
    pieces = [piece("PH792", 200 + 100 * i) for i in range(20)]
    assert told(*whole, *pieces) == [
        ("new", "PH792N", "NL", False),
        ("lost", "PH792N", "NL", False),
    ]


def test_the_whole_plate_replaces_a_piece_that_was_read_more_often() -> None:
    pieces = [piece("PH792", 100 * i) for i in range(20)]
    whole = [read_of("PH792N", 2000 + 100 * i, country="NL", confidence=0.8) for i in range(2)]
    assert told(*pieces, *whole) == [
        ("new", "PH792", None, True),
        ("updated", "PH792N", "NL", False),
        ("lost", "PH792N", "NL", False),
    ]


def test_a_plate_that_was_never_seen_whole_is_partial_to_the_end() -> None:
    pieces = [piece(text, 100 * i) for i, text in enumerate(["PH792"] * 3 + ["H792"] * 2)]
    assert told(*pieces) == [("new", "PH792", None, True), ("lost", "PH792", None, True)]


@pytest.mark.parametrize("decision", ["vote", "confidence", "statistics"])
def test_however_the_text_is_chosen_it_is_that_of_the_whole_plate(decision: str) -> None:
    reads = [read_of("PH792N", 0, confidence=0.6), *(piece("PH792", 100 + i) for i in range(9))]
    reads.append(read_of("PH792N", 1000, confidence=0.6))
    assert told(*reads, decision=decision)[-1][1] == "PH792N"


def test_pieces_confirm_the_characters_that_they_share() -> None:
    reads = [read_of("PH792N", 0, confidence=0.7), read_of("PH752N", 100, confidence=0.9)]
    assert told(*reads)[-1][1] == "PH752N"
    assert told(*reads, piece("PH792", 200))[-1][1] == "PH792N", "two whole texts, one confirmed"
    assert told(*reads, piece("PH732", 200))[-1][1] == "PH752N", "a piece adds no character"


def test_pieces_do_not_count_as_reads_of_the_whole_plate() -> None:
    """A relay opens by that number; that there is a vehicle, a piece says as well."""
    camera = Camera(PassageSettings(hold_back=1))
    camera.watch([piece("PH792", 0), read_of("PH792N", 100)])
    camera.watch([read_of("PH792N", 200), piece("PH792", 300)])
    camera.end()
    assert [(change.plate.partial, change.reads) for change in camera.changes] == [
        (False, 1),
        (False, 2),
    ]


def test_a_whole_plate_that_stops_at_the_edge_stays_whole() -> None:
    whole = [read_of("PH792N", 100 * i, country="NL", confidence=0.7) for i in range(2)]
    edge = [piece("PH792N", 200 + 100 * i) for i in range(20)]
    assert told(*whole, *edge) == [("new", "PH792N", "NL", False), ("lost", "PH792N", "NL", False)]


def test_a_piece_once_taken_for_whole_does_not_shorten_a_longer_piece() -> None:
    pieces = [piece("PH792", 100 * i) for i in range(9)]
    missed = [read_of("H792", 900, country="DE"), read_of("H792", 1000, country="DE")]
    assert told(*pieces, *missed)[-1] == ("lost", "PH792", None, True)


def test_the_same_text_is_whole_once_most_reads_saw_the_whole_plate() -> None:
    pieces = [piece("PH792N", 100 * i, 0.9) for i in range(2)]
    whole = [read_of("PH792N", 200 + 100 * i, country="NL") for i in range(4)]
    said = told(*pieces, *whole)
    assert said[0] == ("new", "PH792N", None, True)
    assert said[-1] == ("lost", "PH792N", "NL", False)


def test_a_country_that_was_told_stays_while_another_is_no_stronger() -> None:
    """As of a truck whose text fits the forms of two countries."""
    countries = ["CZ", "CZ", *["IE"] * 3, *["CZ"] * 2, *["IE"] * 2]
    reads = [read_of("161D1234", 100 * i, country=each) for i, each in enumerate(countries)]
    assert [country for _, _, country, _ in told(*reads)] == ["CZ", "CZ"]


def test_a_country_changes_on_clearly_stronger_evidence() -> None:
    countries = ["CZ"] * 2 + ["IE"] * 6
    reads = [read_of("161D1234", 100 * i, country=each) for i, each in enumerate(countries)]
    assert [country for _, _, country, _ in told(*reads)] == ["CZ", "IE", "IE"]


def test_pieces_are_no_alternatives_of_the_whole_plate() -> None:
    camera = Camera(PassageSettings())
    camera.watch([read_of("PH792N", 100 * i) for i in range(2)])
    camera.watch([piece("PH792", 200 + 100 * i) for i in range(5)])
    (lost,) = camera.end()
    assert lost.plate.candidates == ()
