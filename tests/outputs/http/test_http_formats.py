"""The forms of other systems, as web frameworks of their receivers would take them."""

import base64
import json
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from platewire.errors import ConfigError, Unavailable
from platewire.testing.check_output import check_output
from tests.outputs.http.http_receiver import Receiver, decoded, receiving
from tests.outputs.http.http_sending import PICTURES, deliver, entries, settings


@pytest.mark.parametrize(
    "more",
    [
        {"format": "plate-recognizer"},
        {"format": "plate-recognizer", "body": "multipart", "picture": "vehicle"},
        {"format": "genetec-sharp", "picture": "frame"},
        {"format": "onvif"},
    ],
)
async def test_passes_the_check_of_all_outputs(more: dict[str, object]) -> None:
    receiver = Receiver(pictures=more.get("body") == "multipart")
    await receiver.start()
    await receiver.stop()
    await check_output(settings(receiver.url, **more).build, receiver, name="gate")


async def test_the_webhook_is_a_plain_field_and_a_file() -> None:
    """A field with a file name would be among the files, where no receiver looks for it."""
    forms: list[dict[str, Any]] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        form = await request.post()
        upload = form["upload"]
        assert isinstance(upload, web.FileField)
        forms.append({"json": form["json"], "name": upload.filename, "jpeg": upload.file.read()})
        return web.Response()

    app = web.Application()
    app.router.add_post("/webhook", answer)
    async with TestServer(app) as server:
        url = str(server.make_url("/webhook"))
        await deliver(settings(url, format="plate-recognizer", body="multipart"))
    (form,) = forms
    assert isinstance(form["json"], str)
    told = json.loads(form["json"])
    assert told["hook"]["target"] == url
    assert told["platewire"]["kind"] == "new"
    assert form["name"] == "image.jpg"
    assert form["jpeg"] == PICTURES[0].jpeg


async def test_no_secret_of_the_url_is_told() -> None:
    async with receiving() as receiver:
        await deliver(settings(f"{receiver.url}?token=hunter2", format="plate-recognizer"))
    assert b"hunter2" not in receiver.requests[0].body


@pytest.mark.parametrize(
    ("choice", "plate", "context"), [("none", None, None), ("plate", 0, None), ("frame", 0, 2)]
)
async def test_a_sharp_shows_the_plate_and_the_chosen_picture(
    choice: str, plate: int | None, context: int | None
) -> None:
    async with receiving() as receiver:
        await deliver(settings(receiver.url, format="genetec-sharp", picture=choice))
    told = decoded(receiver.requests[0].body)
    for key, wanted in (("PlateImage", plate), ("ContextImage", context)):
        shown = base64.b64decode(str(told[key]))
        assert shown == (b"" if wanted is None else PICTURES[wanted].jpeg)


@pytest.mark.parametrize("form", ["plate-recognizer", "genetec-sharp"])
async def test_ours_can_be_left_out(form: str) -> None:
    bodies: list[bytes] = []

    async def serve(request: web.Request) -> web.StreamResponse:
        bodies.append(await request.read())
        return web.Response(status=503)

    async with receiving(serve) as receiver:
        with pytest.raises(Unavailable):
            await deliver(settings(receiver.url, format=form, body="json", additions=False))
    assert "platewire" not in decoded(bodies[0])


@pytest.mark.parametrize("form", ["genetec-sharp", "cloudevents-binary"])
async def test_what_has_no_multipart_form(form: str) -> None:
    context, _ = await entries()
    with pytest.raises(ConfigError, match=rf'"gate": format `{form}` .*set `body` to "json"'):
        settings("http://x/", format=form, body="multipart").build(context)
