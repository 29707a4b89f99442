"""The page of the HTTP output says what is true."""

import asyncio
import json
import re
import sys
from pathlib import Path

import pytest

from platewire.config.load import parse
from platewire.model import CameraFacts, Event, Site
from platewire.outputs.http.http import HttpSettings
from platewire.outputs.output import OutputSettings
from platewire.wire import native
from platewire.wire.numberok import json as numberok_json
from platewire.wire.numberok.json import Dialect, Profile
from tests.outputs.http.http_sending import deliver, settings

DOCS = Path(__file__).resolve().parents[3] / "docs"
PAGE = (DOCS / "outputs" / "http.md").read_text("utf-8")


def blocks(language: str, page: str = PAGE) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page, re.S)


def documented_event() -> Event:
    return native.decode(blocks("json", (DOCS / "event.md").read_text("utf-8"))[0].encode())


@pytest.mark.parametrize(
    "text", blocks("toml") + blocks("toml", (DOCS / "delivery.md").read_text("utf-8"))
)
def test_the_settings_are_accepted(text: str) -> None:
    outputs = parse(text, DOCS / "platewire.toml").output
    assert outputs
    assert all(isinstance(output, HttpSettings) for output in outputs)


@pytest.mark.parametrize(
    ("profile", "example"),
    list(zip(["numberok-1.0", "numberok-1.6", "axis"], blocks("json"), strict=True)),
)
def test_the_packets_are_what_is_sent(profile: Profile, example: str) -> None:
    site = Site(
        name="North gate",
        system_id=1,
        latitude=50.418114,
        longitude=30.476213,
        channels={"gate": 0},
        zones={"gate": ("entry", "exit")},
        cameras={
            "gate": CameraFacts(
                serial_number="ACCC8E000001",
                ip_address="192.0.2.10",
                model="AXIS P1445-LE",
                view="front",
            )
        },
    )
    dialect = Dialect(profile=profile)
    body = numberok_json.encode(documented_event(), site, dialect, packet_counter=67)
    assert list(json.loads(body).items()) == list(json.loads(example).items())


async def test_the_receiver_receives() -> None:
    (script,) = blocks("python no-run")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        script,
        "0",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        port = (await process.stdout.readline()).split()[-1].decode()
        await deliver(settings(f"http://127.0.0.1:{port}/receiver"), 3)
        lines = [await process.stdout.readline() for _ in range(3)]
    finally:
        process.terminate()
        await process.communicate()
    assert all(b'"platewire.event/1"' in line for line in lines)


def test_every_setting_is_on_the_page() -> None:
    own = set(HttpSettings.__struct_fields__) - set(OutputSettings.__struct_fields__)
    missing = sorted(name for name in own if not re.search(rf"\b{name}\b", PAGE))
    assert not missing
