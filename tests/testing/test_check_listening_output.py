"""The check of outputs finds what outputs that listen do wrong to their clients."""

from collections.abc import Sequence

import pytest

from platewire.model import Entry, Event
from platewire.outputs.output import OutputContext
from platewire.outputs.tcp.json_lines import JsonLinesOutput, JsonLinesSettings
from platewire.testing import promises
from platewire.testing.check_output import Arrival, check_output
from platewire.testing.checking import steps
from platewire.wire.json_lines import Request
from tests.outputs.tcp.tcp_harness import Receiver, Wire

SETTINGS = JsonLinesSettings(name="out", listen="127.0.0.1:0")


class FailsOnceAClientLeft(JsonLinesOutput):
    clients_max = 0

    async def send(self, entries: Sequence[Entry]) -> None:
        self.clients_max = max(self.clients_max, len(self.listener.clients))
        if len(self.listener.clients) < self.clients_max:
            raise KeyError("client")
        await super().send(entries)


class ServesOneClient(JsonLinesOutput):
    """And listens no more when it sees no client."""

    async def send(self, entries: Sequence[Entry]) -> None:
        if not self.listener.clients:
            await self.listener.close()
            return
        await super().send(entries)


class DropsTests(JsonLinesOutput):
    async def send(self, entries: Sequence[Entry]) -> None:
        await super().send([entry for entry in entries if not entry.event.test])


class FailsOnASecondClose(JsonLinesOutput):
    closed = False

    async def close(self) -> None:
        if self.closed:
            raise RuntimeError("already closed")
        self.closed = True
        await super().close()


class Client(Receiver):
    def __init__(self, output: type[JsonLinesOutput]) -> None:
        super().__init__(SETTINGS, Request(), _read)
        self._output = output

    def make(self, context: OutputContext) -> JsonLinesOutput:
        self._server = self._output(SETTINGS, context)
        return self._server


async def _read(client: Wire) -> Arrival:
    while not isinstance(line := await client.line(), Event):
        pass
    return Arrival(line.passage_number, line.kind)


@pytest.mark.parametrize(
    ("output", "promise"),
    [
        (FailsOnceAClientLeft, promises.LEAVING),
        (ServesOneClient, promises.CLIENTS),
        (DropsTests, promises.TESTS),
        (FailsOnASecondClose, promises.CLOSE),
    ],
)
async def test_a_broken_promise_is_found_and_named(
    output: type[JsonLinesOutput], promise: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "STEP_SECONDS", 5.0)
    client = Client(output)
    try:
        with pytest.raises(AssertionError) as failure:
            await check_output(client.make, client, name="out", listens=True)
    finally:
        await client.stop()
    assert str(failure.value).startswith(f"{promise}; ")


async def test_a_right_output_passes() -> None:
    client = Client(JsonLinesOutput)
    await check_output(client.make, client, name="out", listens=True)
