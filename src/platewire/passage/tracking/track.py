"""One vehicle in front of the camera: all state between frames.

A `Track` stores sums and the last few points, never the reads, so its size is bounded however long
a vehicle stays. It can be serialized as it is (`keep.py`). It learns from reads and returns its
current result; `passages.py` decides what is published.
"""

from datetime import datetime
from uuid import UUID

from msgspec import Struct, field

from platewire.model import Attribute, BootTime, Candidate, Plate, Read, Vehicle
from platewire.passage.direction import Compass
from platewire.passage.estimate import Estimate, Pending
from platewire.passage.lifecycle import State
from platewire.passage.picture import is_better, is_notably_better, quality
from platewire.passage.settings import PassageSettings
from platewire.passage.tracking.motion import Motion
from platewire.passage.vehicles import VehicleBallot, attribute, winner
from platewire.passage.vote import Ballot, Decision, country_of, elect, respell, support

CANDIDATES_MAX = 5
"""Other texts that an event names, the surest: further ones help nobody."""


class Track(Struct, kw_only=True):
    key: int
    """Names the track among the open ones; it has a passage only once it is shown."""
    first_seen_at: datetime
    last_seen_at: datetime
    arrived: BootTime | None = None
    """When the last read was taken, on the clock of the boot; None in an older state."""
    motion: Motion
    text: str
    """What the votes say now: the representative with which further reads are compared."""
    best: Read
    """The read whose picture stands for the passage."""
    ballot: Ballot = field(default_factory=Ballot)
    vehicle: VehicleBallot = field(default_factory=VehicleBallot)
    compass: Compass = field(default_factory=Compass)
    zone: str | None = None
    reads: int = 0
    pieces: int = 0
    """Of these reads, the partial ones."""
    same_place: list[int] = field(default_factory=list)
    """Keys of the tracks at whose place this one began."""

    state: State = State.HELD
    passage: UUID | None = None
    passage_number: int = 0
    revision: int = 0
    """Of the next event."""
    shown: Estimate | None = None
    """What the last event said."""
    pending: Pending = field(default_factory=dict)
    shown_quality: float = 0.0
    best_is_shown: bool = False

    @property
    def shown_answer(self) -> Estimate:
        """What the last event said; only of a track that was shown."""
        if self.shown is None:
            raise ValueError(f"the track with {self.text} has not been published")
        return self.shown

    @property
    def is_shown_whole(self) -> bool:
        return self.shown is not None and self.ballot.has_whole

    @property
    def reads_behind(self) -> int:
        """Reads of the whole plate, which never decrease; 1 while there are only pieces."""
        return max(1, self.reads - self.pieces)

    def glimpse(self, read: Read, at: datetime, decision: Decision) -> None:
        """Takes a read of a part of the plate: the vehicle is still there, and the characters that
        were seen are confirmed, no more."""
        self.last_seen_at = at
        self.motion.follow(read.box, at, whole=False)
        if read.partial and self.ballot.has_whole:
            self.ballot.confirm(read)
            self.text = elect(self.ballot, decision)

    def learn(self, read: Read, at: datetime, zone: str | None, settings: PassageSettings) -> None:
        self.last_seen_at, self.zone = at, zone
        self.reads += 1
        self.pieces += read.partial
        if self.motion.follow(read.box, at):
            self.compass.follow(read.box, settings.direction_in, settings.direction_tolerance)
        self.ballot.add(read)
        self.vehicle.add(read.vehicle)
        self.text = elect(self.ballot, settings.decision)

    def go_on_as(self, better: "Track") -> None:
        """Takes the reads of a track that reads the same plate right; only the passage stays."""
        self.key, self.same_place = better.key, better.same_place
        self.last_seen_at, self.motion, self.zone = better.last_seen_at, better.motion, better.zone
        self.arrived = better.arrived
        self.text, self.ballot = better.text, better.ballot
        self.reads += better.reads
        self.pieces += better.pieces
        self.vehicle.join(better.vehicle)
        self.compass.join(better.compass)
        self.pending = {}
        self.take_picture(better.best)

    def consider_picture(self, read: Read) -> None:
        """Makes `read` the best where its picture shows the text better."""
        if is_better(read, self.best, self.text):
            self.take_picture(read)

    def has_notable_picture(self) -> bool:
        """Whether the best picture is an event of its own: never while the text is in doubt."""
        return "text" not in self.pending and is_notably_better(self.best, self.shown_quality)

    def take_picture(self, read: Read) -> None:
        self.best, self.best_is_shown = read, False

    def answer(self) -> Estimate:
        """What the reads together say now."""
        country, region = self._country()
        make = winner(self.vehicle.make)
        return Estimate(
            text=self.text,
            display=self.display(self.text),
            country=country,
            region=region,
            partial=not self.ballot.has_whole,
            zone=self.zone,
            direction=self.compass.direction,
            make=make,
            model=winner(self.vehicle.models_of(make)),
            type=winner(self.vehicle.type),
            color=winner(self.vehicle.color),
        )

    def _country(self) -> tuple[str | None, str | None]:
        """Country and region; of a piece neither is known."""
        if not self.ballot.has_whole:
            return None, None
        return country_of(self.ballot, self.text, self.shown.country if self.shown else None)

    def answer_of_best(self) -> Estimate:
        """What the best read alone says."""
        read = self.best
        return Estimate(
            text=read.text,
            display=read.display,
            country=read.country,
            region=read.region,
            partial=read.partial,
            zone=self.zone,
            direction=self.compass.direction,
            make=_value(read.vehicle.make),
            model=_value(read.vehicle.model),
            type=_value(read.vehicle.type),
            color=_value(read.vehicle.color),
        )

    def display(self, text: str) -> str:
        return self._spelled(text)[1]

    def plate(self, answer: Estimate, decision: Decision) -> Plate:
        """The plate as the votes back the answer's text."""
        backing = support(self.ballot, answer.text, decision)
        raw, display, unicode = self._spelled(answer.text)
        return Plate(
            text=answer.text,
            display=display,
            raw=raw,
            unicode=unicode,
            country=answer.country,
            region=answer.region,
            confidence=backing.confidence,
            characters=backing.characters,
            candidates=self._candidates(answer.text),
            box=self.best.box,
            partial=answer.partial,
        )

    def vehicle_of(self, answer: Estimate) -> Vehicle:
        """The vehicle as the votes back the answer's values."""
        ballot = self.vehicle
        return Vehicle(
            make=attribute(ballot.make, answer.make),
            model=attribute(ballot.models_of(answer.make), answer.model),
            type=attribute(ballot.type, answer.type),
            color=attribute(ballot.color, answer.color),
            box=self.best.vehicle.box,
        )

    def reported(self, answer: Estimate) -> None:
        """Notes what an event has just said."""
        self.shown, self.revision = answer, self.revision + 1
        self.shown_quality, self.best_is_shown = quality(self.best), True

    def _spelled(self, text: str) -> tuple[str, str, str]:
        """raw, display and unicode of the surest read with this text, or after the nearest one."""
        if (tally := self.ballot.tallies.get(text)) is not None:
            return tally.raw, tally.display, tally.unicode
        near = self.ballot.nearest(text)
        tally = self.ballot.tallies[near]
        return tally.raw, respell(tally.display, near, text), respell(tally.unicode, near, text)

    def _candidates(self, text: str) -> tuple[Candidate, ...]:
        """Other texts that were read, then what the best read says it might have been."""
        found = {
            other: tally.surest * tally.weight / self.ballot.weight
            for other, tally in self.ballot.alternatives.items()
        }
        for candidate in self.best.candidates:
            found.setdefault(candidate.text, candidate.confidence)
        found.pop(text, None)
        ranked = sorted(found.items(), key=lambda item: (-item[1], item[0]))
        return tuple(Candidate(other, round(sure, 4)) for other, sure in ranked[:CANDIDATES_MAX])


def plate_of(read: Read) -> Plate:
    """The plate as this one read says it."""
    return Plate(
        text=read.text,
        display=read.display,
        raw=read.raw,
        unicode=read.unicode,
        country=read.country,
        region=read.region,
        confidence=read.confidence,
        characters=read.characters,
        candidates=read.candidates,
        box=read.box,
        partial=read.partial,
    )


def begin(key: int, read: Read, at: datetime, same_place: list[int]) -> Track:
    """A track of which nothing is known but that it starts with this read; `learn` it next."""
    return Track(
        key=key,
        first_seen_at=at,
        last_seen_at=at,
        motion=Motion(at=at),
        text=read.text,
        best=read,
        same_place=same_place,
    )


def _value(attribute: Attribute | None) -> str | None:
    return attribute.value if attribute else None
