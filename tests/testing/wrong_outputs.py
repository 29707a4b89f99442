"""Outputs that break one promise each, to check the check of outputs."""

import asyncio
import time
import urllib.request
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from platewire.errors import Rejected, Unavailable
from platewire.model import Entry, Event, Image, Kind
from platewire.outputs.http.http import HttpOutput
from platewire.wire.numberok.json import AttachedPicture

# --- answers of the receiver ---------------------------------------------------------------------


class TakesEveryAnswerForDelivered(HttpOutput):
    async def send(self, entries: Sequence[Entry]) -> None:
        try:
            await super().send(entries)
        except (Unavailable, Rejected):
            return


class SwallowsRejections(HttpOutput):
    async def send(self, entries: Sequence[Entry]) -> None:
        try:
            await super().send(entries)
        except Rejected:
            return


class SwallowsAbsence(HttpOutput):
    async def send(self, entries: Sequence[Entry]) -> None:
        try:
            await super().send(entries)
        except Unavailable:
            return


class RetriesByItself(HttpOutput):
    async def send(self, entries: Sequence[Entry]) -> None:
        try:
            await super().send(entries)
        except Unavailable:
            await super().send(entries)


class RetriesRejections(HttpOutput):
    async def send(self, entries: Sequence[Entry]) -> None:
        try:
            await super().send(entries)
        except Rejected:
            await super().send(entries)


class TakesRejectionsForAbsence(HttpOutput):
    async def send(self, entries: Sequence[Entry]) -> None:
        try:
            await super().send(entries)
        except Rejected as error:
            raise Unavailable(str(error)) from error


class TakesAbsenceForRejections(HttpOutput):
    async def send(self, entries: Sequence[Entry]) -> None:
        try:
            await super().send(entries)
        except Unavailable as error:
            raise Rejected(str(error)) from error


class SaysOnlyNo(HttpOutput):
    async def send(self, entries: Sequence[Entry]) -> None:
        try:
            await super().send(entries)
        except Unavailable as error:
            raise Unavailable("no") from error


class DoesNotNameItself(HttpOutput):
    async def send(self, entries: Sequence[Entry]) -> None:
        try:
            await super().send(entries)
        except Unavailable as error:
            raise Unavailable("the receiver has not answered, look at it") from error


class RaisesForeignErrors(HttpOutput):
    async def send(self, entries: Sequence[Entry]) -> None:
        try:
            await super().send(entries)
        except Unavailable as error:
            raise ConnectionError("cut off") from error


class RaisesForeignErrorsInConnect(HttpOutput):
    async def connect(self) -> None:
        try:
            await super().connect()
        except Unavailable as error:
            raise OSError("nobody is there") from error


class PretendsToBeConnected(HttpOutput):
    async def connect(self) -> None:
        try:
            await super().connect()
        except Unavailable:
            return


class FiresAndForgets(HttpOutput):
    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.sending = set[asyncio.Task[None]]()

    async def send(self, entries: Sequence[Entry]) -> None:
        task = asyncio.create_task(super().send(entries))
        self.sending.add(task)
        task.add_done_callback(self._forget)

    def _forget(self, done: asyncio.Task[None]) -> None:
        self.sending.discard(done)
        done.exception()


# --- which events arrive -------------------------------------------------------------------------


class DropsTests(HttpOutput):
    async def send(self, entries: Sequence[Entry]) -> None:
        await super().send([entry for entry in entries if not entry.event.test])


class DropsReplays(HttpOutput):
    async def send(self, entries: Sequence[Entry]) -> None:
        await super().send([entry for entry in entries if not entry.event.replayed])


class DropsLost(HttpOutput):
    async def send(self, entries: Sequence[Entry]) -> None:
        await super().send([entry for entry in entries if entry.event.kind is not Kind.LOST])


class SendsTwice(HttpOutput):
    async def send(self, entries: Sequence[Entry]) -> None:
        await super().send([*entries, *entries])


class SendsBatchesBackwards(HttpOutput):
    batch = 3

    async def send(self, entries: Sequence[Entry]) -> None:
        await super().send(list(reversed(entries)))


class SendsPartOfABatch(HttpOutput):
    batch = 3

    async def send(self, entries: Sequence[Entry]) -> None:
        await super().send(entries[:2])


