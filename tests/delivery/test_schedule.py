"""What is sent next, and what is dealt with: against plain models."""

import random
from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platewire.delivery.circuit import PARKED_SECONDS_MAX, Circuit
from platewire.delivery.events.window import Window
from platewire.delivery.order import Key, Order
from platewire.delivery.schedule import SUSPECTS_MAX, Schedule
from platewire.delivery.work import Item, Work
from platewire.errors import Unavailable
from platewire.eventlog.deliveries.records import ranges_of, ranges_text
from platewire.model import Entry, Event
from platewire.outputs.output import OrderedBy
from platewire.testing.sample_events import passage_events
from platewire.wire import native


def entries(passages: int, updates: int = 1, cameras: int = 1) -> list[Entry]:
    """All events of so many passages, one after the other in each, mixed across them."""
    chance = random.Random(1)
    queues = [
        list(passage_events(number, updates=updates, camera=f"camera-{number % cameras}"))
        for number in range(1, passages + 1)
    ]
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
    fate = it.failed(work, Unavailable("no", retry_after=asked), now)
    it.done(work)
    return fate == "exhausted"


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
    assert it.unsaved == []
    second = it.take(0.0)
    assert second is not None
    assert second.left[0].event.passage != failed
    settle(it, second, 0.0)
    assert {each.waiting.key for each in it.unsaved} == {failed}
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
    assert it.unsaved == []
    probe = it.take(now + 60)
    assert probe is not None
    settle(it, probe, now + 60)
    assert it.unsaved == [], "all that failed is tried again first"
    assert it.take(now + 60) is not None


def test_parked_it_is_tried_over_a_day_and_then_given_up() -> None:
    it = schedule()
    (first, *_) = entries(1)
    it.restore(first.event.passage, Item(1, first.event.passage, None, kept=True), 0.0, 0.0)
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


# --- the order of cameras and of the site --------------------------------------------------------


class Line:
    """A schedule, a receiver that is away now and then, and passages that it never takes."""

    def __init__(self, order: Order, lanes: int, poison: set[int]) -> None:
        self.order = order
        self.it = Schedule(lanes, 1, Circuit(lambda: 1.0), order)
        self.poison = poison
        self.now = 0.0
        self.got: list[Event] = []
        self.given_up: list[Event] = []

    def run(self, until: float, *, away: bool) -> None:
        while True:
            while (work := self.it.take(self.now)) is not None:
                self._send(work, away=away)
            if (due := self.it.next_at()) is None or due > until:
                break
            self.now = max(self.now, due)
        self.now = max(self.now, until)

    def _send(self, work: Work, *, away: bool) -> None:
        if not work.left and work.item is not None and work.item.entry is not None:
            work.left = [work.item.entry]
        event = work.left[0].event
        if not away and event.passage_number not in self.poison:
            self.got.append(event)
            settle(self.it, work, self.now)
            return
        if self.it.failed(work, Unavailable("no"), self.now) == "exhausted":
            self.given_up.append(event)
            self.it.settled(work, self.now, given_up=True)
        self.it.done(work)


def in_log_order(events: Iterable[Event], order: Order) -> bool:
    by_key = defaultdict[Key, list[int]](list)
    for event in events:
        by_key[order.key(event)].append(event.seq)
    return all(seqs == sorted(seqs) for seqs in by_key.values())


@given(
    st.sampled_from(["camera", "site"]),
    st.integers(1, 4),
    st.lists(st.tuples(st.integers(0, 600), st.booleans(), st.integers(0, 6)), max_size=8),
)
def test_an_outage_changes_no_order_and_gives_up_nothing(
    by: OrderedBy, lanes: int, history: list[tuple[int, bool, int]]
) -> None:
    line = Line(Order(by, 60.0), lanes, set())
    coming = entries(6, cameras=2)
    for seconds, away, count in history:
        for entry in coming[:count]:
            line.it.add(entry)
        del coming[:count]
        line.run(line.now + seconds, away=away)
    for entry in coming:
        line.it.add(entry)
    line.run(line.now + 600, away=False)
    assert len(line.got) == 18
    assert line.given_up == []
    assert in_log_order(line.got, line.order)


