"""A server with a list and a relay: what is put on the list while it runs opens, and is told."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from platewire.lists.entry import ListEntry
from platewire.lists.settings import FILE_NAME
from platewire.lists.store import Store
from tests.acceptance import small_road
from tests.test_server import Site, count
from tests.transfers.test_relay_switch import modbus_device


@pytest.fixture
def site(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Site:
    return Site(tmp_path, small_road.write(tmp_path_factory.mktemp("small-road")))


async def test_a_plate_put_on_a_list_opens_the_gate_without_a_restart(site: Site) -> None:
    async with modbus_device() as (port, seen):
        more = f"""
[[list]]
name = "staff"
kind = "allow"
mode = "look_alike"

[[transfer]]
type = "relay"
name = "barrier"
fresh_seconds = 60
relay = {{ type = "modbus", host = "127.0.0.1", port = {port}, coil = 2, pulse_seconds = 0.05 }}
"""
        async with site.served(site.camera + more):
            await site.until(count("new", 1))
            assert not seen
            store = Store(site.database.with_name(FILE_NAME), datetime.now(UTC))
            store.put("staff", [ListEntry(plate="BU 9042"), ListEntry(plate="KRA-48 PT")])
            store.close()
            await site.until(lambda events: any(event["lists"] for event in events))
            while len(seen) < 2:
                await site.clock.sleep(0.02)
    (event, *_) = (event for event in await site.events() if event["lists"])
    assert event["lists"][0]["name"] == "staff"
    assert event["lists"][0]["kind"] == "allow"
    assert event["lists"][0]["mode"] == "exact"
    assert [each[6:].hex() for each in seen[:2]] == ["01050002ff00", "010500020000"]
