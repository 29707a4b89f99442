"""One checker for every history: what was logged, what a receiver got, what was given up."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

from msgspec import structs

from platewire.delivery.events.selection import Selected
from platewire.eventlog.deliveries.records import DeadQuery
from platewire.eventlog.log import EventLog
from platewire.model import Entry
from platewire.outputs.output import OutputSettings

ALL = 1_000_000


async def judge(log: EventLog, settings: OutputSettings, got: Sequence[Entry]) -> None:
    """Nothing lost, nothing made up, order kept, everything given up is accounted for."""
    logged = await log.read(0, ALL)
    selected = await Selected.of(log, settings)
    wanted = {entry.event.seq for entry in await selected.live(logged)}
    dead = {
        letter.seq for letter in await log.deliveries.dead_letters(settings.name, DeadQuery(), ALL)
    }
    arrived = {entry.event.seq for entry in got}
    assert arrived <= wanted, f"sent though nobody asked: {sorted(arrived - wanted)}"
    assert dead <= wanted, f"given up though nobody asked: {sorted(dead - wanted)}"
    assert arrived | dead == wanted, f"lost: {sorted(wanted - arrived - dead)}"
    assert list(await log.deliveries.parked(settings.name)) == [], "parked passages come to an end"
    assert await log.deliveries.cursor(settings.name) == log.last_seq, "the floor is at the end"
    by_seq = {entry.event.seq: entry for entry in logged}
    for entry in got:
        same = structs.replace(entry.event, replayed=False)
        assert same == by_seq[entry.event.seq].event, "changed on the way"
    in_order(got)
    begins_once(got)


def in_order(got: Iterable[Entry]) -> None:
    """No revision comes first after a later one did, but for marked redeliveries."""
    first_arrivals: dict[UUID, list[int]] = defaultdict(list)
    for entry in got:
        revisions = first_arrivals[entry.event.passage]
        if entry.event.revision not in revisions and not entry.event.replayed:
            revisions.append(entry.event.revision)
    for passage, revisions in first_arrivals.items():
        assert revisions == sorted(revisions), f"out of order within passage {passage}"


def begins_once(got: Iterable[Entry]) -> None:
    """The same event of a passage is its first, on every attempt and over restarts."""
    first: dict[UUID, set[int]] = defaultdict(set)
    later: dict[UUID, set[int]] = defaultdict(set)
    for entry in got:
        (first if entry.first else later)[entry.event.passage].add(entry.event.revision)
    for passage, revisions in first.items():
        assert len(revisions) == 1, f"passage {passage} begins more than once"
        assert revisions.isdisjoint(later[passage]), f"passage {passage} begins now so, now so"
        assert min(revisions) <= min(later[passage], default=1000), "its first is not the first"


def repeats(got: Sequence[Entry]) -> int:
    """How often something came that had come before."""
    return len(got) - len({entry.event.id for entry in got})
