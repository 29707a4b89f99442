"""The MQTT output against a real Mosquitto: what is published, and what late comers find."""

import asyncio
import sys
from pathlib import Path

import msgspec
import pytest
import uvloop

from platewire.errors import ConfigError, Unavailable
from platewire.model import Event, Images
from platewire.testing.check_output import check_output
from platewire.testing.memory_log import MemoryLog
from platewire.testing.sample_events import passage_events, picture
from platewire.wire import native
from tests.outputs.mqtt.mosquitto import Counterpart, Mosquitto, broker, listening
from tests.outputs.mqtt.mqtt_sending import (
    BASE,
    PICTURES,
    connected,
    deliver,
    entries,
    settings,
)
from tests.support.counterparts import MOSQUITTO, need

# --- what is published ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"protocol": "3.1.1"},
        {"picture": "none"},
        {"home_assistant": True, "picture": "frame"},
        {"onvif": True},
    ],
)
async def test_passes_the_check_of_all_outputs(more: dict[str, object], tmp_path: Path) -> None:
    need(MOSQUITTO)
    running = Mosquitto(tmp_path)
    await check_output(settings(running, **more).build, Counterpart(running), name="home")


def test_passes_it_on_uvloop_too(tmp_path: Path) -> None:
    need(MOSQUITTO)

    async def check() -> None:
        running = Mosquitto(tmp_path)
        await check_output(settings(running).build, Counterpart(running), name="home")

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(check())


async def test_a_client_of_profile_m_sees_onvifs_event(tmp_path: Path) -> None:
    topic = "+/+/+/onvif-ej/RuleEngine/Recognition/LicensePlate/#"
    async with broker(tmp_path) as running, listening(running.port, topic) as listener:
        (new,) = await deliver(settings(running, onvif=True))
        (seen,) = await listener.take(1)
    assert seen.topic == f"{BASE}/gate/onvif-ej/RuleEngine/Recognition/LicensePlate/&1/platewire"
    told = msgspec.json.decode(seen.payload)
    info = told["Data"]["LicensePlateInfo"]["LicensePlateInfo"]
    assert info["PlateNumber"]["#text"] == new.event.plate.text


async def test_a_subscriber_sees_status_picture_last_and_event(tmp_path: Path) -> None:
    async with (
        broker(tmp_path) as running,
        listening(running.port, "platewire/#") as listener,
    ):
        (new,) = await deliver(settings(running))
        seen = await listener.take(5)
    assert [(each.topic, each.payload) for each in seen] == [
        (f"{BASE}/status", b"online"),
        (f"{BASE}/gate/image/plate", PICTURES[0].jpeg),
        (f"{BASE}/gate/last", new.body),
        (f"{BASE}/gate/event", new.body),
        (f"{BASE}/status", b"offline"),
    ]
    assert all(each.qos == 1 for each in seen)


async def test_a_late_subscriber_finds_the_last_passage(tmp_path: Path) -> None:
    async with broker(tmp_path) as running:
        *_, lost = await deliver(settings(running, picture="vehicle"), 3)
        async with listening(running.port, "platewire/#") as listener:
            found = {each.topic: each.payload for each in listener.seen}
            assert all(each.retained for each in listener.seen)
    assert found == {
        f"{BASE}/status": b"offline",
        f"{BASE}/gate/image/vehicle": PICTURES[1].jpeg,
        f"{BASE}/gate/last": lost.body,
    }


async def test_the_same_picture_is_sent_once(tmp_path: Path) -> None:
    async with (
        broker(tmp_path) as running,
        listening(running.port, "+/+/+/image/#", "+/+/status") as listener,
    ):
        await deliver(settings(running), 3)
        await listener.until(f"{BASE}/status", b"offline")
    assert [each.topic.rpartition("/")[2] for each in listener.seen].count("plate") == 1


async def test_the_event_id_travels_beside_the_event(tmp_path: Path) -> None:
    async with (
        broker(tmp_path) as running,
        listening(running.port, "+/+/+/event", arguments=("-V", "5")) as listener,
    ):
        (new,) = await deliver(settings(running, picture="none"))
        assert str(new.event.id) in (await listener.next()).properties


