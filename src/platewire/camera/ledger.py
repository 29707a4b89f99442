"""A camera's open passages and their pictures, consistent with the event log.

Events, their pictures and the resulting open passages are stored in one append: a crash at any
moment leaves all of them or none, so a restart continues exactly from the state of the log.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from platewire.access import AccessLists
from platewire.camera.list_lookup import ListLookup
from platewire.camera.passage_record import PassageRecord, Records, decode, encode
from platewire.errors import LogError, LogWaits, PictureError, PlatewireError
from platewire.eventlog.log import EventLog
from platewire.model import (
    BootTime,
    Change,
    Event,
    Frame,
    Images,
    Kind,
    ListHit,
    Picture,
    Pixels,
    Read,
)
from platewire.passage.frame import FrameView
from platewire.passage.passages import Passages
from platewire.recognition import pictures
from platewire.recognition.picture_settings import PictureSettings
from platewire.runtime.clock import Clock
from platewire.runtime.freshness import seen_at
from platewire.runtime.identity import Identities
from platewire.runtime.status import Board, State

STATE_EVERY_SECONDS = 0.5
"""How far the kept open passages may lag behind while nothing happens that makes an event."""
WAIT_SECONDS = 2.0
"""While the log cannot be written, between two tries; it says itself when it can be again."""

NO_IMAGES = Images()


@dataclass(slots=True)
class Album:
    """Keeps the frames of open passages and makes the pictures of changes from them."""

    settings: PictureSettings
    frames: dict[int, Frame] = field(default_factory=dict)

    def make(self, change: Change, record: PassageRecord) -> list[Picture]:
        """New pictures, when the best read's frame is at hand and not yet published."""
        best = change.best
        frame = self.frames.get(best.frame) if best.frame is not None else None
        if frame is None or record.pictured_frame == best.frame:
            return []
        made = self._encode(frame, best)
        record.images = Images(**{picture.role: picture.image for picture in made})
        record.pictured_frame = best.frame
        return made

    def _encode(self, frame: Frame, best: Read) -> list[Picture]:
        quality = self.settings.quality
        made = [pictures.encode(pictures.plate_crop(frame, best.box), "plate", quality=quality)]
        if self.settings.vehicle:
            crop: Pixels = pictures.vehicle_crop(frame, best.box)
            made.append(pictures.encode(crop, "vehicle", quality=quality))
        if self.settings.frame:
            made.append(pictures.encode(frame.pixels, "frame", quality=quality))
        return made

    def prune(self, in_use: set[int]) -> None:
        for number in self.frames.keys() - in_use:
            del self.frames[number]


class Ledger:
    """The open passages of one camera, and which part of them is already in the log."""

    def __init__(
        self,
        camera: str,
        passages: Passages,
        *,
        album: Album,
        log: EventLog,
        identities: Identities,
        clock: Clock,
        board: Board,
        lists: AccessLists | None = None,
    ) -> None:
        self.passages = passages
        self._camera = camera
        self._album = album
        self._log = log
        self._identities = identities
        self._clock = clock
        self._board = board
        self._lookup = ListLookup(camera, lists, lambda text: board.note("camera", camera, text))
        self._records: Records = {}
        self._kept_at = float("-inf")

    async def resume(self) -> None:
        """Loads the passages that an earlier run left open; there may be none.

        LogError when they were kept by a newer platewire or are damaged.
        """
        kept = await self._log.open_passages(self._camera)
        if kept is not None:
            try:
                passages, records = decode(kept)
                self.passages.load(passages, self._clock.now())
            except PlatewireError as error:
                # To go on without them would leave out their `lost`: a person has to decide.
                raise LogError(
                    f'camera "{self._camera}": {error} (it is the row of that camera in the '
                    "table open_passages of the database)"
                ) from error
            self._records = records

    async def see(self, frame: Frame, reads: Sequence[Read]) -> None:
        """What one frame showed."""
        self._album.frames[frame.number] = frame
        arrived = seen_at(frame.arrived or self._clock.boot(), frame.captured_at, self._clock)
        changes = self.passages.update(reads, FrameView.of(frame, arrived))
        if changes:
            await self.keep(changes)
        elif reads and self._clock.monotonic() - self._kept_at >= STATE_EVERY_SECONDS:
            await self._append([], [], {})
        self._album.prune(self.passages.frames_in_use())

    async def keep(self, changes: Sequence[Change]) -> None:
        """Changes and their pictures into the log; returns when they are durable."""
        if not changes:
            return
        made: list[Picture] = []
        events = []
        arrived: dict[UUID, BootTime | None] = {}
        for each in changes:
            record = self._records.setdefault(each.passage, PassageRecord())
            made += await self._pictures_of(each, record)
            change = await self._lookup.update(each, record)
            event = event_of(
                change,
                self._camera,
                self._identities.event(),
                record.images or NO_IMAGES,
                record.hits or (),
                record.withdrawn,
            )
            events.append(event)
            arrived[event.id] = self._known_since(change)
            if change.kind is Kind.LOST:
                del self._records[change.passage]
        await self._append(events, made, arrived)

    def _known_since(self, change: Change) -> BootTime | None:
        """Silence comes to be known when it is noticed, all else with the frame of the read."""
        return self._clock.boot() if change.kind is Kind.LOST else change.arrived

    async def _pictures_of(self, change: Change, record: PassageRecord) -> list[Picture]:
        """What cannot be encoded is told and left out: an event never waits for its picture."""
        try:
            return await asyncio.to_thread(self._album.make, change, record)
        except PictureError as error:
            told = f'camera "{self._camera}": {error}; the event was stored without the image'
            self._board.note("camera", self._camera, told)
            return []

    async def _append(
        self,
        events: Sequence[Event],
        made: Sequence[Picture],
        arrived: Mapping[UUID, BootTime | None],
    ) -> None:
        """Waits while the log cannot be written; nothing is dropped, and the board says why."""
        encoded = encode(self.passages.dump(), self._records)
        self._kept_at = self._clock.monotonic()
        while True:
            try:
                await self._log.append(self._camera, events, made, encoded, arrived)
            except LogWaits as error:
                self._board.fail("camera", self._camera, State.WAITING, str(error))
                await self._clock.sleep(WAIT_SECONDS)
            else:
                for event in events:
                    self._board.count("camera", self._camera, **{f"events_{event.kind}": 1})
                return


def event_of(
    change: Change,
    camera: str,
    event_id: UUID,
    images: Images = NO_IMAGES,
    lists: tuple[ListHit, ...] = (),
    withdrawn: tuple[str, ...] = (),
) -> Event:
    """The event that the log will number."""
    return Event(
        id=event_id,
        kind=change.kind,
        passage=change.passage,
        passage_number=change.passage_number,
        revision=change.revision,
        changed=change.changed,
        occurred_at=change.occurred_at,
        first_seen_at=change.first_seen_at,
        last_seen_at=change.last_seen_at,
        camera=camera,
        zone=change.zone,
        direction=change.direction,
        plate=change.plate,
        vehicle=change.vehicle,
        images=images,
        reads=change.reads,
        lists=lists,
        withdrawn=withdrawn,
    )
