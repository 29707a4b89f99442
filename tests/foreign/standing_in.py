"""What stand-ins of web services have in common: a real server on a port that stays the same."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import TypeVar

from aiohttp import web

from platewire.model import Kind
from platewire.testing.check_output import Arrival
from tests.outputs.http.http_service import HttpService

TOLD = "{{ event.kind }} {{ event.passage_number }}"
"""A text by which an arrival is known."""


class StandIn(HttpService):
    """A `Counterpart`. `_answer` does what the service documents; `texts` are what people see."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    @property
    def url(self) -> str:
        return self.origin

    async def arrived(self, count: int) -> Sequence[Arrival]:
        while len(self.texts) < count:
            self._more.clear()
            await self._more.wait()
        told = [each.split()[-2:] for each in self.texts]  # tests begin with TEST
        return [Arrival(int(number), Kind(kind)) for kind, number in told]

    async def _handle(self, request: web.Request) -> web.Response:
        try:
            return await self._answer(request)
        except KeyError as error:  # a field that it reads is missing
            return web.json_response({"error": f"missing {error}"}, status=400)
        finally:
            self._more.set()

    async def _answer(self, request: web.Request) -> web.Response:
        raise NotImplementedError


S = TypeVar("S", bound=StandIn)


@contextlib.asynccontextmanager
async def standing_in(stand_in: S) -> AsyncIterator[S]:
    await stand_in.start()
    try:
        yield stand_in
    finally:
        await stand_in.stop()


async def started_once(stand_in: S) -> S:
    """Has an address, and is not there yet."""
    async with standing_in(stand_in):
        return stand_in
