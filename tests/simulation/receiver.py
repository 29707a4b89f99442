"""A third party in all its moods, for simulations: one `Output` and what has reached it.

Keeps what reached it also where the sender never hears of that.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from platewire.errors import Paused, Refused, Rejected, Unavailable
from platewire.model import Entry
from platewire.outputs.output import Output
from platewire.runtime.clock import Clock


@dataclass(frozen=True)
class Moods:
    """How likely each trouble is, at each connect or send."""

    refuses_connection: float = 0.2
    is_down: float = 0.2
    stalls: float = 0.1
    loses_answer: float = 0.1
    takes_part: float = 0.05
    pauses: float = 0.0


CALM = Moods(0, 0, 0, 0, 0)


class Receiver(Output):
    """Poisonous events are refused for good, sick passages fail as long as `moods` are not calm."""

    def __init__(
        self, clock: Clock, chance: random.Random, *, batch: int = 1, lanes: int = 1
    ) -> None:
        self._clock = clock
        self._chance = chance
        self.batch = batch
        self.lanes = lanes
        self.moods = Moods()
        self.poison: set[int] = set()
        self.sick: set[int] = set()
        self.down_until = 0.0
        self.turns_away_until = 0.0
        """As a proxy does while it is changed, or where a key has run out: everybody alike."""
        self.got: list[Entry] = []
        self.sending: dict[int, int] = {}
        """Passage number to how many of its sends run."""
        self.losses: list[int] = []
        """Seqs that arrived, of which the sender never heard."""
        self.wrongs: list[str] = []
        self._connected = False

    async def connect(self) -> None:
        if self.sending:
            self.wrongs.append("connect while sends run")
        if self._away() or self._chance.random() < self.moods.refuses_connection:
            raise Unavailable("connection refused")
        self._turn_away()
        self._connected = True

    async def send(self, entries: Sequence[Entry]) -> None:
        self._begin(entries)
        try:
            await self._take(entries)
        finally:
            for passage in {entry.event.passage_number for entry in entries}:
                self.sending.pop(passage, None)

    def _begin(self, entries: Sequence[Entry]) -> None:
        if not self._connected:
            self.wrongs.append("send without connect")
        if len(self.sending) >= self.lanes * self.batch:
            self.wrongs.append("more sends than lanes")
        for passage in {entry.event.passage_number for entry in entries}:
            if passage in self.sending:
                self.wrongs.append(f"two sends of passage {passage} at the same time")
            self.sending[passage] = 1

    async def _take(self, entries: Sequence[Entry]) -> None:
        trouble = self._chance.random()
        moods = self.moods
        if trouble < moods.stalls:
            await self._clock.sleep(self._chance.uniform(0, 20))
        if self._away() or self._chance.random() < moods.is_down:
            raise Unavailable("503", retry_after=self._chance.choice([None, None, 0.1, 30.0]))
        self._turn_away()
        if self._chance.random() < moods.pauses:
            raise Paused("410 Gone")
        for number, entry in enumerate(entries):
            if number and self._chance.random() < moods.takes_part:
                raise Unavailable("cut off in the middle")
            if entry.event.seq in self.poison:
                raise Rejected("422", status=422)
            if entry.event.passage_number in self.sick:
                raise Unavailable("500 for this one")
            self.got.append(entry)
        if self._chance.random() < moods.loses_answer:
            self.losses += [entry.event.seq for entry in entries]
            raise Unavailable("the answer was lost")

    def _turn_away(self) -> None:
        if self._clock.monotonic() < self.turns_away_until:
            status = self._chance.choice([401, 403, 404, 405, 407])
            raise Refused(str(status), status=status)

    def _away(self) -> bool:
        return self._clock.monotonic() < self.down_until

    async def close(self) -> None:
        self._connected = False
