"""The live stream: each client is a cursor on the event log, served as Server-Sent Events.

There is no queue per client. A client that reads slowly simply holds its own cursor back; when it
is more than BEHIND_MAX events behind, the stream jumps to the end and says so with a `skipped`
event that names what was left out. A client that takes nothing for SEND_SECONDS is let go; it
reconnects with Last-Event-ID and goes on without a gap. Between events the status board is sent
whenever it changed, which also shows that the line is alive.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import msgspec
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from platewire.errors import LogError
from platewire.model import Entry
from platewire.web import overview
from platewire.web.api.shapes import StreamQuery
from platewire.web.context import WebContext
from platewire.web.problem import ProblemError

BATCH = 100
"""Events read from the log at once for one client: few statements, little memory."""
BEHIND_MAX = 1000
"""Events behind the end from which on a client skips ahead: the stream is for the present."""
SEND_SECONDS = 20.0
"""Seconds in which a client must take what is sent; then it is let go and may come again."""
END_SECONDS = 0.5
"""The same for the last message when the server stops: short, as the stop waits for it."""
STATUS_SECONDS = 1.0
"""Interval for checking the status board."""
ALIVE_SECONDS = 5.0
"""Interval of keep-alive messages while nothing changes."""
RETRY_MS = 2000
"""Milliseconds after which a browser connects again: spares a server that restarts."""

_encode = msgspec.json.Encoder().encode


def begin(context: WebContext, query: StreamQuery, headers: Headers) -> int:
    """The seq after which a stream begins. A seq beyond the end counts as the end."""
    given = headers.get("last-event-id", "").strip()
    if given and not (given.isascii() and given.isdigit() and len(given) < 19):
        raise ProblemError(
            400,
            "Invalid parameter",
            f"invalid Last-Event-ID {given!r}: send the id of the last event received",
            parameter="Last-Event-ID",
        )
    after = int(given) if given else query.after
    last = context.log.last_seq
    return last if after is None else min(after, last)


async def messages(context: WebContext, after: int) -> AsyncIterator[bytes]:
    """Blocks of the stream, for ever; the caller sets the pace."""
    yield f"retry: {RETRY_MS}\n\n".encode()
    poll = _StatusPoll(context)
    while True:
        if (look := poll.look()) is not None:
            yield look
        if (resume := _reachable(context, after)) > after:
            yield skipped(after, resume)
            after = resume
        last = context.log.last_seq
        entries = await context.log.read(after, BATCH)
        # Without an event up to the end of the log: its numbers are empty.
        before = entries[0].event.seq - 1 if entries else max(last, after)
        if before > after:
            yield skipped(after, before)
            after = before
        elif entries:
            yield b"".join(entry_block(entry) for entry in entries)
            after = entries[-1].event.seq
        else:
            await _news(context, after)


class _StatusPoll:
    """Polls the status board and reports what changed."""

    def __init__(self, context: WebContext) -> None:
        self._context = context
        self._shown = b""
        self._looked_at = self._told_at = float("-inf")

    def look(self) -> bytes | None:
        now = self._context.clock.monotonic()
        if now - self._looked_at < STATUS_SECONDS:
            return None
        self._looked_at = now
        status = _encode(overview.status(self._context))
        changed = status != self._shown
        if not changed and now - self._told_at < ALIVE_SECONDS:
            return None
        self._shown, self._told_at = status, now
        return block("status", status) if changed else block("alive", b"{}")


def _reachable(context: WebContext, after: int) -> int:
    """`after`; or later, for who is too far behind or wants what retention has taken."""
    last = context.log.last_seq
    if last - after > BEHIND_MAX:
        return last
    return max(after, min(context.log.first_seq - 1, last))


async def _news(context: WebContext, after: int) -> None:
    """Returns when the log has grown, or when the board should be looked at again."""
    try:
        async with asyncio.timeout(STATUS_SECONDS):
            await context.log.wait(after)
    except TimeoutError:
        return


def skipped(after: int, to_seq: int) -> bytes:
    return block("skipped", _encode({"from_seq": after + 1, "to_seq": to_seq}), to_seq)


def entry_block(entry: Entry) -> bytes:
    return block(entry.event.kind, entry.body, entry.event.seq)


def block(kind: str, data: bytes, seq: int | None = None) -> bytes:
    """One event of the stream. JSON as msgspec writes it has no line breaks."""
    number = b"" if seq is None else b"id: %d\n" % seq
    return b"%sevent: %s\ndata: %s\n\n" % (number, kind.encode(), data)


class LiveStream(Response):
    """Sends until the client disconnects, the server stops, or the client stalls for too long."""

    media_type = "text/event-stream"

    def __init__(self, context: WebContext, after: int, holder: str = "") -> None:
        if context.streams.full(holder):
            raise ProblemError(
                503,
                "Too many open streams",
                "too many live streams are open; close some pages, or use /api/v1/events?after= "
                "instead",
                Retry_After="10",
            )
        super().__init__(headers={"cache-control": "no-store", "x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._context = context
        self._after = after
        self._holder = holder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._context.streams.held(self._holder):
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            if scope["method"] != "HEAD":
                await _first_of(self._tell(send), _left(receive), self._context.stopping.wait())
            with contextlib.suppress(TimeoutError):
                await _send(send, b"", more=False)

    async def _tell(self, send: Send) -> None:
        with contextlib.suppress(TimeoutError, LogError):
            async for message in messages(self._context, self._after):
                await _send(send, message, more=True)


async def _send(send: Send, body: bytes, *, more: bool) -> None:
    async with asyncio.timeout(SEND_SECONDS if more else END_SECONDS):
        await send({"type": "http.response.body", "body": body, "more_body": more})


async def _left(receive: Receive) -> None:
    """Returns when the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _first_of(*ways: Coroutine[Any, Any, object]) -> None:
    """Runs all until one ends, then cancels the others."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(way) for way in ways]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
