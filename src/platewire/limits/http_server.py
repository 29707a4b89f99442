"""uvicorn's protocol, with a bound on each phase of a conversation.

head     HEAD_BYTES_MAX, HEAD_SECONDS; from accepting on, and from each request to the next
body     BODY_SECONDS without a byte of it; between two bytes of it FRAMING_BYTES_MAX of chunk
         sizes and trailers; how long a body may be is for the app to say
rest     of a body that nobody wants any more: REST_BYTES_MAX, BODY_SECONDS
answer   ANSWER_SECONDS in which the client takes nothing or next to nothing
idle     KEEP_ALIVE_SECONDS, which uvicorn keeps
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.flow_control import service_unavailable
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from platewire.limits.slots import Slot

HEAD_BYTES_MAX = 32 * 1024
"""Of a request's first line and headers together."""
HEAD_SECONDS = 15.0
"""Seconds from the start of a connection or request to its last header; slow clients hold a slot so
long."""
BODY_SECONDS = 15.0
"""Seconds without a byte of a body; slow but steady uploads pass."""
FRAMING_BYTES_MAX = 16 * 1024
"""Bytes of chunk sizes and trailers between two bytes of the body: far more than honest clients
send."""
REST_BYTES_MAX = 1024 * 1024
"""So much is read and thrown away so that the client hears why it was refused."""
ANSWER_SECONDS = 30.0
"""Seconds in which a client must take some of its answer; then it is cut off."""
KEEP_ALIVE_SECONDS = 15
"""Seconds that an idle connection is kept: saves handshakes, but holds a slot."""
PIPELINE_MAX = 8
"""Requests that came before the answer to an earlier one; each costs some kB."""
HEALTH = "/healthz"

HEAD, BODY, ANSWER = "head", "body", "answer"


class BoundedProtocol(HttpToolsProtocol):
    slot: Slot
    """Given by the acceptor, before the connection is made."""

    _phase = HEAD
    _bytes = 0
    """That came in this phase; of a body, since the last byte of it."""
    _rest_bytes = 0
    _timer: asyncio.TimerHandle | None = None
    _stalled: asyncio.TimerHandle | None = None

    # --- the connection ------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self.slot.spare:
            self.app = _only_health(self.app)
        self._enter(HEAD)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop(self._timer)
        self._stop(self._stalled)
        self.slot.leave()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._bytes += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._phase != BODY and self._bytes > HEAD_BYTES_MAX + len(data):
            self._refuse(b"431 Request Header Fields Too Large")
        elif self._phase == BODY:
            self._bound_body(len(data))

    def _bound_body(self, arrived: int) -> None:
        if self.cycle.response_complete:
            self._rest_bytes += arrived
        else:
            self._enter(BODY, anew=False)
        if self._bytes > FRAMING_BYTES_MAX + arrived or self._rest_bytes > REST_BYTES_MAX:
            self._refuse(b"413 Content Too Large")

    # --- one request ---------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        if len(self.pipeline) >= PIPELINE_MAX:
            raise ValueError("too many pipelined requests")  # answered with 400
        super().on_message_begin()
        self.scope["state"]["slot"] = self.slot
        self._enter(HEAD)

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._phase == HEAD:  # trailers tell nothing here
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._rest_bytes = 0
        self._enter(BODY)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self.slot.served()
        self._enter(ANSWER)
        if self.cycle.response_complete:
            self._await_next()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.pipeline:
            self.flow.pause_reading()
        if self.transport.is_closing():
            self._stop(self._timer)
            self._timer = self.loop.call_later(ANSWER_SECONDS, self.transport.abort)
        elif self._phase == ANSWER:
            self._await_next()

    def _await_next(self) -> None:
        if not self.pipeline:
            self.slot.waits()

    def timeout_keep_alive_handler(self) -> None:
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        super().timeout_keep_alive_handler()

    # --- time ----------------------------------------------------------------------------------

    def _enter(self, phase: str, *, anew: bool = True) -> None:
        """The phase begins; or, not anew, gets its time again."""
        self._phase = phase
        self._stop(self._timer)
        if anew:
            self._bytes = 0
        seconds = {HEAD: HEAD_SECONDS, BODY: BODY_SECONDS}.get(phase)
        self._timer = None if seconds is None else self.loop.call_later(seconds, self._too_late)

    def _too_late(self) -> None:
        if self._phase == BODY and self.flow.read_paused:  # it is the app that takes its time
            self._enter(BODY, anew=False)
        else:
            self._refuse(b"408 Request Timeout")

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stop(self._stalled)
        self._stalled = self.loop.call_later(ANSWER_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        self._stop(self._stalled)
        super().resume_writing()

    @staticmethod
    def _stop(timer: asyncio.TimerHandle | None) -> None:
        if timer is not None:
            timer.cancel()

    # --- the end -------------------------------------------------------------------------------

    def _refuse(self, status: bytes) -> None:
        """In words where no answer has begun; without, where one has."""
        self._stop(self._timer)
        if self.transport.is_closing():
            return
        cycle: RequestResponseCycle | None = self.cycle
        if cycle and cycle.response_started and not cycle.response_complete:
            self.transport.abort()
            return
        self.transport.write(b"HTTP/1.1 " + status + b"\r\nconnection: close\r\n\r\n")
        self.transport.close()
        self._timer = self.loop.call_later(ANSWER_SECONDS, self.transport.abort)


def _only_health(app: Any) -> Any:
    async def answer(scope: Any, receive: Any, send: Any) -> None:
        wanted = scope.get("path") == HEALTH
        await (app if wanted else service_unavailable)(scope, receive, send)

    return answer
