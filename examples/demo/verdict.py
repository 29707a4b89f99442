"""Whether the receivers agree with each other and with the truth. Pure; says where they differ.

Compared are: the events by id, in every field that each receiver stores; the life of each
passage (one `new` first, one `lost` last, revisions rising by one); and the passages as they ended
against what really drove through the clip.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from examples.demo.receivers import Record
from platewire.testing.scene import TruePassage
from platewire.wire import iso3166

FIELDS = ("kind", "passage", "revision", "plate", "country", "direction", "color")


@dataclass(frozen=True, slots=True)
class Seen:
    """A passage as one receiver knows it."""

    events: tuple[Record, ...]

    @property
    def first(self) -> Record:
        return self.events[0]

    @property
    def last(self) -> Record:
        return self.events[-1]

    @property
    def misread(self) -> str:
        """The text it was first taken for, where that was another."""
        return "" if self.first["plate"] == self.last["plate"] else self.first["plate"]

    def count(self, kind: str) -> int:
        return sum(event["kind"] == kind for event in self.events)


@dataclass(frozen=True, slots=True)
class Row:
    """A passage that was seen, or should have been, or both."""

    seen: Seen | None
    true: TruePassage | None


def passages(records: Sequence[Record]) -> list[Seen]:
    """In the order in which they began."""
    events: dict[str, list[Record]] = {}
    for record in sorted(records, key=lambda record: record["seq"]):
        events.setdefault(record["passage"], []).append(record)
    return [Seen(tuple(some)) for some in events.values()]


def matched(seen: Sequence[Seen], truth: Sequence[TruePassage]) -> list[Row]:
    """Each passage seen beside the true one of the same text and direction; then what is missing.

    Order is not compared: of two cars side by side either may be read first.
    """
    missing = list(truth)
    rows = []
    for passage in seen:
        found = next((true for true in missing if is_same(passage, true)), None)
        if found is not None:
            missing.remove(found)
        rows.append(Row(passage, found))
    return rows + [Row(None, true) for true in missing]


def is_same(seen: Seen, true: TruePassage) -> bool:
    return (seen.last["plate"], seen.last["direction"]) == (true.text, true.direction)


def differences(
    received: Mapping[str, Sequence[Record]], truth: Sequence[TruePassage]
) -> list[str]:
    """Empty when all is as it should be."""
    found = []
    names = list(received)
    for name in names[1:]:
        found += between(names[0], received[names[0]], name, received[name])
    for name in names:
        found += [f"{name}: {what}" for what in of_lives(passages(received[name]))]
    return found + against_truth(matched(passages(received[names[0]]), truth))


def between(one: str, ours: Sequence[Record], other: str, theirs: Sequence[Record]) -> list[str]:
    mine, yours = by_id(ours), by_id(theirs)
    found = [f"{other} lacks {said(mine[key])}" for key in mine if key not in yours]
    found += [f"{one} lacks {said(yours[key])}" for key in yours if key not in mine]
    for key in mine.keys() & yours.keys():
        for field in FIELDS:
            if value(mine[key], field) != value(yours[key], field):
                found.append(
                    f"{said(mine[key])}: {field} is {value(mine[key], field)!r} for the {one}, "
                    f"{value(yours[key], field)!r} for the {other}"
                )
    return found


def by_id(records: Sequence[Record]) -> dict[str, Record]:
    return {record["id"]: record for record in records}


def value(record: Record, field: str) -> object:
    """NumberOk's forms spell a country with three letters, ours with two."""
    found = dict(record)[field]
    return iso3166.alpha2(str(found)) or found if field == "country" else found


def said(record: Record) -> str:
    return f"event {record['seq']} ({record['kind']} {record['plate']})"


def of_lives(seen: Sequence[Seen]) -> list[str]:
    """Passages whose events do not come as new, updated ..., lost with rising revisions."""
    found = []
    for passage in seen:
        kinds = [event["kind"] for event in passage.events]
        right = ["new", *["updated"] * (len(kinds) - 2), "lost"]
        if kinds != right:
            found.append(f"passage of {passage.last['plate']} has the events {' '.join(kinds)}")
        revisions = [event["revision"] for event in passage.events]
        if revisions != list(range(len(revisions))):
            found.append(f"passage of {passage.last['plate']} has the revisions {revisions}")
    return found


def against_truth(rows: Sequence[Row]) -> list[str]:
    found = []
    for row in rows:
        if row.seen is None and row.true is not None:
            found.append(f"{row.true.text} going {row.true.direction} was not reported")
        elif row.seen is not None and row.true is None:
            last = row.seen.last
            found.append(
                f"{last['plate']} going {last['direction']} was reported, but does not exist in "
                "the clip"
            )
        elif row.seen is not None and row.true is not None:
            found += of_facts(row.seen.last, row.true)
    return found


def of_facts(last: Record, true: TruePassage) -> list[str]:
    facts = (("country", last["country"], true.country), ("color", last["color"], true.color))
    return [
        f"{true.text} is reported with the {name} {reported or 'unknown'}, it is {really}"
        for name, reported, really in facts
        if reported != really
    ]
