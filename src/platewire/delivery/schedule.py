"""The next event to send: lanes, and waiting passages. Pure; times are monotonic seconds.

Each passage belongs to one lane, and a lane has one send in flight: this keeps the order within a
passage, with as many concurrent sends as lanes. After a failure the passage waits with its later
events, while its lane continues with others:

    on suspicion   in memory; the floor stays below it, so the log is its queue
    parked         the receiver accepted other events meanwhile, so the event is at fault: a row in
                   the log for each of its events, and the floor moves on

An event whose refusal may concern all events (no permission, no such path) gets one more attempt
after the receiver accepted others, and then becomes a dead letter; while it is the only one, it is
retried for a day.

With an `Order` of camera or site, all their events are ordered like those of one passage. A failing
event then blocks unrelated ones, but only for `Order.wait_seconds`; it becomes a dead letter as
soon as any other event was accepted since its last attempt. If nothing else may be sent before it,
the first event of another passage is sent as a probe right after the failed attempt, so that a
receiver that was down gets events in order.
"""

import heapq
import itertools
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Literal
from uuid import UUID

from platewire.delivery.attempt import least_wait, retry_after_of
from platewire.delivery.circuit import PARKED_SECONDS_MAX, Circuit
from platewire.delivery.order import Key, Order, lane_of
from platewire.delivery.work import NO_LANE, Item, UnsavedAttempt, Waiting, Work
from platewire.errors import PlatewireError, Refused
from platewire.model import Entry

SUSPECTS_MAX = 16
"""So many passages are tried before the other side is believed to be away; then these in turn."""


Fate = Literal["waits", "exhausted", "rejected"]
"""Of an event whose attempt failed."""


