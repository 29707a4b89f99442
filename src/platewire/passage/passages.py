"""The passages of one camera: reads of each frame in, changes out.

Processes a frame in this order: passages that were silent too long are lost; unusable reads are
dropped; each other read continues a passage or starts one (`tracking.tracker`) and updates it
(`results.py`, `tracking.track`); the transitions are looked up in the table (`lifecycle.py`) and
returned.

Time is frame time and an argument of each call. A frame time that stands still or goes back a
little counts as the last one; if it goes back further than `lost_after`, the camera's clock was set
back: open passages end, because later times cannot be compared with them.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from msgspec import Struct, structs

from platewire.model import Change, Direction, Kind, Read
from platewire.passage.estimate import Estimate, changed
from platewire.passage.frame import FrameView
from platewire.passage.keep import Kept, pack, unpack
from platewire.passage.lifecycle import Happening, State, move
from platewire.passage.results import results_of
from platewire.passage.settings import PassageSettings
from platewire.passage.tracking.motion import has_place
from platewire.passage.tracking.track import Track, begin
from platewire.passage.tracking.tracker import Pair, at_same_place, distinct, is_corrected
from platewire.passage.zones import zone_at


class OpenPassage(Struct, frozen=True, kw_only=True):
    """Public view of an open passage, for the console and tests."""

    passage: UUID | None
    """None while its first results are held back."""
    text: str
    reads: int
    direction: Direction
    zone: str | None
    first_seen_at: datetime
    last_seen_at: datetime


class Passages:
    """`new_passage` returns the id and the number of a passage when it is first published."""

    def __init__(
        self, settings: PassageSettings, new_passage: Callable[[], tuple[UUID, int]]
    ) -> None:
        self._settings = settings
        self._results = results_of(settings)
        self._new_passage = new_passage
        self._lost_after = timedelta(seconds=settings.lost_after_seconds)
        self._tracks: list[Track] = []
        self._next_key = 0
        self._frame_time: datetime | None = None
        self._clock_set_back = False
        self.unused: Counter[str] = Counter()
        """Reads that were left out since the start, by the reason: unsure, short, outside."""
        self.unconfirmed = 0
        """Vehicles that were read, but too seldom to be reported, since the start."""
        self.last_unconfirmed = ""
        """Text of the last of them."""

    # --- what happens ------------------------------------------------------------------------

    def update(self, reads: Sequence[Read], frame: FrameView) -> list[Change]:
        """The changes that a frame brings; to be called for every frame, also without reads."""
        changes, at = self._turn_clock(frame.captured_at)
        changes += self.tick(at)
        pairs = self._pairs(reads, at, frame)
        read_again = {pair.track.key for pair in pairs if pair.track}
        unread = [track for track in self._tracks if track.key not in read_again]
        for pair in pairs:
            track = pair.track or self._begin(pair.read, at, unread)
            track.arrived = frame.arrived
            changes += self._take(track, pair, at, self._zone(pair.read, frame))
        self._forget_misreadings(unread, at)
        return changes + self._correct_misreadings(unread, at)

    def tick(self, at: datetime) -> list[Change]:
        """Time passes without a frame; `at` is what the frame time would be, aware, UTC."""
        if self._clock_set_back:
            return self.end()
        return self._lose(lambda track: track.last_seen_at + self._lost_after <= at)

    def end(self) -> list[Change]:
        """The recording ended: every open passage is lost, `lost_after` after its last read."""
        self._frame_time, self._clock_set_back = None, False
        return self._lose(lambda track: True)

    # --- what is open ------------------------------------------------------------------------

    @property
    def open(self) -> tuple[OpenPassage, ...]:
        """The passages that are not over, in the order in which they began."""
        return tuple(_summary(track) for track in self._tracks)

    def frames_in_use(self) -> set[int]:
        """Numbers of the frames whose pictures stand for open passages."""
        return {track.best.frame for track in self._tracks if track.best.frame is not None}

    def dump(self) -> bytes:
        """All that is open, for `load` after a restart; without the frame numbers of pictures."""
        tracks = [_without_frame(track) for track in self._tracks]
        return pack(Kept(frame_time=self._frame_time, next_key=self._next_key, tracks=tracks))

    def load(self, state: bytes, at: datetime | None = None) -> None:
        """Goes on where `dump` was taken, under the present settings; replaces what is open.

        With `at`, the present time, a state from the future is recognized: the clock was set back
        meanwhile, and the next call ends its passages. PlatewireError for bytes that are no state
        or one of a newer version; then nothing has changed.
        """
        kept = unpack(state)
        self._tracks, self._next_key = kept.tracks, kept.next_key
        self._frame_time = kept.frame_time
        self._clock_set_back = at is not None and self._is_set_back(at)

    # --- time --------------------------------------------------------------------------------

    def _turn_clock(self, at: datetime) -> tuple[list[Change], datetime]:
        changes = self.end() if self._is_set_back(at) else []
        self._frame_time = at if self._frame_time is None else max(self._frame_time, at)
        return changes, self._frame_time

    def _is_set_back(self, at: datetime) -> bool:
        return self._frame_time is not None and at < self._frame_time - self._lost_after

    def _lose(self, is_over: Callable[[Track], bool]) -> list[Change]:
        over = [track for track in self._tracks if is_over(track)]
        over.sort(key=lambda track: (track.last_seen_at, track.key))
        return [change for track in over for change in self._fall_silent(track)]

    def _fall_silent(self, track: Track) -> list[Change]:
        forget = track.state is State.HELD and self._settings.unconfirmed == "drop"
        happening = Happening.FORGOTTEN if forget else Happening.SILENT
        if forget:
            self.unconfirmed += 1
            self.last_unconfirmed = track.text
        return self._move(track, happening, track.last_seen_at + self._lost_after)

    # --- reads -------------------------------------------------------------------------------

    def _pairs(self, reads: Sequence[Read], at: datetime, frame: FrameView) -> list[Pair]:
        reasons = [self._why_unused(read, frame) for read in reads]
        self.unused.update(reason for reason in reasons if reason)
        usable = distinct([read for read, no in zip(reads, reasons, strict=True) if not no])
        return self._results.pairs(usable, self._tracks, at)

    def _why_unused(self, read: Read, frame: FrameView) -> str:
        """Why the read is left out; empty when it is not."""
        settings = self._settings
        if not settings.min_confidence <= read.confidence < math.inf:
            return "unsure"
        if len(read.text) < settings.min_characters:
            return "short"
        outside = settings.zones and self._zone(read, frame) is None
        return "outside" if outside else ""

    def _zone(self, read: Read, frame: FrameView) -> str | None:
        if not has_place(read.box):
            return None
        return zone_at(self._settings.zones, *frame.fractions(read.box))

    def _begin(self, read: Read, at: datetime, unread: Sequence[Track]) -> Track:
        # Of two stills, a place in the picture says nothing about the vehicle.
        there = [] if self._settings.stills else at_same_place(read, unread, at)
        track = begin(self._next_key, read, at, there)
        self._next_key += 1
        self._tracks.append(track)
        return track

    def _take(self, track: Track, pair: Pair, at: datetime, zone: str | None) -> list[Change]:
        happening, answer = self._results.take(track, pair, at, zone, self._tracks)
        return self._move(track, happening, at, answer)

    def _forget_misreadings(self, unread: Sequence[Track], at: datetime) -> None:
        """Drops what was never shown and turns out to be another text of a passage read just now.

        Two vehicles are never at one place; so when a text came up where a passage's plate was, and
        that passage is read on, it was a misreading of that plate.
        """
        read_now = [track for track in self._tracks if all(track is not other for other in unread)]
        for track in unread:
            if track.state is State.HELD and any(_explains(other, track) for other in read_now):
                self._move(track, Happening.FORGOTTEN, at)

    def _correct_misreadings(self, unread: Sequence[Track], at: datetime) -> list[Change]:
        """The passages whose plate turns out to say what a track held back until now was read as.

        They go on with that track's reads; what they were read as before has no vote any more.
        """
        changes: list[Change] = []
        for track in [track for track in self._tracks if all(track is not no for no in unread)]:
            for shown in unread:
                if is_corrected(shown, track, self._settings.held_back):
                    self._move(track, Happening.FORGOTTEN, at)
                    shown.go_on_as(track)
                    changes += self._move(shown, Happening.CHANGED, at)
                    break
        return changes

    # --- what is told ------------------------------------------------------------------------

    def _move(
        self, track: Track, happening: Happening, at: datetime, answer: Estimate | None = None
    ) -> list[Change]:
        """Looks the happening up, and tells what the table says with `answer`, or all we know."""
        track.state, kinds = move(track.state, happening)
        if track.state is State.GONE:
            self._tracks = [other for other in self._tracks if other is not track]
        return [
            self._tell(track, kind, at, answer or self._results.answer(track)) for kind in kinds
        ]

    def _tell(self, track: Track, kind: Kind, at: datetime, answer: Estimate) -> Change:
        new = kind is Kind.NEW
        change = Change(
            kind=kind,
            passage=track.passage or self._name(track),
            passage_number=track.passage_number,
            revision=track.revision,
            changed=() if new else _changed(track, answer),
            occurred_at=track.last_seen_at if new else at,
            first_seen_at=track.first_seen_at,
            last_seen_at=track.last_seen_at,
            zone=answer.zone,
            direction=answer.direction,
            plate=self._results.plate(track, answer),
            vehicle=self._results.vehicle(track, answer),
            reads=track.reads_behind,
            best=track.best,
            arrived=track.arrived,
        )
        track.reported(answer)
        return change

    def _name(self, track: Track) -> UUID:
        track.passage, track.passage_number = self._new_passage()
        return track.passage


def _changed(track: Track, answer: Estimate) -> tuple[str, ...]:
    names = changed(track.shown_answer, answer)
    return names if track.best_is_shown else (*names, "images")


def _explains(passage: Track, misreading: Track) -> bool:
    """Whether `passage`, read just now, shows the plate that `misreading` was read from."""
    if passage.key in misreading.same_place:
        return passage.state is State.OPEN or passage.reads > misreading.reads
    return misreading.key in passage.same_place and passage.state is State.OPEN


def _summary(track: Track) -> OpenPassage:
    return OpenPassage(
        passage=track.passage,
        text=track.text,
        reads=track.reads,
        direction=track.compass.direction,
        zone=track.zone,
        first_seen_at=track.first_seen_at,
        last_seen_at=track.last_seen_at,
    )


def _without_frame(track: Track) -> Track:
    return structs.replace(track, best=structs.replace(track.best, frame=None))
