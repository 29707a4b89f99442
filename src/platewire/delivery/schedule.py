"""What is sent next: lanes, and the passages that wait. Pure; times are monotonic seconds.

Each passage belongs to one lane, and a lane has one send in flight: order within a passage, and
so many sends side by side as there are lanes. A passage whose event failed waits, its later
events behind it, while its lane goes on with the others:

    on suspicion   in memory; the floor stays below it, the log is its queue
    parked         the other side took something else meanwhile, so the event is at fault: a row
                   in the log for each of its events, and the floor moves on
"""

import heapq
import itertools
from collections import deque
from collections.abc import Iterable, Sequence
from uuid import UUID

from platewire.delivery.circuit import PARKED_SECONDS_MAX, Circuit
from platewire.delivery.work import NO_LANE, Item, ToKeep, Waiting, Work
from platewire.model import Entry

SUSPECTS_MAX = 16
"""So many passages are tried before the other side is believed to be away; then these in turn."""


class Schedule:
    def __init__(self, lanes: int, batch: int, circuit: Circuit) -> None:
        self.lanes = lanes
        self.circuit = circuit
        self.in_flight = 0
        self.waiting: dict[UUID, Waiting] = {}
        self.to_keep: list[ToKeep] = []
        """Events that need a row before the floor may pass them."""
        self.batch = batch
        self._queues: list[deque[Entry]] = [deque() for _ in range(lanes)]
        self._busy = [False] * lanes
        self._ready: deque[int] = deque()
        self._retrying = 0
        self._retrying_max = max(1, lanes // 2)
        self._due: list[tuple[float, int, Waiting]] = []
        self._order = itertools.count()

    # --- what comes in ----------------------------------------------------------------------------

    def add(self, entry: Entry) -> None:
        lane = entry.event.passage.int % self.lanes if self.lanes > 1 else 0
        queue = self._queues[lane]
        if not queue and not self._busy[lane]:
            self._ready.append(lane)
        queue.append(entry)

    def restore(
        self, passage: UUID, seq: int, due: float, *, attempts: int, waited: float, requeued: bool
    ) -> None:
        """An event that has a row already, from before a restart or given back by a person."""
        waiting = self.waiting.get(passage)
        if waiting is None:
            waiting = self.waiting[passage] = Waiting(passage, at_fault=True)
            waiting.attempts, waiting.waited_seconds = attempts, waited
            self._plan(waiting, due)
        self._insert(waiting, Item(seq, None, requeued=requeued, kept=True))

    def _insert(self, waiting: Waiting, item: Item) -> None:
        """By seq, but never before what is in flight."""
        place = next(
            (
                index
                for index, other in enumerate(waiting.items)
                if other.seq > item.seq and not (index == 0 and waiting.in_flight)
            ),
            len(waiting.items),
        )
        waiting.items.insert(place, item)

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
        if self.in_flight or now < self.circuit.blocked_until:
            return None
        return self._next_probe(now)

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
            waiting = self.waiting.get(entry.event.passage)
            if waiting is None:
                taken.append(entry)
            else:
                self._join(waiting, entry)
        return taken

    def _join(self, waiting: Waiting, entry: Entry) -> None:
        item = Item(entry.event.seq, entry)
        self._insert(waiting, item)
        if waiting.at_fault:
            self.to_keep.append(ToKeep(waiting, item))

    def _next_due(self, now: float) -> Work | None:
        while self._due and self._due[0][0] <= now and self._retrying < self._retrying_max:
            due, _, waiting = heapq.heappop(self._due)
            if self._is_planned(waiting, due):
                waiting.in_flight = True
                self._retrying += 1
                entry = waiting.items[0].entry
                return Work([] if entry is None else [entry], waiting=waiting)
        return None

    def _is_planned(self, waiting: Waiting, due: float) -> bool:
        """Plans that were changed since are still in the heap."""
        current = self.waiting.get(waiting.passage) is waiting
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
            while queue and (waiting := self.waiting.get(queue[0].event.passage)) is not None:
                self._join(waiting, queue.popleft())
            if queue:
                return True
            self._ready.popleft()
        return False

    # --- what came of it --------------------------------------------------------------------------

    def done(self, work: Work) -> None:
        """Sending has ended, one way or the other; whatever is still `left` was put somewhere."""
        self.in_flight -= 1
        if work.waiting is not None:
            work.waiting.in_flight = False
            self._retrying -= 1
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
        waiting.attempts, waiting.error, waiting.was_spared = 0, "", False
        if not given_up:
            waiting.waited_seconds = 0.0
        if waiting.items:
            self._plan(waiting, now)
        else:
            del self.waiting[waiting.passage]
        return item

    def succeeded(self, now: float) -> None:
        """The other side lives. What was on suspicion alone is at fault. Where several were, none
        is, and all are tried again at once; who is among them a second time is at fault too."""
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
                waiting.attempts, waiting.waited_seconds = 0, 0.0
                if not waiting.in_flight:
                    self._plan(waiting, now)
            else:
                self._blame(waiting)

    def _blame(self, waiting: Waiting) -> None:
        waiting.at_fault = True
        self.to_keep += [ToKeep(waiting, item) for item in waiting.items]

    def failed(self, work: Work, error: str, asked: float | None, now: float) -> bool:
        """Puts what is left where it waits. True where this was the last attempt: it must be given
        up."""
        if work.waiting is not None:
            return self._failed_again(work.waiting, error, asked, now, probe=work.probe)
        if len(work.left) > 1:
            self.put_back(work)
            self.circuit.failed_whole(now, asked)
            return False
        (entry,) = work.left
        passage = entry.event.passage
        self.circuit.failed(passage, now, asked, probe=work.probe)
        waiting = self.waiting.get(passage)
        if waiting is not None:  # Given back by a person meanwhile.
            self._join(waiting, entry)
            return False
        waiting = self.waiting[passage] = Waiting(passage, error=error, attempts=1)
        waiting.items.append(Item(entry.event.seq, entry))
        self._plan_after(waiting, now, asked)
        return False

    def _failed_again(
        self, waiting: Waiting, error: str, asked: float | None, now: float, *, probe: bool
    ) -> bool:
        waiting.attempts += 1
        waiting.error = error
        self.circuit.failed(waiting.passage, now, asked, probe=probe)
        self._plan_after(waiting, now, asked)
        return waiting.at_fault and waiting.waited_seconds > PARKED_SECONDS_MAX

    def _plan_after(self, waiting: Waiting, now: float, asked: float | None) -> None:
        if waiting.at_fault:
            delay = self.circuit.parked_delay(waiting.attempts, asked)
            due = now + delay
        else:
            due = self.circuit.again_at
            delay = due - now
        waiting.waited_seconds += delay
        self._plan(waiting, due)

    def _plan(self, waiting: Waiting, due: float) -> None:
        waiting.due = due
        heapq.heappush(self._due, (due, next(self._order), waiting))

    def put_back(self, work: Work, now: float | None = None) -> None:
        """As if it had not been taken."""
        if work.waiting is not None:
            self._plan(work.waiting, work.waiting.due if now is None else now)
        else:
            self._queues[work.lane].extendleft(reversed(work.left))

    def at_once(self, now: float) -> None:
        """A person resumes: nobody waits any longer."""
        self.circuit.succeeded()
        for waiting in self.waiting.values():
            if not waiting.in_flight:
                self._plan(waiting, now)

    # --- rows for what waits ----------------------------------------------------------------------

    def take_to_keep(self) -> Sequence[ToKeep]:
        taken, self.to_keep = self.to_keep, []
        return [each for each in taken if not each.item.settled]

    def give_back_to_keep(self, those: Iterable[ToKeep]) -> None:
        self.to_keep[:0] = those
