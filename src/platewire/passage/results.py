"""The three values of the setting `results`: which reads form a passage, and what it publishes.

combined   one passage per vehicle; its reads vote, and only a changed result is published
raw        one passage per vehicle; each read is published as it is
single     each read is its own passage, published as it is
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from msgspec import structs

from platewire.model import Plate, Read, Vehicle
from platewire.passage.estimate import Estimate, matters, settle
from platewire.passage.lifecycle import Happening, State
from platewire.passage.settings import PassageSettings
from platewire.passage.tracking.track import Track, plate_of
from platewire.passage.tracking.tracker import Pair, associate, associate_stills, reads_in_doubt


class Taken(NamedTuple):
    """Effect of a read on its passage."""

    happening: Happening
    answer: Estimate | None = None
    """What is to be told; None: what the track says."""


class Results(Protocol):
    def pairs(self, reads: Sequence[Read], tracks: Sequence[Track], at: datetime) -> list[Pair]:
        """Which track each read of a frame continues."""
        ...

    def take(
        self, track: Track, pair: Pair, at: datetime, zone: str | None, tracks: Sequence[Track]
    ) -> Taken:
        """Gives the read to its track, one of the open `tracks`."""
        ...

    def answer(self, track: Track) -> Estimate: ...

    def plate(self, track: Track, answer: Estimate) -> Plate: ...

    def vehicle(self, track: Track, answer: Estimate) -> Vehicle: ...


def _associated(
    reads: Sequence[Read], tracks: Sequence[Track], at: datetime, settings: PassageSettings
) -> list[Pair]:
    if settings.stills:
        return associate_stills(reads, tracks)
    return associate(reads, tracks, at, settings.distance)


class Combined:
    def __init__(self, settings: PassageSettings) -> None:
        self._settings = settings

    def pairs(self, reads: Sequence[Read], tracks: Sequence[Track], at: datetime) -> list[Pair]:
        return _associated(reads, tracks, at, self._settings)

    def take(
        self, track: Track, pair: Pair, at: datetime, zone: str | None, tracks: Sequence[Track]
    ) -> Taken:
        if pair.is_piece:
            track.glimpse(pair.read, at, self._settings.decision)
            return Taken(Happening.READ)
        track.learn(pair.read, at, zone, self._settings)
        if track.state is State.HELD:
            return self._hold(track, pair.read, tracks)
        return self._compare(track, pair.read)

    def answer(self, track: Track) -> Estimate:
        return track.answer()

    def plate(self, track: Track, answer: Estimate) -> Plate:
        return track.plate(answer, self._settings.decision)

    def vehicle(self, track: Track, answer: Estimate) -> Vehicle:
        return track.vehicle_of(answer)

    def _hold(self, track: Track, read: Read, tracks: Sequence[Track]) -> Taken:
        track.consider_picture(read)
        held_back = self._settings.held_back
        if held_back:
            held_back += reads_in_doubt(track, tracks)
        enough = track.reads > held_back
        return Taken(Happening.CONFIRMED if enough else Happening.READ)

    def _compare(self, track: Track, read: Read) -> Taken:
        """Compares what the reads now say with what was told."""
        shown = track.shown_answer
        answer = settle(shown, track.answer(), track.pending)
        answer = structs.replace(answer, display=track.display(answer.text))
        track.consider_picture(read)
        tell = matters(shown, answer) or track.has_notable_picture()
        return Taken(Happening.CHANGED if tell else Happening.READ, answer)


class Raw:
    def __init__(self, settings: PassageSettings) -> None:
        self._settings = settings

    def pairs(self, reads: Sequence[Read], tracks: Sequence[Track], at: datetime) -> list[Pair]:
        return _associated(reads, tracks, at, self._settings)

    def take(
        self, track: Track, pair: Pair, at: datetime, zone: str | None, tracks: Sequence[Track]
    ) -> Taken:
        track.learn(pair.read, at, zone, self._settings)
        track.take_picture(pair.read)
        first = track.state is State.HELD
        return Taken(Happening.CONFIRMED if first else Happening.CHANGED)

    def answer(self, track: Track) -> Estimate:
        return track.answer_of_best()

    def plate(self, track: Track, answer: Estimate) -> Plate:
        return plate_of(track.best)

    def vehicle(self, track: Track, answer: Estimate) -> Vehicle:
        return track.best.vehicle


class Single(Raw):
    def pairs(self, reads: Sequence[Read], tracks: Sequence[Track], at: datetime) -> list[Pair]:
        return [Pair(read, None, False) for read in reads]


RESULTS: dict[str, type[Combined | Raw]] = {"combined": Combined, "raw": Raw, "single": Single}
"""By the setting's value."""


def results_of(settings: PassageSettings) -> Results:
    return RESULTS[settings.results](settings)