class Schedule:
    def __init__(
        self, lanes: int, batch: int, circuit: Circuit, order: Order | None = None
    ) -> None:
        self._order = order or Order()
        self.lanes = lanes = self._order.lanes(lanes)
        self.circuit = circuit
        self.in_flight = 0
        self.waiting: dict[Key, Waiting] = {}
        self.unsaved: list[UnsavedAttempt] = []
        """Events that need a row before the floor may pass them."""
        self.batch = batch
        self._queues: list[deque[Entry]] = [deque() for _ in range(lanes)]
        self._busy = [False] * lanes
        self._ready: deque[int] = deque()
        self._retrying = 0
        self._retrying_max = max(1, lanes // 2)
        self._due: list[tuple[float, int, Waiting]] = []
        self._number = itertools.count()
        self._accepted = 0
        self._to_try: Waiting | None = None
        """Its first event failed; another one is to be sent at once as a probe."""

    # --- what comes in ----------------------------------------------------------------------------

    def add(self, entry: Entry) -> None:
        lane = lane_of(self._order.key(entry.event), self.lanes) if self.lanes > 1 else 0
        queue = self._queues[lane]
        if not queue and not self._busy[lane]:
            self._ready.append(lane)
        queue.append(entry)

    def restore(self, key: Key, item: Item, due: float, waited: float) -> None:
        """An event that has a row already, from before a restart or given back by a person."""
        waiting = self.waiting.get(key)
        if waiting is None:
            waiting = self.waiting[key] = Waiting(key, at_fault=True)
            waiting.failed, waiting.waited_seconds = item.attempts, waited
            waiting.since = due - waited
            self._plan(waiting, due)
        self._insert(waiting, item)

    def _insert(self, waiting: Waiting, item: Item) -> None:
        """By seq, but never before what is in flight."""
        if not waiting.items or waiting.items[-1].seq < item.seq:
            waiting.items.append(item)
            return
        place = next(
            (
                index
                for index, other in enumerate(waiting.items)
                if other.seq > item.seq and not (index == 0 and waiting.in_flight)
            ),
            len(waiting.items),
        )
        waiting.items.insert(place, item)

    def forget(self) -> None:
        """All that has no row; the log is read again. Nothing may be in flight."""
        for queue in self._queues:
            queue.clear()
        self._ready.clear()
        self.unsaved.clear()
        self._to_try = None
        for waiting in list(self.waiting.values()):
            waiting.items = deque(item for item in waiting.items if item.kept)
            if not waiting.items:
                del self.waiting[waiting.key]

    # --- what goes out ----------------------------------------------------------------------------

    def take(self, now: float) -> Work | None:
        """The next send, if one may begin now. `done` must follow."""
        work = self._take(now)
        if work is not None:
            self.in_flight += 1
        return work

    def _take(self, now: float) -> Work | None:
        if self.circuit.closed:
            if self.in_flight >= self.lanes:
                return None
            return self._next_due(now) or self._next_fresh(self.batch)
        if self.in_flight:
            return None
        if self.has_trial:
            return self._next_on_trial()
        return self._next_probe(now) if now >= self.circuit.blocked_until else None

    def _next_probe(self, now: float) -> Work | None:
        fresh = self._next_fresh(1) if len(self.circuit.suspects) < SUSPECTS_MAX else None
        work = fresh or self._next_due(now)
        if work is not None:
            work.probe = True
        return work

    def _next_fresh(self, limit: int) -> Work | None:
        for _ in range(len(self._ready)):
            lane = self._ready.popleft()
            if entries := self._pop(self._queues[lane], limit):
                self._busy[lane] = True
                return Work(entries, lane)
        return None

    def _pop(self, queue: deque[Entry], limit: int) -> list[Entry]:
        """What may go; what belongs to a passage that waits goes behind it."""
        taken: list[Entry] = []
        while queue and len(taken) < limit:
            entry = queue.popleft()
            waiting = self._waiting_for(entry)
            if waiting is None:
                taken.append(entry)
            else:
                self._join(waiting, entry)
        return taken

    def _waiting_for(self, entry: Entry) -> Waiting | None:
        return self.waiting.get(self._order.key(entry.event)) if self.waiting else None

    def _join(self, waiting: Waiting, entry: Entry, attempts: int = 0) -> None:
        item = Item(entry.event.seq, entry.event.passage, entry, attempts)
        self._insert(waiting, item)
        if waiting.at_fault:
            self.unsaved.append(UnsavedAttempt(waiting, item))

    def _next_due(self, now: float) -> Work | None:
        while self._due and self._due[0][0] <= now and self._retrying < self._retrying_max:
            due, _, waiting = heapq.heappop(self._due)
            if self._is_planned(waiting, due):
                return self._begin(waiting)
        return None

    def _begin(self, waiting: Waiting) -> Work:
        waiting.in_flight = True
        self._retrying += 1
        entry = waiting.items[0].entry
        return Work([] if entry is None else [entry], waiting=waiting)

    def _is_planned(self, waiting: Waiting, due: float) -> bool:
        """Plans that were changed since are still in the heap."""
        current = self.waiting.get(waiting.key) is waiting
        return current and waiting.due == due and not waiting.in_flight

    def next_at(self) -> float | None:
        """When `take` may give something that it does not give now."""
        while self._due and not self._is_planned(self._due[0][2], self._due[0][0]):
            heapq.heappop(self._due)
        due = self._due[0][0] if self._due else None
        if self.circuit.closed:
            return due
        if len(self.circuit.suspects) < SUSPECTS_MAX and self.has_fresh():
            return self.circuit.blocked_until
        return None if due is None else max(due, self.circuit.blocked_until)

    def has_fresh(self) -> bool:
        """Whether there is an event of a passage that does not wait, in a lane that is free."""
        while self._ready:
            queue = self._queues[self._ready[0]]
            while queue and (waiting := self._waiting_for(queue[0])) is not None:
                self._join(waiting, queue.popleft())
            if queue:
                return True
            self._ready.popleft()
        return False

    # --- what came of it --------------------------------------------------------------------------

    def done(self, work: Work) -> None:
        """Sending has ended, one way or the other; whatever is still `left` was put somewhere."""
        self.in_flight -= 1
        if (waiting := work.waiting) is not None:
            waiting.in_flight = False
            self._retrying -= 1
            if self.waiting.get(waiting.key) is waiting:
                # Whoever looked at what is due since it was planned has dropped the plan.
                self._plan(waiting, waiting.due)
        if work.lane != NO_LANE:
            self._busy[work.lane] = False
            if self._queues[work.lane]:
                self._ready.append(work.lane)

    def settled(self, work: Work, now: float, *, given_up: bool = False) -> Item | None:
        """The first of `left` is dealt with; its item where it waited.

        Where it was given up, the next of its passage gets one attempt, not a day of its own.
        """
        if work.left:
            del work.left[0]
        if work.waiting is None:
            return None
        waiting = work.waiting
        item = waiting.items.popleft()
        item.settled = True
        if waiting.probing:
            waiting.probing = False
            self._plan(waiting, now)
            return item
        waiting.failed, waiting.error, waiting.was_spared = 0, "", False
        waiting.refused = waiting.last_try = False
        if not waiting.items:
            del self.waiting[waiting.key]
            return item
        if not given_up or waiting.items[0].passage != item.passage:
            waiting.waited_seconds, waiting.since = 0.0, now
        self._plan(waiting, now)
        return item

    def succeeded(self, now: float) -> None:
        """The other side lives. What was on suspicion alone is at fault. Where several were, none
        is, and all are tried again at once; who is among them a second time is at fault too."""
        self._accepted += 1
        self._to_try = None
        if self.circuit.closed:
            return
        was_open = self.circuit.open
        suspects = [self.waiting[each] for each in self.circuit.suspects if each in self.waiting]
        self.circuit.succeeded()
        for waiting in suspects:
            if waiting.at_fault:
                continue
            if was_open and not waiting.was_spared:
                waiting.was_spared = True
                waiting.failed, waiting.waited_seconds, waiting.since = 0, 0.0, now
                if not waiting.in_flight:
                    self._plan(waiting, now)
            elif waiting.refused or self._holds_up(waiting, now):
                waiting.last_try = waiting.refused
                if not waiting.in_flight:
                    self._plan(waiting, now)
            else:
                self._blame(waiting)

    def _blame(self, waiting: Waiting) -> None:
        waiting.at_fault = True
        self.unsaved += [UnsavedAttempt(waiting, item) for item in waiting.items]

    def failed(self, work: Work, error: PlatewireError, now: float) -> Fate:
        """Puts what is left where it waits, or says that this was the last attempt."""
        retry_after, least = retry_after_of(error), least_wait(error)
        if work.waiting is not None:
            return self._failed_again(work.waiting, error, now, probe=work.probe)
        if len(work.left) > 1:
            self.put_back(work)
            self.is_away(now, retry_after, least)
            return "waits"
        (entry,) = work.left
        key = self._order.key(entry.event)
        self.circuit.failed(key, now, retry_after, probe=work.probe, least=least)
        waiting = self.waiting.get(key)
        if waiting is not None:  # Given back by a person meanwhile.
            self._join(waiting, entry, attempts=1)
            return "waits"
        waiting = self.waiting[key] = Waiting(key, error=str(error), failed=1, since=now)
        waiting.accepted, waiting.refused = self._accepted, isinstance(error, Refused)
        waiting.items.append(Item(entry.event.seq, entry.event.passage, entry, attempts=1))
        self._plan_after(waiting, now, retry_after, least)
        return "waits"

    def is_away(self, now: float, retry_after: float | None = None, least: float = 0.0) -> None:
        """No connection, or a failure that no single event can have caused."""
        self._to_try = None
        self.circuit.failed_whole(now, retry_after, least)

    def _failed_again(
        self, waiting: Waiting, error: PlatewireError, now: float, *, probe: bool
    ) -> Fate:
        retry_after, least = retry_after_of(error), least_wait(error)
        waiting.items[0].attempts += 1
        if waiting.probing:
            self._end_trial(waiting)
            self.circuit.failed(waiting.key, now, retry_after, probe=False, least=least)
            return "waits"
        accepted, waiting.accepted = self._accepted - waiting.accepted, self._accepted
        waiting.failed += 1
        waiting.error = str(error)
        waiting.refused = isinstance(error, Refused)
        if waiting.refused and waiting.last_try and self.circuit.closed:
            return "rejected"
        if self._holds_up(waiting, now) and accepted:
            return "exhausted"
        self.circuit.failed(waiting.key, now, retry_after, probe=probe, least=least)
        has_others = self._of_another_passage(waiting) is not None
        alone = not self.circuit.open and not has_others
        # While the other side is away, however long, no event is at fault.
        self._plan_after(waiting, now, retry_after, least, counts=bool(accepted) or alone)
        if self._holds_up(waiting, now) and retry_after is None and not least and has_others:
            self._to_try = waiting
        if (
            waiting.at_fault or (waiting.refused and alone)
        ) and waiting.waited_seconds > PARKED_SECONDS_MAX:
            return "exhausted"
        return "waits"

    def _plan_after(
        self,
        waiting: Waiting,
        now: float,
        retry_after: float | None,
        least: float,
        *,
        counts: bool = True,
    ) -> None:
        if waiting.at_fault:
            delay = self.circuit.parked_delay(waiting.failed, retry_after)
            delay = max(least, min(delay, self._order.wait_seconds or delay))
            due = now + delay
        else:
            due = self.circuit.again_at
            delay = due - now
        if counts:
            waiting.waited_seconds += delay
        self._plan(waiting, due)

    def _plan(self, waiting: Waiting, due: float) -> None:
        waiting.due = due
        heapq.heappush(self._due, (due, next(self._number), waiting))

    def put_back(self, work: Work, now: float | None = None) -> None:
        """As if it had not been taken."""
        if work.waiting is not None:
            if work.waiting.probing:
                self._end_trial(work.waiting)
            self._plan(work.waiting, work.waiting.due if now is None else now)
        else:
            self._queues[work.lane].extendleft(reversed(work.left))

    def at_once(self, now: float) -> None:
        """A person resumes: nobody waits any longer."""
        self._to_try = None
        self.circuit.succeeded()
        for waiting in self.waiting.values():
            waiting.since = now
            if not waiting.at_fault:
                waiting.waited_seconds = 0.0
            if not waiting.in_flight:
                self._plan(waiting, now)

    # --- what holds up others ---------------------------------------------------------------------

    def _holds_up(self, waiting: Waiting, now: float) -> bool:
        """Failing for so long that it is given up once others are accepted."""
        longest = self._order.wait_seconds
        return longest is not None and now - waiting.since >= longest

    @property
    def has_trial(self) -> bool:
        """An event is to be sent at once, whatever waits."""
        waiting = self._to_try
        return (
            waiting is not None
            and self.waiting.get(waiting.key) is waiting
            and self._of_another_passage(waiting) is not None
        )

    def _of_another_passage(self, waiting: Waiting) -> Item | None:
        """Its first event of another passage: the one with the fewest attempts."""
        firsts: dict[UUID, Item] = {}
        for item in waiting.items:
            firsts.setdefault(item.passage, item)
        others = list(firsts.values())[1:]
        return min(others, key=lambda item: item.attempts, default=None)

    def _next_on_trial(self) -> Work | None:
        waiting, self._to_try = self._to_try, None
        if waiting is None or (item := self._of_another_passage(waiting)) is None:
            return None
        waiting.items.remove(item)
        waiting.items.appendleft(item)
        waiting.probing = True
        return self._begin(waiting)

    def _end_trial(self, waiting: Waiting) -> None:
        """As it was before."""
        waiting.probing = waiting.in_flight = False
        self._insert(waiting, waiting.items.popleft())
        self._plan(waiting, waiting.due)  # Plans of what is in flight are dropped.

    # --- rows for what waits ----------------------------------------------------------------------

    def take_unsaved(self) -> Sequence[UnsavedAttempt]:
        taken, self.unsaved = self.unsaved, []
        return [each for each in taken if not each.item.settled]

    def return_unsaved(self, those: Iterable[UnsavedAttempt]) -> None:
        self.unsaved[:0] = those
