"""A server with a list and a relay: what is put on the list while it runs opens, and is told."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from platewire.lists.entry import ListEntry
from platewire.lists.settings import FILE_NAME
from platewire.lists.store import Store
from tests.acceptance import small_road
from tests.acceptance.lines_client import LinesReceiver
from tests.app.test_server import PATIENCE_SECONDS, Site, count
from tests.outputs.http.http_receiver import Receiver, receiving
from tests.outputs.relay.test_relay_switch import modbus_device


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

[[output]]
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


async def test_list_fields_are_the_same_on_every_output(site: Site) -> None:
    """And it is what was true then: a later change of the entry changes no event."""
    entry = ListEntry(
        plate="KRA-48 PT",
        holder="Zoë",
        note="second car",
        group="night shift",
        card_facility="12",
        card_number="345",
        card_bits="26",
    )
    hit = {
        "name": "staff", "mode": "exact", "kind": "allow", "entry": "KRA-48 PT", "holder": "Zoë",
        "note": "second car", "group": "night shift", "card_facility": 12, "card_number": "345",
        "card_bits": 26,
    }  # fmt: skip
    site.database.parent.mkdir()
    put(site, entry)
    async with receiving() as webhook, receiving() as vendor:
        more = f"""
[[list]]
name = "staff"
kind = "allow"
event_fields = ["group", "card", "holder", "note"]
[[output]]
type = "http"
name = "webhook"
url = "{webhook.url}"
[[output]]
type = "http"
name = "vendor"
format = "axis"
url = "{vendor.url}"
[[output]]
type = "json_lines"
name = "lines"
listen = "127.0.0.1:0"
"""
        async with site.served(more + site.camera) as addresses:
            with LinesReceiver(lambda: ("127.0.0.1", port_of(addresses.outputs["lines"]))) as tcp:
                await site.until(lambda events: any(event["lists"] for event in events))
                (first, *_) = (event for event in await site.events() if event["lists"])
                put(site, ListEntry(plate="KRA-48 PT"))
                await asyncio.to_thread(tcp.wait_for_seq, first["seq"])
                sent = await told(webhook, first["id"])
                packet = await told(vendor, first["id"])
    assert first["lists"] == [hit]
    assert sent == first
    assert next(each for each in tcp.events if each["id"] == first["id"]) == first
    assert (packet["plateList"], packet["plateListDescription"]) == ("staff", "second car")
    (kept,) = (event for event in await site.events() if event["seq"] == first["seq"])
    assert kept == first


def put(site: Site, entry: ListEntry) -> None:
    store = Store(site.database.with_name(FILE_NAME), datetime.now(UTC))
    store.put("staff", [entry])
    store.close()


def port_of(address: str) -> int:
    return int(address.rpartition(":")[2])


async def told(receiver: Receiver, event_id: str) -> dict[str, Any]:
    """The body with this event, as soon as it has come: events of several passages may overtake
    each other."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            for request in receiver.requests:
                if event_id.encode() in request.body:
                    body: dict[str, Any] = json.loads(request.body)
                    return body
            await asyncio.sleep(0.02)
