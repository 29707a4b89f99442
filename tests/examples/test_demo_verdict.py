"""The demo's judgment finds each way in which third parties can differ."""

from collections.abc import Callable
from typing import Any, cast

import pytest

from examples.demo import verdict
from examples.demo.receivers import NAMES, Record
from platewire.testing.scene import TruePassage

TRUTH = [
    TruePassage("AA1", "A A1", "DE", "red", "in", 1.0, 2.0),
    TruePassage("BB2", "B B2", "NL", "blue", "out", 1.5, 2.5),
    TruePassage("AA1", "A A1", "DE", "red", "out", 20.0, 21.0),
]


def record(seq: int, kind: str, true: TruePassage, passage: str, revision: int) -> Record:
    return Record(
        id=f"event-{seq}",
        seq=seq,
        kind=kind,
        passage=passage,
        revision=revision,
        plate=true.text,
        country=true.country,
        direction=true.direction,
        color=true.color,
    )


def records() -> list[Record]:
    """New, updated and lost of each true passage; the first two overlap."""
    order = [(0, 0), (1, 0), (0, 1), (1, 1), (0, 2), (1, 2), (2, 0), (2, 1), (2, 2)]
    kinds = ("new", "updated", "lost")
    return [
        record(seq, kinds[revision], TRUTH[which], f"passage-{which}", revision)
        for seq, (which, revision) in enumerate(order, start=1)
    ]


def received() -> dict[str, list[Record]]:
    return {name: records() for name in NAMES}


def test_equal_and_true_is_no_difference() -> None:
    assert verdict.differences(received(), TRUTH) == []


def test_three_letter_countries_are_the_same_countries() -> None:
    told = received()
    for one in told["tcp client"]:
        one["country"] = {"DE": "DEU", "NL": "NLD"}[one["country"]]
    assert verdict.differences(told, TRUTH) == []


def test_order_of_arrival_does_not_matter_between_receivers() -> None:
    told = received()
    told["tcp client"].reverse()
    assert verdict.differences(told, TRUTH) == []


def change(field: str, value: Any) -> Callable[[list[Record]], None]:
    def apply(some: list[Record]) -> None:
        some[3] = cast(Record, {**some[3], field: value})

    return apply


def drop(some: list[Record]) -> None:
    del some[3]


def invent(some: list[Record]) -> None:
    some.append(record(10, "new", TRUTH[1], "passage-9", 0))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "spoil",
    [
        change("kind", "lost"),
        change("passage", "passage-9"),
        change("revision", 7),
        change("plate", "BB3"),
        change("country", "FR"),
        change("direction", "in"),
        change("color", "green"),
        change("id", "event-99"),
        drop,
        invent,
    ],
)
def test_one_third_party_that_differs_is_found(
    name: str, spoil: Callable[[list[Record]], None]
) -> None:
    told = received()
    spoil(told[name])
    assert any(name in line for line in verdict.differences(told, TRUTH))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda true: true[1:], "AA1 going in was reported, but does not exist in the clip"),
        (
            lambda true: [*true, TruePassage("CC3", "CC3", "PL", "red", "in", 3, 4)],
            "CC3 going in was not reported",
        ),
        (
            lambda true: [TruePassage("AA1", "A A1", "FR", "red", "in", 1, 2), *true[1:]],
            "AA1 is reported with the country DE, it is FR",
        ),
        (
            lambda true: [TruePassage("AA1", "A A1", "DE", "gray", "in", 1, 2), *true[1:]],
            "AA1 is reported with the color red, it is gray",
        ),
    ],
)
def test_all_three_agreeing_on_what_is_not_true_is_found(
    spoil: Callable[[list[TruePassage]], list[TruePassage]], said: str
) -> None:
    assert verdict.differences(received(), spoil(TRUTH)) == [said]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda some: some[1:], "passage of AA1 has the events updated lost"),
        (lambda some: some[:-1], "passage of AA1 has the events new updated"),
        (lambda some: [*some[:2], *some[3:]], "passage of AA1 has the revisions [0, 2]"),
    ],
)
def test_a_broken_life_is_found_where_all_three_tell_it_alike(
    spoil: Callable[[list[Record]], list[Record]], said: str
) -> None:
    told = {name: spoil(records()) for name in NAMES}
    found = verdict.differences(told, TRUTH)
    assert {f"{name}: {said}" for name in NAMES} <= set(found)


def test_first_misreading_is_shown() -> None:
    some = records()
    some[0]["plate"] = "AA7"
    assert [one.misread for one in verdict.passages(some)] == ["AA7", "", ""]
