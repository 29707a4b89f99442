"""What the log holds and what receivers got, compared: nothing lost, nothing invented, in order."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from itertools import groupby, pairwise
from typing import Any, NamedTuple

from tests.acceptance.numberok_client import Received


class Told(NamedTuple):
    """What every channel says of an event; equal ones are the same event."""

    passage_number: int
    kind: str
    text: str
    direction: str


class Logged(NamedTuple):
    seq: int
    revision: int
    told: Told


def read_log(path: str) -> list[Logged]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        rows = connection.execute(
            "SELECT seq, revision, passage_number, kind, plate, direction FROM anpr_event"
            " ORDER BY seq"
        ).fetchall()
    return [Logged(seq, revision, Told(*rest)) for seq, revision, *rest in rows]


def assert_invariants(logged: list[Logged]) -> None:
    """Gapless; each passage one new, updates, one lost; revisions from 0 by 1."""
    assert [entry.seq for entry in logged] == list(range(1, len(logged) + 1))
    for number, events in by_passage(logged):
        kinds = [entry.told.kind for entry in events]
        assert kinds[0] == "new", number
        assert kinds[-1] == "lost", number
        assert set(kinds[1:-1]) <= {"updated"}, number
        assert [entry.revision for entry in events] == list(range(len(events))), number


def by_passage(logged: list[Logged]) -> Iterable[tuple[int, list[Logged]]]:
    ordered = sorted(logged, key=lambda entry: entry.told.passage_number)
    for number, events in groupby(ordered, lambda entry: entry.told.passage_number):
        yield number, list(events)


def assert_received(logged: list[Logged], got: list[Told]) -> None:
    """All of it, nothing else, and in the log's order where first heard."""
    wanted = Counter(entry.told for entry in logged)
    assert set(got) == set(wanted)
    assert Counter(got) >= wanted
    place: dict[Told, int] = {}
    for entry in logged:
        place.setdefault(entry.told, entry.seq)
    first_heard = list(dict.fromkeys(got))
    by_number = sorted(first_heard, key=lambda one: one.passage_number)  # keeps arrival order
    for _, events in groupby(by_number, lambda one: one.passage_number):
        assert all(place[a] < place[b] for a, b in pairwise(events))


def assert_same_bytes(events: list[dict[str, Any]]) -> None:
    """However often an event came, it was the same event."""
    seen: dict[str, str] = {}
    for event in events:
        assert seen.setdefault(event["id"], json.dumps(event)) == json.dumps(event)


def heard(events: Iterable[Received]) -> set[Told]:
    return {told(event) for event in events}


def told(event: Received) -> Told:
    return Told(int(event.vehicle), event.state, event.plate, event.direction)


def told_in_line(event: dict[str, Any]) -> Told:
    number, kind, direction = event["passage_number"], event["kind"], event["direction"]
    return Told(number, kind, event["plate"]["text"], direction)