# --- which passage is the last -------------------------------------------------------------------


async def _last_after(tmp_path: Path, *events: Event) -> Event:
    context, _ = await entries()
    log = context.log
    assert isinstance(log, MemoryLog)
    async with broker(tmp_path) as running:
        async with connected(settings(running), context) as sender:
            for entry in await log.append("gate", events):
                await sender.send([entry])
        async with listening(running.port, f"{BASE}/gate/last") as listener:
            (last,) = listener.seen
    return native.decode(last.payload)


async def test_an_earlier_passage_that_ends_later_does_not_come_back(tmp_path: Path) -> None:
    first, second = passage_events(1), passage_events(2)
    last = await _last_after(tmp_path, first[0], second[0], first[-1])
    assert last.id == second[0].id


@pytest.mark.parametrize("mark", ["replayed", "test"])
async def test_what_did_not_happen_now_is_no_last_passage(tmp_path: Path, mark: str) -> None:
    marked = msgspec.structs.replace(passage_events(2)[0], **{mark: True})
    live = passage_events(1)[0]
    assert (await _last_after(tmp_path, live, marked)).id == live.id


# --- pictures that are not there -----------------------------------------------------------------


async def test_a_picture_that_retention_took_holds_nothing_up(tmp_path: Path) -> None:
    gone = Images(plate=picture(mark=7).image)
    context, logged = await entries(images=gone)
    async with (
        broker(tmp_path) as running,
        listening(running.port, "+/+/gate/#") as listener,
        connected(settings(running), context) as sender,
    ):
        await sender.send(logged[:1])
        seen = await listener.take(2)
    assert [each.topic for each in seen] == [f"{BASE}/gate/last", f"{BASE}/gate/event"]


async def test_names_that_are_no_topics(tmp_path: Path) -> None:
    odd = msgspec.structs.replace(passage_events(5)[0], camera="hof/+ ö#")
    context, _ = await entries()
    assert isinstance(context.log, MemoryLog)
    async with (
        broker(tmp_path) as running,
        listening(running.port, "+/+/+/event") as listener,
        connected(settings(running, prefix="a"), context) as sender,
    ):
        await sender.send(await context.log.append("x", [odd]))
        assert (await listener.next()).topic == "a/check/hof%2F%2B%20%C3%B6%23/event"


# --- what cannot be used -------------------------------------------------------------------------


async def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("publisher", "session"):
        monkeypatch.delitem(sys.modules, f"platewire.outputs.mqtt.{module}", raising=False)
    monkeypatch.setitem(sys.modules, "paho.mqtt", None)
    context, _ = await entries()
    with pytest.raises(ConfigError, match=r'output "home".*pip install "platewire\[mqtt\]"'):
        settings(1883).build(context)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"password": "env:NOT_THERE", "username": "me"}, "NOT_THERE is not set"),
        ({"password": "env:NOT_THERE"}, "requires `username`"),
        ({"tls": {"ca_file": "/none.pem"}}, r"/none\.pem is not a PEM"),
        ({"tls": {"client_key": "/k.pem"}}, "requires `tls.client_cert`"),
    ],
)
async def test_bad_settings(more: dict[str, object], reason: str) -> None:
    context, _ = await entries()
    with pytest.raises(ConfigError, match=rf'output "home".*{reason}'):
        settings(1883, **more).build(context)


@pytest.mark.parametrize("prefix", ["", "/", "a/", "a//b", "a/+", "#", "a b", "$SYS", "ö"])
def test_prefixes_that_are_no_topics(prefix: str) -> None:
    with pytest.raises(msgspec.ValidationError, match="prefix"):
        settings(1883, prefix=prefix)


def test_the_port_follows_tls() -> None:
    raw = {"type": "mqtt", "name": "home", "host": "broker"}
    plain = msgspec.convert(raw, type(settings(1)))
    secure = msgspec.convert({**raw, "tls": {}}, type(settings(1)))
    assert (plain.port_used, secure.port_used) == (1883, 8883)


async def test_send_without_connect_is_unavailable() -> None:
    context, logged = await entries()
    with pytest.raises(Unavailable, match="not connected"):
        await settings(1883).build(context).send(logged)
