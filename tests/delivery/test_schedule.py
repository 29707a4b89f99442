"""What is sent next, and what is dealt with: against plain models."""

import random
from collections import defaultdict
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platewire.delivery.circuit import PARKED_SECONDS_MAX, Circuit
from platewire.delivery.schedule import SUSPECTS_MAX, Schedule
from platewire.delivery.window import Window
from platewire.delivery.work import Work
from platewire.eventlog.letters import ranges_of, ranges_text
from platewire.model import Entry
from platewire.testing.sample_events import passage_events
from platewire.wire import native


def entries(passages: int, updates: int = 1) -> list[Entry]:
    """All events of so many passages, one after the other in each, mixed across them."""
    chance = random.Random(1)
    queues = [list(passage_events(number, updates=updates)) for number in range(1, passages + 1)]
    mixed = []
    while any(queues):
        mixed.append(chance.choice([queue for queue in queues if queue]).pop(0))
    numbered = [event.numbered(seq, event.occurred_at) for seq, event in enumerate(mixed, 1)]
    return [Entry(event, native.encode(event)) for event in numbered]


def schedule(lanes: int = 1, batch: int = 1) -> Schedule:
    return Schedule(lanes, batch, Circuit(lambda: 1.0))


def settle(it: Schedule, work: Work, now: float) -> None:
    while work.left:
        it.settled(work, now)
    it.succeeded(now)
    it.done(work)


def fail(it: Schedule, work: Work, now: float, asked: float | None = None) -> bool:
    spent = it.failed(work, "no", asked, now)
    it.done(work)
    return spent


# --- the window --------------------------------------------------------------------------------


@given(st.data())
def test_the_floor_is_below_all_that_is_open(data: st.DataObject) -> None:
    wanted = data.draw(st.lists(st.booleans(), max_size=40))
    window = Window(10)
    for seq, each in enumerate(wanted, 11):
        window.read(seq, wanted=each)
    unsettled = {seq for seq, each in enumerate(wanted, 11) if each}
    for seq in data.draw(st.permutations(sorted(unsettled))):
        dealt_with = set(range(11, 11 + len(wanted))) - unsettled
        above = {seq for first, last in window.above() for seq in range(first, last + 1)}
        assert above | set(range(11, window.floor + 1)) == dealt_with
        assert min(unsettled) == window.floor + 1 == window.oldest
        assert ranges_of(ranges_text(window.above())) == window.above()
        unsettled.discard(seq)
        window.close(seq)
    assert window.floor == window.read_to == 10 + len(wanted)
    assert window.above() == ()


def test_what_was_dealt_with_before_a_restart_is_known() -> None:
    window = Window(3, ((5, 6), (9, 9)))
    assert [seq for seq in range(3, 12) if window.is_known(seq)] == [5, 6, 9]
    assert window.above() == ((5, 6), (9, 9))
    window.read(4, wanted=True)
    window.read(5, wanted=False)
    assert window.floor == 3
    assert window.above() == ((5, 5), (6, 6), (9, 9))


@pytest.mark.parametrize(
    ("until", "missing"),
    [(3, ()), (4, ((4, 4),)), (7, ((4, 4), (7, 7))), (12, ((4, 4), (7, 8), (10, 12)))],
)
def test_a_gap_leaves_out_what_was_dealt_with(
    until: int, missing: tuple[tuple[int, int], ...]
) -> None:
    assert Window(3, ((5, 6), (9, 9))).missing(until) == missing


# --- lanes -------------------------------------------------------------------------------------


@given(
    st.integers(1, 6),
    st.integers(1, 4),
    st.lists(st.sampled_from(["good", "bad", "later"]), max_size=60),
)
def test_one_send_for_each_passage_in_order(lanes: int, batch: int, luck: list[str]) -> None:
    it = schedule(lanes, batch)
    for entry in entries(6):
        it.add(entry)
    now, running, got = 0.0, list[Work](), defaultdict[UUID, list[int]](list)
    for outcome in [*luck, *["good"] * 200]:
        while (work := it.take(now)) is not None:
            if not work.left and work.item is not None and work.item.entry is not None:
                work.left = [work.item.entry]
            running.append(work)
        assert len(running) <= lanes
        passages = [entry.event.passage for work in running for entry in {*work.left[:1]}]
        assert len(passages) == len(set(passages))
        now += 100.0
        if not running or outcome == "later":
            continue
        work = running.pop(0)
        if outcome == "bad":
            fail(it, work, now)
            continue
        for entry in work.left:
            got[entry.event.passage].append(entry.event.revision)
        settle(it, work, now)
    assert len(got) == 6
    assert all(revisions == [0, 1, 2] for revisions in got.values())
    assert (it.in_flight, it.waiting) == (0, {})


def test_passages_run_side_by_side_up_to_the_lanes() -> None:
    it = schedule(lanes=4)
    for entry in entries(12):
        it.add(entry)
    taken = [it.take(0.0) for _ in range(5)]
    assert sum(work is not None for work in taken) == 4


def test_a_failing_passage_is_parked_as_soon_as_another_succeeds() -> None:
    it = schedule()
    for entry in entries(3):
        it.add(entry)
    first = it.take(0.0)
    assert first is not None
    failed = first.left[0].event.passage
    assert not fail(it, first, 0.0)
    assert it.to_keep == []
    second = it.take(0.0)
    assert second is not None
    assert second.left[0].event.passage != failed
    settle(it, second, 0.0)
    assert {each.waiting.passage for each in it.to_keep} == {failed}
    assert it.next_at() == 0.5


def test_one_probe_at_a_time_while_several_fail_and_nobody_is_blamed() -> None:
    it = schedule(lanes=8)
    for entry in entries(40):
        it.add(entry)
    now, running = 0.0, []
    while (work := it.take(now)) is not None:
        running.append(work)
    for work in running:
        fail(it, work, now)
    probes = []
    for _ in range(40):
        at = it.next_at()
        assert at is not None
        assert it.take(at - 0.001) is None
        probe = it.take(at)
        assert probe is not None
        assert it.take(at) is None, "one at a time"
        probes.append(at - now)
        now = at
        fail(it, probe, now)
    assert [round(each, 3) for each in probes[:9]] == [0.5, 0.5, 1, 2, 4, 8, 16, 32, 60]
    assert max(probes) <= 60
    assert len(it.circuit.suspects) <= max(SUSPECTS_MAX, len(running))
    assert it.to_keep == []
    probe = it.take(now + 60)
    assert probe is not None
    settle(it, probe, now + 60)
    assert it.to_keep == [], "all that failed is tried again first"
    assert it.take(now + 60) is not None


def test_parked_it_is_tried_over_a_day_and_then_given_up() -> None:
    it = schedule()
    (first, *_) = entries(1)
    it.restore(first.event.passage, 1, 0.0, attempts=0, waited=0.0, requeued=False)
    now, waits, spent = 0.0, list[float](), False
    while not spent:
        work = it.take(now)
        assert work is not None
        spent = fail(it, work, now)
        it.circuit.succeeded()
        at = it.next_at()
        assert at is not None
        waits.append(at - now)
        now = at
    assert waits[:4] == [0.5, 1, 2, 4]
    assert max(waits) == 3600
    assert sum(waits[:-1]) <= PARKED_SECONDS_MAX < sum(waits)


def test_a_wait_that_was_asked_for_holds_all() -> None:
    it = schedule(lanes=4)
    for entry in entries(12):
        it.add(entry)
    work = it.take(0.0)
    assert work is not None
    fail(it, work, 0.0, asked=30.0)
    assert it.take(29.9) is None
    assert it.take(30.0) is not None
