"""Uploads images to a recognition service over HTTP, for blocking callers on several threads.

One thread keeps the connections open. A call always ends within its timeout, which includes
connecting, sending, waiting and a slow response. After a failure the service is not used for a
growing interval, in which calls fail immediately, so that a service that is down does not delay
every frame of every camera.
"""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, NamedTuple, TypeVar

import aiohttp

from platewire.errors import Unavailable
from platewire.limits import http_client
from platewire.runtime import client_tls
from platewire.runtime.backoff import Backoff
from platewire.runtime.clock import Clock

ANSWER_BYTES_MAX = 4 * 2**20
"""Bytes of an answer, at most: far more than the text of a picture full of plates."""
CLOSE_SECONDS = 5.0
"""Seconds to wait for the thread at the end; requests under way are given up then."""
PAUSES = Backoff(first_seconds=1.0, longest_seconds=30.0)

T = TypeVar("T")


class Reply(NamedTuple):
    status: int
    body: bytes
    retry_after: str


class Post:
    """`name` identifies the service in messages. Thread-safe."""

    def __init__(self, name: str, *, headers: dict[str, str], seconds: float, clock: Clock) -> None:
        self._name = name
        self._headers = headers
        self._seconds = seconds
        self._clock = clock
        self._failed = 0
        self._not_before = float("-inf")
        self._session: aiohttp.ClientSession | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="recognition-remote", daemon=True
        )
        self._thread.start()

    def ask(self, method: str, url: str, form: "Form | None" = None) -> Reply:
        """Unavailable, naming the service, when there is no whole answer within the time."""
        self.heed_pause()
        try:
            return self._wait(self._ask(method, url, form))
        except TimeoutError:
            raise self.failed(f"did not respond completely within {self._seconds:g} s") from None
        except (aiohttp.ClientError, OSError) as error:
            raise self.failed(f"cannot be reached: {error}") from error

    def heed_pause(self) -> None:
        """Unavailable while the service is left alone."""
        left = self._not_before - self._clock.monotonic()
        if left > 0:
            raise Unavailable(
                f"{self._name} failed {self._failed} times; next attempt in {left:.0f} s",
                retry_after=left,
            )

    def failed(self, what: str, *, pause: float | None = None) -> Unavailable:
        """Notes a failure; the error to raise. `pause` is the least time to leave it alone."""
        self._failed += 1
        wait = max(PAUSES.delay(self._failed), pause or 0.0)
        self._not_before = self._clock.monotonic() + wait
        return Unavailable(f"{self._name} {what}; next attempt in {wait:.0f} s")

    def pause(self, seconds: float) -> None:
        """Blocks the caller for that long."""
        self._wait(self._clock.sleep(seconds))

    def succeeded(self) -> None:
        self._failed = 0

    def close(self) -> None:
        """Ends the connections and the thread. Calling it again does nothing."""
        if self._loop.is_closed():
            return
        self._wait(self._hang_up())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(CLOSE_SECONDS)
        self._loop.close()

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _ask(self, method: str, url: str, form: "Form | None") -> Reply:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                headers=self._headers,
                connector=http_client.connector(ssl=client_tls.context()),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=self._seconds),
            )
        data = form.encoded() if form else None
        async with self._session.request(method, url, data=data, allow_redirects=False) as answer:
            body = await answer.content.read(ANSWER_BYTES_MAX)
            while len(body) < ANSWER_BYTES_MAX and (more := await answer.content.readany()):
                body += more
            return Reply(answer.status, body, answer.headers.get("Retry-After", ""))

    async def _hang_up(self) -> None:
        if self._session is not None:
            await self._session.close()


class Form(NamedTuple):
    """Plain fields, where names may repeat, and one JPEG."""

    fields: tuple[tuple[str, str], ...]
    picture: tuple[str, str, bytes]
    """Name of the field, name of the file, bytes."""

    def encoded(self) -> aiohttp.FormData:
        data = aiohttp.FormData(default_to_multipart=True)
        for name, value in self.fields:
            data.add_field(name, value)
        name, filename, jpeg = self.picture
        data.add_field(name, jpeg, filename=filename, content_type="image/jpeg")
        return data
