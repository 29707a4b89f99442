"""What a simulation turns off: measurements beside the histories, and threads of the ledger."""

import pytest

from platewire.delivery import loop
from tests.simulation.server import at_once


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "MEASURE_SECONDS", 1e9)
    monkeypatch.setattr("platewire.camera.ledger.asyncio.to_thread", at_once)
