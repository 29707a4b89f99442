"""`platewire serve` with 1,024 descriptors, events on their way, and hostile clients: it stays up,
its memory stays bounded, it says how it is, and the healthy clients go on."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.running import Running
from tests.limits.attacked import CONFIG, CROWDS, FLOODS, LOADED, TOKEN, ports_of
from tests.limits.hostile import connected, crowd, flooded, healthy, memory_bytes
from tests.support.certificates import Authority

MEMORY_BYTES = 64 * 2**20
"""By how much the process may grow while it is attacked."""


class Attacked:
    """The server, a client that was there before, and how much memory was used before."""

    def __init__(self, server: Running) -> None:
        self.server = server
        self.ports = ports_of(server)
        client = connected(self.ports.lines, b"{}\n")
        assert client is not None
        self._client = client
        self._reader = client.makefile("rb")
        self.events(20)
        self._before = memory_bytes(server.pid)

    def events(self, count: int) -> None:
        """Returns once so many more have come to the healthy client; TimeoutError if none do."""
        self._client.settimeout(30)
        seen = 0
        while seen < count:
            seen += "seq" in json.loads(self._reader.readline())

    def holds_out(self) -> None:
        assert healthy(self.ports.page)
        self.events(20)
        grown = memory_bytes(self.server.pid) - self._before
        assert grown < MEMORY_BYTES, f"{grown / 2**20:.0f} MB more"
        assert "Traceback" not in self.server.diagnostics

    def close(self) -> None:
        self._reader.close()
        self._client.close()


@pytest.fixture
def attacked(tmp_path: Path, authority: Authority) -> Iterator[Attacked]:
    config = tmp_path / "platewire.toml"
    config.write_text(CONFIG.format(folder=tmp_path, certificate=authority.server))
    server = Running(
        config,
        LOADED,
        LOADED_RATE="50",
        LOADED_NOTES=str(tmp_path / "notes"),
        TOKEN=TOKEN,
    )
    try:
        world = Attacked(server)
        yield world
        world.close()
        assert server.stop() == 0
    finally:
        server.kill()


@pytest.mark.slow
@pytest.mark.parametrize("kind", CROWDS)
def test_a_crowd_of(kind: str, attacked: Attacked) -> None:
    with crowd(*CROWDS[kind](attacked.ports)):
        attacked.holds_out()


@pytest.mark.slow
def test_many_half_closed_clients(attacked: Attacked) -> None:
    """Who has ended its side may be there or not, and never keeps others out."""
    with crowd(attacked.ports.lines, 1100, b"{}\n", ends=True):
        attacked.holds_out()
        newcomer = connected(attacked.ports.lines, b"{}\n")
        assert newcomer is not None
        with newcomer, newcomer.makefile("rb") as reader:
            assert b"hello" in reader.readline()
            assert b"seq" in reader.readline()


@pytest.mark.slow
@pytest.mark.parametrize("kind", FLOODS)
def test_a_flood_of(kind: str, attacked: Attacked) -> None:
    head, piece = FLOODS[kind]
    flooded(attacked.ports.page, head, piece, 600 * 10**6)
    attacked.holds_out()
