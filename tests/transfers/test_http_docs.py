"""The page of the HTTP transfer says what is true."""

import asyncio
import json
import re
import sys
from pathlib import Path

import pytest

from platewire.config.load import parse
from platewire.model import Event, Site
from platewire.transfers.http import HttpTransfer
from platewire.transfers.transfer import TransferSettings
from platewire.wire import native, numberok_json
from platewire.wire.numberok_json import Dialect, Profile
from tests.transfers.http_sending import deliver, settings

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "transfers" / "http.md").read_text("utf-8")


def blocks(language: str, page: str = PAGE) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page, re.S)


def documented_event() -> Event:
    return native.decode(blocks("json", (DOCS / "event.md").read_text("utf-8"))[0].encode())


@pytest.mark.parametrize(
    "text", blocks("toml") + blocks("toml", (DOCS / "delivery.md").read_text("utf-8"))
)
def test_the_settings_are_accepted(text: str) -> None:
    transfers = parse(text, DOCS / "platewire.toml").transfer
    assert transfers
    assert all(isinstance(transfer, HttpTransfer) for transfer in transfers)


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
    own = set(HttpTransfer.__struct_fields__) - set(TransferSettings.__struct_fields__)
    missing = sorted(name for name in own if not re.search(rf"\b{name}\b", PAGE))
    assert not missing