@given(
    st.sampled_from(["camera", "site"]),
    st.integers(1, 4),
    st.sets(st.integers(1, 6), min_size=1, max_size=3),
    st.integers(0, 600),
)
def test_event_that_is_never_accepted_delays_others_for_a_while(
    by: OrderedBy, lanes: int, poison: set[int], away: int
) -> None:
    coming = entries(6, cameras=2)
    numbers = {1_767_323_045_000_000 + number for number in poison}
    line = Line(Order(by, 60.0), lanes, numbers)
    for entry in coming:
        line.it.add(entry)
    line.run(away, away=True)
    line.run(line.now + 3600, away=False)
    for entry in (later := entries(30, cameras=2)[-9:]):
        line.it.add(entry)
    line.run(line.now + 3600, away=False)
    assert {event.passage_number for event in line.given_up} <= numbers
    assert {event.passage_number for event in line.got}.isdisjoint(numbers)
    healthy = [each for each in [*coming, *later] if each.event.passage_number not in numbers]
    assert len(line.got) == len(healthy)


# --- how soon a receiver that is back is noticed --------------------------------------------------


@given(
    st.floats(0.5, 3600),
    st.lists(st.sampled_from(["whole", "event", "success"]), max_size=60),
    st.integers(0, 2**32),
)
def test_no_wait_is_longer_than_the_cap_but_what_was_asked_for(
    cap: float, history: list[str], seed: int
) -> None:
    circuit = Circuit(random.Random(seed).random, cap)
    now, passage = 0.0, entries(1)[0].event.passage
    for what in history:
        if what == "success":
            circuit.succeeded()
        elif what == "whole":
            circuit.failed_whole(now)
        else:
            circuit.failed(passage, now, None, probe=True)
        due = max(circuit.blocked_until, circuit.again_at)
        assert due <= now + cap
        now = max(now, due)
    circuit.failed(passage, now, 90.0, probe=True, least=45.0)
    assert circuit.blocked_until >= now + 90


@pytest.mark.parametrize("settles", [False, True])
def test_whoever_looks_while_something_is_written_down_drops_no_plan(settles: bool) -> None:
    """Between the end of an attempt and `done` a row is written, and other lanes go on."""
    it = schedule(lanes=2)
    passage = entries(1)
    for entry in passage:
        event = entry.event
        it.restore(event.passage, Item(event.seq, event.passage, entry, kept=True), 0.0, 0.0)
    work = it.take(1.0)
    assert work is not None
    if settles:
        it.settled(work, 1.0)
    else:
        it.failed(work, Unavailable("no"), 1.0)
    assert it.next_at() is None
    assert it.take(2.0) is None
    it.done(work)
    due = it.next_at()
    assert due is not None
    again = it.take(max(2.0, due))
    assert again is not None
    assert [each.event.seq for each in again.left] == [2 if settles else 1]


def test_what_could_not_be_written_down_as_given_up_is_tried_again() -> None:
    it = Schedule(1, 1, Circuit(lambda: 1.0), Order("site", 60.0))
    first, _, other, _ = entries(2, updates=0)
    it.add(first)
    work = it.take(0.0)
    assert work is not None
    fail(it, work, 0.0)
    it.add(other)
    now, given_up = 0.0, False
    while not given_up and now < 1000:
        now = max(now, it.next_at() or now) + 0.1
        if (work := it.take(now)) is None:
            continue
        if work.left[0] is first:
            given_up = fail(it, work, now)
        else:
            settle(it, work, now)
    assert given_up
    assert it.next_at() is not None, "the log could not be written, so it was not `settled`"
