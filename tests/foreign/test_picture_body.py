"""Receivers that store a request's body as a picture, as upload scripts in Flask and PHP do."""

from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import unquote

import pytest
from flask import Flask, request

from platewire.errors import ConfigError
from platewire.model import Entry, Images
from platewire.testing.sample_events import odd_events
from platewire.wire import native
from tests.foreign.flask_server import serving
from tests.foreign.servers import running, until_it_listens
from tests.outputs.http.http_sending import PICTURES, connected, deliver, entries, settings
from tests.support.counterparts import PHP, need, program

SAVES = """<?php
$name = urldecode($_SERVER['HTTP_PLATEWIRE_CAMERA']) . '_' . $_SERVER['HTTP_PLATEWIRE_PLATE'];
file_put_contents(__DIR__ . '/' . $name . '.jpg', file_get_contents('php://input'));
"""


async def test_php_stores_it(tmp_path: Path) -> None:
    need(PHP)
    (tmp_path / "receiver.php").write_text(SAVES)
    php = program("php") or ""
    with running(php, "-S", "127.0.0.1:{port}", "-t", str(tmp_path)) as url:
        await until_it_listens(url)
        await deliver(settings(url, body="picture", picture="frame"))
    assert (tmp_path / "gate_BU9042.jpg").read_bytes() == PICTURES[2].jpeg


async def test_flask_has_the_event_in_headers() -> None:
    got: list[tuple[dict[str, str], bytes]] = []
    app = Flask("upload")

    @app.post("/")
    def take() -> str:
        got.append((dict(request.headers), request.get_data()))
        return ""

    context, logged = await entries()
    strange = next(event for event in odd_events(5) if event.camera == "tor-ö")
    with serving(app) as url:
        async with connected(settings(f"{url}/", body="picture"), context) as sender:
            await sender.send(logged[:1])
            await sender.send([Entry(strange, native.encode(strange))])
    (headers, body), (odd, none) = got
    assert body == PICTURES[0].jpeg
    assert headers["Content-Type"] == "image/jpeg"
    event = logged[0].event
    assert headers["Webhook-Id"] == str(event.id)
    assert parsedate_to_datetime(headers["Date"]).tzinfo
    told = {name[10:].lower(): unquote(text) for name, text in headers.items() if "wire-" in name}
    assert told["kind"] == "new"
    assert told["plate"] == event.plate.text
    assert told["country"] == "DE"
    assert told["picture"] == "plate"
    assert told["passage"] == str(event.passage)
    assert none == b""
    assert "Platewire-Picture" not in odd
    assert unquote(odd["Platewire-Camera"]) == strange.camera == "tor-ö"
    assert unquote(odd["Platewire-Zone"]) == "зона"


@pytest.mark.parametrize("form", ["numberok-1.6", "axis", "plate-recognizer", "onvif"])
async def test_picture_body_needs_the_native_format(form: str) -> None:
    context, _ = await entries(images=Images())
    with pytest.raises(ConfigError, match=rf"format `{form}` does not support the body `picture`"):
        settings("http://x/", format=form, body="picture").build(context)
