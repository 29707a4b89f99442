"""Home Assistant's part of the MQTT output, on a real broker."""

from pathlib import Path

import msgspec

from tests.outputs.mqtt.mosquitto import broker, listening, publish
from tests.outputs.mqtt.mqtt_sending import BASE, connected, deliver, entries, settings

CONFIGS = "homeassistant/+/+/+/config"
PER_CAMERA = 3
CAMERAS = ("gate", "yard")


async def test_a_home_assistant_that_comes_later_finds_the_cameras(tmp_path: Path) -> None:
    async with broker(tmp_path) as running:
        await deliver(settings(running, home_assistant=True))
        async with listening(running.port, CONFIGS) as listener:
            found = [msgspec.json.decode(each.payload) for each in listener.seen]
            assert all(each.retained for each in listener.seen)
    assert [each["device"]["name"] for each in found].count("gate") == PER_CAMERA
    assert {each["device"]["name"] for each in found} == set(CAMERAS)
    assert {each["availability"][0]["topic"] for each in found} == {f"{BASE}/status"}


async def test_all_is_said_again_when_home_assistant_has_started(tmp_path: Path) -> None:
    context, _ = await entries()
    async with (
        broker(tmp_path) as running,
        listening(running.port, CONFIGS) as listener,
    ):
        wanted = settings(running, home_assistant=True, cameras=["gate"])
        async with connected(wanted, context):
            first = await listener.take(PER_CAMERA)
            await publish(running.port, "homeassistant/status", "offline")
            await publish(running.port, "homeassistant/status", "online")
            again = await listener.take(PER_CAMERA)
    assert [each.payload for each in again] == [each.payload for each in first]


async def test_another_prefix(tmp_path: Path) -> None:
    more = {"home_assistant": True, "home_assistant_prefix": "ha/two", "cameras": ["gate"]}
    async with broker(tmp_path) as running, listening(running.port, "ha/two/#") as listener:
        await deliver(settings(running, **more))
        assert all(each.topic.endswith("/config") for each in await listener.take(PER_CAMERA))


async def test_without_pictures_the_image_is_taken_away(tmp_path: Path) -> None:
    more = {"home_assistant": True, "cameras": ["gate"]}
    async with broker(tmp_path) as running:
        await deliver(settings(running, **more))
        await deliver(settings(running, **more, picture="none"))
        async with listening(running.port, CONFIGS) as listener:
            left = [each.topic.split("/")[1] for each in listener.seen]
    assert sorted(left) == ["event", "sensor"]
