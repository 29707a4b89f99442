"""A camera's open passages and their pictures, kept in step with the event log.

Events, their pictures and the open passages they leave behind go into the log in one append: a
crash at any moment leaves all of them or none, so a restart goes on exactly where the log stands.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import msgspec

from platewire.clock import Clock
from platewire.errors import LogError, LogFull, PictureError, PlatewireError
from platewire.eventlog.log import EventLog
from platewire.identity import Identities
from platewire.model import (
    AccessLists,
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
from platewire.passage.passages import Passages
from platewire.recognition import pictures
from platewire.recognition.picture_settings import PictureSettings
from platewire.status import Board, State

STATE_EVERY_SECONDS = 0.5
"""How far the kept open passages may lag behind while nothing happens that makes an event."""
FULL_RETRY_SECONDS = 2.0


NO_IMAGES = Images()


class OpenState(msgspec.Struct, frozen=True):
    """What is kept of a camera's open passages beside what the passage room keeps."""

    passages: bytes
    images: dict[str, Images]
    """Pictures last published, by passage id."""
    lists: dict[str, tuple[ListHit, ...]] = {}
    """Lists last published, by passage id."""
    texts: dict[str, str] = {}
    """The plate that these lists were asked for, by passage id."""


@dataclass(slots=True)
class Album:
    """Makes the pictures of changes; remembers the frames and images of open passages."""

    settings: PictureSettings
    frames: dict[int, Frame] = field(default_factory=dict)
    images: dict[str, Images] = field(default_factory=dict)
    _shown: dict[str, int | None] = field(default_factory=dict)

    def make(self, change: Change) -> list[Picture]:
        """New pictures, when the best read's frame is at hand and not yet shown."""
        key, best = str(change.passage), change.best
        frame = self.frames.get(best.frame) if best.frame is not None else None
        if frame is None or self._shown.get(key) == best.frame:
            return []
        made = self._encode(frame, best)
        self.images[key] = Images(**{picture.role: picture.image for picture in made})
        self._shown[key] = best.frame
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

    def forget(self, passage: str) -> None:
        self.images.pop(passage, None)
        self._shown.pop(passage, None)

    def prune(self, in_use: set[int]) -> None:
        for number in self.frames.keys() - in_use:
            del self.frames[number]


@dataclass(slots=True)
class Standing:
    """On which lists the plates of open passages stand; asked anew whenever a text changes.

    Asked at frame time, so that a recording gives the same events each time.
    """

    camera: str
    lists: AccessLists | None
    note: Callable[[str], None]
    hits: dict[str, tuple[ListHit, ...]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)

    async def on(self, change: Change) -> Change:
        """The change, with `lists` among what changed where it did."""
        key, text = str(change.passage), change.plate.text
        if self.lists is None or self.texts.get(key) == text:
            return change
        before = self.hits.get(key, ())
        self.texts[key] = text
        self.hits[key] = hits = await self._asked(self.lists, text, change)
        if change.kind is Kind.NEW or hits == before:
            return change
        return msgspec.structs.replace(change, changed=(*change.changed, "lists"))

    async def _asked(self, lists: AccessLists, text: str, change: Change) -> tuple[ListHit, ...]:
        """An event never waits for what cannot be read: it is told, and left out."""
        try:
            listed = await lists.look_up(text, self.camera, change.last_seen_at)
        except LogError as error:
            self.note(f'camera "{self.camera}": {error}; the event was kept without its lists')
            return ()
        return tuple(each.hit for each in listed if not each.refusal)

    def forget(self, passage: str) -> None:
        self.hits.pop(passage, None)
        self.texts.pop(passage, None)


class Ledger:
    """One camera's book: what its passages are, and what of it the log already holds."""

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
        self._standing = Standing(camera, lists, lambda told: board.note("camera", camera, told))
        self._kept_at = float("-inf")

    async def take_up(self) -> None:
        """Loads the passages that an earlier run left open; there may be none.

        LogError when they were kept by a newer platewire or are damaged.
        """
        kept = await self._log.open_passages(self._camera)
        if kept is not None:
            try:
                state = msgspec.msgpack.decode(kept, type=OpenState)
                self.passages.load(state.passages, self._clock.now())
            except (msgspec.DecodeError, PlatewireError) as error:
                # To go on without them would leave out their `lost`: a person has to decide.
                raise LogError(
                    f'camera "{self._camera}": {error} (it is that camera\'s row in the table '
                    "open_passages of the database)"
                ) from error
            self._album.images = dict(state.images)
            self._standing.hits, self._standing.texts = dict(state.lists), dict(state.texts)

    async def see(self, frame: Frame, reads: Sequence[Read]) -> None:
        """What one frame showed."""
        height, width = frame.pixels.shape[:2]
        self._album.frames[frame.number] = frame
        changes = self.passages.update(reads, frame.captured_at, width, height)
        if changes:
            await self.keep(changes)
        elif reads and self._clock.monotonic() - self._kept_at >= STATE_EVERY_SECONDS:
            await self._append([], [])
        self._album.prune(self.passages.frames_in_use())

    async def keep(self, changes: Sequence[Change]) -> None:
        """Changes and their pictures into the log; returns when they are durable."""
        if not changes:
            return
        made: list[Picture] = []
        events = []
        for each in changes:
            made += await self._pictures_of(each)
            change = await self._standing.on(each)
            key = str(change.passage)
            images = self._album.images.get(key, NO_IMAGES)
            hits = self._standing.hits.get(key, ())
            event_id = self._identities.event()
            events.append(event_of(change, self._camera, event_id, images, hits))
            if change.kind is Kind.LOST:
                self._album.forget(key)
                self._standing.forget(key)
        await self._append(events, made)

    async def _pictures_of(self, change: Change) -> list[Picture]:
        """What cannot be encoded is told and left out: an event never waits for its picture."""
        try:
            return await asyncio.to_thread(self._album.make, change)
        except PictureError as error:
            told = f'camera "{self._camera}": {error}; the event was kept without it'
            self._board.note("camera", self._camera, told)
            return []

    async def _append(self, events: Sequence[Event], made: Sequence[Picture]) -> None:
        """Waits while the disk is full: nothing is dropped, and the board says why it waits."""
        state = OpenState(
            self.passages.dump(),
            self._album.images,
            self._standing.hits,
            self._standing.texts,
        )
        encoded = msgspec.msgpack.encode(state)
        self._kept_at = self._clock.monotonic()
        while True:
            try:
                await self._log.append(self._camera, events, made, encoded)
            except LogFull as error:
                self._board.fail("camera", self._camera, State.WAITING, str(error))
                await self._clock.sleep(FULL_RETRY_SECONDS)
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
    )