class NeedsACountry(HttpOutput):
    async def send(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            if not entry.event.plate.country:
                raise KeyError("country")
        await super().send(entries)


# --- pictures ------------------------------------------------------------------------------------


class NeverSendsThePicture(HttpOutput):
    async def _attached_picture(self, event: Event, image: Image | None) -> AttachedPicture | None:
        return None


class SendsAnotherPicture(HttpOutput):
    async def _attached_picture(self, event: Event, image: Image | None) -> AttachedPicture | None:
        shown = await super()._attached_picture(event, image)
        return shown and shown._replace(jpeg=shown.jpeg[:-2] + b"\xff\xfe\x00\x02\xff\xd9")


class NeedsThePicture(HttpOutput):
    async def _attached_picture(self, event: Event, image: Image | None) -> AttachedPicture | None:
        shown = await super()._attached_picture(event, image)
        if image is not None and shown is None:
            raise Rejected(f'output "{self._settings.name}": the picture of the event was deleted')
        return shown


# --- side by side, and again ---------------------------------------------------------------------


class SharesTheEntry(HttpOutput):
    """States lanes and is not re-entrant."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.lanes = 8
        self.entries: Sequence[Entry] = ()

    async def send(self, entries: Sequence[Entry]) -> None:
        self.entries = entries
        await asyncio.sleep(0)
        await super().send(self.entries)


class RefusesASecondSend(HttpOutput):
    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.lanes = 8
        self.busy = False

    async def send(self, entries: Sequence[Entry]) -> None:
        if self.busy:
            raise RuntimeError("send() is already running")
        self.busy = True
        try:
            await super().send(entries)
        finally:
            self.busy = False


class SendsWhatFailedAgain(HttpOutput):
    """Keeps what failed, although the delivery loop sends it again."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.lanes = 1
        self.left: list[Entry] = []

    async def send(self, entries: Sequence[Entry]) -> None:
        self.left += entries
        try:
            await super().send(self.left)
        except Rejected:
            self.left.clear()
            raise
        self.left.clear()


class StaysBroken(HttpOutput):
    """`connect` does not begin anew."""

    broken = False

    async def send(self, entries: Sequence[Entry]) -> None:
        if self.broken:
            raise Unavailable(f'output "{self._settings.name}" lost its connection; connect again')
        try:
            await super().send(entries)
        except Unavailable:
            self.broken = True
            raise


class RemembersWhatItTried(HttpOutput):
    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.tried = set[UUID]()

    async def send(self, entries: Sequence[Entry]) -> None:
        fresh = [entry for entry in entries if entry.event.id not in self.tried]
        self.tried |= {entry.event.id for entry in fresh if not entry.event.replayed}
        await super().send(fresh)


# --- the event loop, cancellation and the end ----------------------------------------------------


class BlocksTheLoop(HttpOutput):
    async def send(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            asked = urllib.request.Request(self._settings.url, entry.body)
            with urllib.request.urlopen(asked):  # noqa: ASYNC210
                pass


class BlocksTheLoopInConnect(HttpOutput):
    async def connect(self) -> None:
        time.sleep(3600)  # noqa: ASYNC251


class IgnoresCancellation(HttpOutput):
    async def send(self, entries: Sequence[Entry]) -> None:
        sending = asyncio.ensure_future(super().send(entries))
        while not sending.done():
            try:
                await asyncio.shield(sending)
            except asyncio.CancelledError:
                continue
        sending.result()


class SwallowsCancellation(HttpOutput):
    async def send(self, entries: Sequence[Entry]) -> None:
        try:
            await super().send(entries)
        except asyncio.CancelledError:
            return


class TakesCancellationForAbsence(HttpOutput):
    async def send(self, entries: Sequence[Entry]) -> None:
        try:
            await super().send(entries)
        except asyncio.CancelledError as error:
            name = self._settings.name
            raise Unavailable(f'output "{name}" was interrupted; it is tried again') from error


class FailsOnASecondClose(HttpOutput):
    closed = False

    async def close(self) -> None:
        if self.closed:
            raise RuntimeError("already closed")
        self.closed = True
        await super().close()


class NeedsAConnectionToClose(HttpOutput):
    connected = False

    async def connect(self) -> None:
        await super().connect()
        self.connected = True

    async def close(self) -> None:
        if not self.connected:
            raise AttributeError("'NoneType' object has no attribute 'close'")
        await super().close()


class LeavesATask(HttpOutput):
    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.left: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        await super().connect()
        if self.left is None:
            self.left = asyncio.create_task(asyncio.sleep(3600))


# --- what no check of this kind can see ----------------------------------------------------------


class ChangesThePlate(HttpOutput):
    """What the bytes mean is for the tests of the format."""

    async def send(self, entries: Sequence[Entry]) -> None:
        await super().send(
            [entry._replace(body=entry.body.replace(b"BU", b"XX")) for entry in entries]
        )


class WaitsForEver(HttpOutput):
    """How long it waits for an answer is a setting of its own."""

    async def send(self, entries: Sequence[Entry]) -> None:
        try:
            await super().send(entries)
        except Unavailable as error:
            if "did not answer within" in str(error):
                await asyncio.Event().wait()
            raise


class BlocksTheLoopForMoments(HttpOutput):
    """Less than a slow machine does by itself."""

    async def send(self, entries: Sequence[Entry]) -> None:
        time.sleep(0.01)  # noqa: ASYNC251
        await super().send(entries)
