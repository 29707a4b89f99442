"""One checker for every history: what was logged, what a receiver got, what was given up."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

from msgspec import structs

from platewire.eventlog.letters import DeadQuery
from platewire.eventlog.log import EventLog
from platewire.model import Entry
from platewire.transfers.transfer import TransferSettings

ALL = 1_000_000


async def judge(log: EventLog, settings: TransferSettings, got: Sequence[Entry]) -> None:
    """Nothing lost, nothing made up, order kept, everything given up is accounted for."""
    logged = await log.read(0, ALL)
    wanted = {entry.event.seq for entry in logged if settings.selects(entry)}
    dead = {letter.seq for letter in await log.dead(settings.name, DeadQuery(), ALL)}
    arrived = {entry.event.seq for entry in got}
    assert arrived <= wanted, f"sent though nobody asked: {sorted(arrived - wanted)}"
    assert dead <= wanted, f"given up though nobody asked: {sorted(dead - wanted)}"
    assert arrived | dead == wanted, f"lost: {sorted(wanted - arrived - dead)}"
    assert list(await log.parked(settings.name)) == [], "parked passages come to an end"
    assert await log.cursor(settings.name) == log.last_seq, "the floor is at the end"
    by_seq = {entry.event.seq: entry for entry in logged}
    for entry in got:
        same = structs.replace(entry.event, replayed=False)
        assert same == by_seq[entry.event.seq].event, "changed on the way"
    in_order(got)


def in_order(got: Iterable[Entry]) -> None:
    """No revision comes first after a later one did, but for marked redeliveries."""
    first_arrivals: dict[UUID, list[int]] = defaultdict(list)
    for entry in got:
        revisions = first_arrivals[entry.event.passage]
        if entry.event.revision not in revisions and not entry.event.replayed:
            revisions.append(entry.event.revision)
    for passage, revisions in first_arrivals.items():
        assert revisions == sorted(revisions), f"out of order within passage {passage}"


def repeats(got: Sequence[Entry]) -> int:
    """How often something came that had come before."""
    return len(got) - len({entry.event.id for entry in got})
