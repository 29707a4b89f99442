"""Which events are sent, against a plain model that looks at whole passages."""

import random
from collections.abc import Collection, Sequence
from itertools import groupby
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from platewire.model import Direction, Entry, Event, Kind, ListHit
from platewire.outputs import selector
from platewire.outputs.output import Changed, OutputSettings
from platewire.outputs.selector import InForce, Selector
from platewire.passage.estimate import FIELDS
from platewire.testing.clock import FakeClock
from platewire.testing.memory_log import MemoryLog
from platewire.testing.sample_events import passage_events

LISTED = (ListHit("wanted", "exact", "watch", "WANT01"),)
SETTINGS = st.builds(
    OutputSettings,
    name=st.just("x"),
    events=st.sampled_from(["all", "parking", "traffic", "lost_only", ("updated",)]).map(
        lambda events: tuple(map(Kind, events)) if isinstance(events, tuple) else events
    ),
    lists=st.sampled_from([(), ("wanted",)]),
    min_confidence=st.sampled_from([0.0, 0.8]),
    directions=st.sampled_from([(), (Direction.IN,)]),
    zones=st.sampled_from([(), ("entry",)]),
    cameras=st.sampled_from([(), ("gate",)]),
    changes=st.sampled_from([(), ("plate", "lists")]),
)


def event_of(event: Event, chance: random.Random) -> Event:
    """Like it, with whatever the filters look at by chance."""
    return structs.replace(
        event,
        changed=chance.choice([("images",), ("plate.text", "lists"), ("direction",)]),
        lists=chance.choice([(), LISTED]),
        direction=chance.choice(list(Direction)),
        zone=chance.choice([None, "entry"]),
        plate=structs.replace(event.plate, confidence=chance.choice([0.5, 0.9])),
    )


def happenings(chance: random.Random, passages: int) -> list[Event]:
    queues = [
        [
            event_of(event, chance)
            for event in passage_events(
                number, updates=chance.randint(0, 4), camera=chance.choice(["gate", "yard"])
            )
        ]
        for number in range(1, passages + 1)
    ]
    mixed = []
    while any(queues):
        mixed.append(chance.choice([queue for queue in queues if queue]).pop(0))
    return mixed


def expected(events: Sequence[Event], in_force: InForce) -> dict[int, bool]:
    """By seq of what is sent, whether it is the first of its passage."""
    sent: dict[int, bool] = {}
    for _, passage in groupby(
        sorted(events, key=lambda it: (it.passage, it.seq)), lambda it: it.passage
    ):
        reported, began = False, False
        for event in passage:
            now = [settings for start, settings in in_force if start <= event.seq][-1:]
            reported = reported or any(settings.matches(event) for settings in now)
            for settings in now:
                mere = event.kind is Kind.UPDATED and not _tells(event, settings.changes)
                if reported and event.kind in settings.kinds and not (mere and began):
                    sent[event.seq], began = not began, True
    return sent


def _tells(event: Event, changes: Collection[str]) -> bool:
    return not changes or bool({path.split(".")[0] for path in event.changed} & set(changes))


@given(st.data(), st.randoms(use_true_random=False))
async def test_from_the_first_match_on_all_is_sent(
    data: st.DataObject, chance: random.Random
) -> None:
    """Whatever page is asked for, by whichever run, with however little memory."""
    log = MemoryLog(FakeClock())
    await log.append("gate", happenings(chance, data.draw(st.integers(1, 6))))
    entries = await log.read(0, 1000)
    starts = data.draw(st.lists(st.integers(1, len(entries)), max_size=3, unique=True))
    in_force = [(start, data.draw(SETTINGS)) for start in sorted(starts)]
    wanted = expected([entry.event for entry in entries], in_force)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(selector, "PASSAGES_KEPT", data.draw(st.sampled_from([1, 2, 100])))
        it = Selector(log, in_force)
        for _ in range(data.draw(st.integers(1, 8))):
            if data.draw(st.booleans()):
                it = Selector(log, in_force)
            first = data.draw(st.integers(0, len(entries) - 1))
            page = entries[first : first + data.draw(st.integers(1, 30))]
            seqs = {entry.event.seq for entry in page}
            assert await it.judge(page) == {seq: wanted[seq] for seq in wanted if seq in seqs}


@given(SETTINGS, st.randoms(use_true_random=False))
async def test_a_receiver_sees_nothing_or_all_from_the_first_match(
    settings: OutputSettings, chance: random.Random
) -> None:
    settings = structs.replace(settings, changes=())
    log = MemoryLog(FakeClock())
    await log.append("gate", happenings(chance, 5))
    entries = await log.read(0, 1000)
    got = {each.event.id: each for each in await Selector(log, [(1, settings)]).select(entries)}
    for passage in {entry.event.passage for entry in entries}:
        all_of_it = [entry for entry in entries if entry.event.passage == passage]
        chosen = [entry for entry in all_of_it if entry.event.kind in settings.kinds]
        seen = [got[entry.event.id] for entry in chosen if entry.event.id in got]
        assert [each.event for each in seen] == [
            each.event for each in chosen[-len(seen) :] if seen
        ]
        assert [each.first for each in seen] == [True, *[False] * (len(seen) - 1)][: len(seen)]
        assert [each.vendor_event.kind for each in seen[:1]] in ([], [Kind.NEW], [Kind.LOST])
        assert all(each.vendor_event.kind is not Kind.NEW for each in seen[1:])


class Counting(MemoryLog):
    def __init__(self) -> None:
        super().__init__(FakeClock())
        self.asked: list[int] = []

    async def of_passages(self, numbers: Collection[int], last: int) -> Sequence[Entry]:
        self.asked.append(len(numbers))
        return await super().of_passages(numbers, last)


async def test_log_is_queried_only_once_when_starting_in_the_middle() -> None:
    log = Counting()
    chance = random.Random(1)
    await log.append("gate", happenings(chance, 40))
    entries = await log.read(0, 1000)
    settings = OutputSettings(name="x", lists=("wanted",))
    it = Selector(log, [(1, settings)])
    for start in range(0, len(entries), 7):
        await it.judge(entries[start : start + 7])
    assert log.asked == []
    await Selector(log, [(1, settings)]).judge(entries[len(entries) // 2 :])
    assert len(log.asked) == 1


def test_changes_are_named_as_events_name_them() -> None:
    assert {path.split(".")[0] for path in FIELDS.values()} | {"images", "lists"} == {
        *get_args(Changed)
    }
