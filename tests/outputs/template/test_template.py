"""The template output against a real receiver: what is sent, what is refused, what success is."""

import base64
import contextlib
import urllib.parse
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest
from aiohttp import web
from msgspec import structs

from platewire.config.load import parse
from platewire.errors import ConfigError, Paused, Rejected, Unavailable
from platewire.model import Entry, Images, Kind
from platewire.outputs.output import OutputSettings
from platewire.outputs.template.filters import FILTERS
from platewire.outputs.template.template import TemplateSettings
from platewire.testing.check_output import Arrival, check_output
from platewire.testing.sample_events import passage_events
from platewire.wire import native
from tests.outputs.http.http_receiver import form_parts
from tests.outputs.http.http_sending import PICTURES, entries
from tests.outputs.http.http_service import HttpService
from tests.outputs.http.test_http_docs import blocks

PAGE = (Path(__file__).parents[3] / "docs" / "outputs" / "template.md").read_text("utf-8")
PLATE = "{{ event.plate.text }}"


class Anything(HttpService):
    """Takes any request; a `Counterpart` too, for bodies with kind and number in them."""

    def __init__(self, status: int = 200, text: str = "") -> None:
        super().__init__()
        self.status, self.text = status, text
        self.requests: list[tuple[web.Request, bytes]] = []

    @property
    def url(self) -> str:
        return self.origin

    def told(self, body: bytes) -> None:
        """Notes the event of the check; other bodies have none."""
        with contextlib.suppress(msgspec.DecodeError, TypeError, KeyError):
            told = msgspec.json.decode(body)
            self.note(Arrival(told["passage_number"], Kind(told["kind"])))

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.requests.append((request, body))
        if self.status < 300:
            self.told(body)
        return web.Response(status=self.status, text=self.text)


def settings(url: str, **more: object) -> TemplateSettings:
    raw = {"type": "template", "name": "other", "url": url, **more}
    return msgspec.convert(raw, TemplateSettings, dec_hook=lambda _, value: Path(value))


async def deliver(config: TemplateSettings, *changes: dict[str, Any], **more: Any) -> None:
    """Each of the events, changed where `changes` say so."""
    context, logged = await entries(**more)
    sender = config.build(context)
    try:
        await sender.connect()
        for change in changes or ({},):
            await sender.send([changed(logged[-1], change)])
    finally:
        await sender.close()


def changed(entry: Entry, change: dict[str, Any]) -> Entry:
    event = structs.replace(entry.event, **change)
    return Entry(event, native.encode(event))


async def sent(
    path: str = "/x", changes: dict[str, Any] | None = None, **more: object
) -> tuple[web.Request, bytes]:
    async with Anything() as receiver:
        await deliver(settings(receiver.url + path, **more), changes or {})
        return receiver.requests[-1]


# --- what is sent --------------------------------------------------------------------------------


async def test_passes_the_check_of_all_outputs() -> None:
    receiver = Anything()
    await receiver.start()
    await receiver.stop()
    await check_output(settings(receiver.url).build, receiver, name="other")


async def test_without_a_body_of_its_own_it_is_the_event() -> None:
    request, body = await sent()
    assert request.content_type == "application/json"
    event = native.decode(body)
    assert event.plate.text == "BU9042"
    assert request.headers["webhook-id"] == str(event.id)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "GET", "DELETE"])
async def test_url_method_and_headers(method: str) -> None:
    request, body = await sent(
        f"/{PLATE}?camera={{{{ event.camera }}}}&at={{{{ event.occurred_at }}}}",
        {"camera": "tor ö/&=#"},
        method=method,
        headers={"X-Plate": f"plate {PLATE}", "X-Camera": "{{ event.camera | url }}"},
        body={"type": "none"},
    )
    assert (request.method, request.path, body) == (method, "/BU9042", b"")
    assert request.query["camera"] == "tor ö/&=#"
    assert request.query["at"].startswith("2026-01-02T03:04")
    assert request.headers["x-plate"] == "plate BU9042"
    assert urllib.parse.unquote(request.headers["x-camera"]) == "tor ö/&=#"


async def test_json() -> None:
    template = '{"plate": {{ event.plate.text ~ "!" }}, "make": {{ event.vehicle.make }}}'
    _, body = await sent(body={"type": "json", "template": template})
    assert msgspec.json.decode(body) == {"plate": "BU9042!", "make": None}


async def test_xml() -> None:
    template = '<event camera="{{ event.camera }}"><plate>{{ event.plate.text }}</plate></event>'
    odd = "<ö & \"'>]]>\x00"
    request, body = await sent(body={"type": "xml", "template": template}, changes={"camera": odd})
    assert request.content_type == "application/xml"
    assert ElementTree.fromstring(body).get("camera") == odd.replace("\x00", "")


async def test_text() -> None:
    template = "{{ event.plate.text }};{{ event.camera }}{{ '\\r\\n' }}"
    request, body = await sent(body={"type": "text", "template": template})
    assert body == b"BU9042;gate\r\n"
    assert request.headers["content-type"] == "text/plain; charset=utf-8"


async def test_form() -> None:
    fields = {
        "text1": PLATE,
        "cam era": "{{ event.camera }}",
        "p": "{{ pictures.plate.base64 | default }}",
    }
    request, body = await sent(
        body={"type": "form", "fields": fields}, changes={"camera": "a&b=ö+"}
    )
    assert request.content_type == "application/x-www-form-urlencoded"
    told = dict(urllib.parse.parse_qsl(body.decode()))
    assert told["text1"] == "BU9042"
    assert told["cam era"] == "a&b=ö+"
    assert base64.b64decode(told["p"]) == PICTURES[0].jpeg


async def test_multipart_with_pictures() -> None:
    body = {
        "type": "multipart",
        "fields": {"meta": PLATE},
        "pictures": {"lp": "plate", "scene": "frame"},
    }
    request, received = await sent(body=body)
    parts = form_parts(request.headers["Content-Type"], received)
    assert parts["meta"].content == b"BU9042"
    assert parts["lp"].content == PICTURES[0].jpeg
    assert parts["scene"].content == PICTURES[2].jpeg
    assert parts["scene"].filename == "frame.jpg"


async def test_multipart_without_pictures_that_are_gone() -> None:
    body = {"type": "multipart", "fields": {"meta": PLATE}, "pictures": {"lp": "plate"}}
    async with Anything() as receiver:
        await deliver(settings(receiver.url + "/", body=body), images=Images())
        request, received = receiver.requests[0]
    assert list(form_parts(request.headers["Content-Type"], received)) == ["meta"]


async def test_pictures_as_base64_in_json() -> None:
    template = (
        '{"a": {{ pictures.plate.base64 | default(none) }}, '
        '"b": {{ pictures.frame.width | default(0) }}}'
    )
    _, body = await sent(body={"type": "json", "template": template.replace("(none)", "('')")})
    told = msgspec.json.decode(body)
    assert base64.b64decode(told["a"]) == PICTURES[0].jpeg
    assert told["b"] == 8


async def test_secrets_go_along_as_auth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "s3cret")
    request, _ = await sent(auth={"type": "bearer", "token": "env:TOKEN"})
    assert request.headers["authorization"] == "Bearer s3cret"


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"url": "http://{{ event.camera }}/"}, "a host without templates"),
        ({"url": "http://host{{ event.camera }}/"}, "a host without templates"),
        ({"url": "{{ event.camera }}"}, "a host without templates"),
        ({"url": "ftp://host/"}, "a host without templates"),
        ({"url": "http://169.254.169.254/{{ event.camera }}"}, "link-local"),
        ({"url": "http://me:word@host/"}, "move them to `auth`"),
        ({"url": "http://host/{{ event.nobody }}"}, "`url`: line 1: an object has no 'nobody'"),
        ({"url": "http://host/{{ nobody }}"}, "`url`: line 1: unknown name `nobody`"),
        ({"url": "http://host/{{ pictures.plate.base64 | default }}"}, "allowed in the body only"),
        ({"headers": {"X-A": "{{ event.plate.display }}"}}, "headers.X-A.*with `| url`"),
        ({"headers": {"X-A": "{{ event"}}, "headers.X-A`: line 1"),
        ({"headers": {"Webhook-Id": "1"}}, "`Webhook-Id` is set by platewire"),
        (
            {"body": {"type": "json", "template": '{"a": "{{ event.camera }}"}'}},
            "result is not JSON",
        ),
        ({"body": {"type": "json", "template": "{{ event.vehicle.make.value }}"}}, "default"),
        ({"body": {"type": "xml", "template": "<a>{{ event.camera }}"}}, "result is not XML"),
        ({"body": {"type": "xml", "template": "<!DOCTYPE a><a/>"}}, "document type"),
        ({"body": {"type": "text", "template": "{% include 'x' %}"}}, "include is not supported"),
        ({"body": {"type": "form", "fields": {"a": "{{ 1/0 }}"}}}, "fields.a.*division by zero"),
        ({"body": {"type": "multipart", "fields": {'a"b': "x"}}}, "multipart header"),
        ({"success": {"equals": "1"}}, "requires `success.json`"),
        ({"auth": {"type": "bearer", "token": "env:NOT_THERE"}}, "NOT_THERE is not set"),
    ],
)
async def test_mistakes_are_told_at_the_start(more: dict[str, object], reason: str) -> None:
    context, _ = await entries()
    config = settings(**{"url": "http://host/", **more})  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=rf'(?s)output "other".*{reason}'):
        config.build(context)


async def test_a_template_that_fails_for_one_event_rejects_that_one() -> None:
    template = "{{ 100 // (event.reads - 4) }}"
    config = {"body": {"type": "text", "template": template}}
    async with Anything() as receiver:
        context, logged = await entries()
        sender = settings(receiver.url + "/", **config).build(context)
        await sender.connect()
        with pytest.raises(Rejected, match=r'"other".*line 1: division by zero; correct the temp'):
            await sender.send([changed(logged[0], {"reads": 4})])
        await sender.send([changed(logged[0], {"reads": 14})])
        await sender.close()
    assert [body for _, body in receiver.requests] == [b"10"]


async def test_an_event_that_breaks_the_form_is_rejected_not_sent() -> None:
    """Signs of XML's comments cannot be escaped."""
    body = {"type": "xml", "template": "<a><!-- {{ event.plate.text }} --></a>"}
    plate = structs.replace(passage_events()[0].plate, text="A--B")
    async with Anything() as receiver:
        with pytest.raises(Rejected, match="result is not XML"):
            await deliver(settings(receiver.url + "/", body=body), {"plate": plate})
    assert not receiver.requests


async def test_dots_cannot_climb_in_the_path() -> None:
    async with Anything() as receiver:
        url = receiver.url + "/a/{{ event.camera }}/b"
        with pytest.raises(Rejected, match="not allowed in a URL"):
            await deliver(settings(url), {"camera": ".."})
    assert not receiver.requests


# --- what success is -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "text", "success", "good"),
    [
        (200, "", {}, True),
        (422, "", {}, False),
        (404, "", {"statuses": [200, 404]}, True),
        (201, "", {"statuses": [200]}, False),
        (302, "", {"statuses": [302]}, True),
        (200, "OK, thanks", {"contains": "OK"}, True),
        (200, "error", {"contains": "OK"}, False),
        (200, '{"a": {"b": ["no", "yes"]}}', {"json": "a.b.1", "equals": "yes"}, True),
        (200, '{"success": true}', {"json": "success", "equals": "true"}, True),
        (200, '{"code": 0}', {"json": "code", "equals": "0"}, True),
        (200, '{"code": 17}', {"json": "code", "equals": "0"}, False),
        (200, "no JSON", {"json": "code", "equals": "0"}, False),
        (200, '{"a": [1]}', {"json": "a.b", "equals": "0"}, False),
        (200, '{"a": [1]}', {"json": "a.1", "equals": "0"}, False),
        (200, "null", {"json": "a", "equals": "0"}, False),
    ],
)
async def test_success(status: int, text: str, success: dict[str, Any], good: bool) -> None:
    async with Anything(status, text) as receiver:
        config = settings(receiver.url + "/", success=success)
        if good:
            await deliver(config)
        else:
            with pytest.raises(Rejected, match='"other"') as caught:
                await deliver(config)
            assert caught.value.status == status
            assert caught.value.answer == text


@pytest.mark.parametrize(("status", "error"), [(503, Unavailable), (410, Paused)])
async def test_the_receiver_may_still_ask_to_wait(status: int, error: type[Exception]) -> None:
    async with Anything(status) as receiver:
        with pytest.raises(error, match='"other"'):
            await deliver(settings(receiver.url + "/", success={"statuses": [200]}))


# --- the page ------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", blocks("toml", PAGE))
async def test_the_examples_render(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENEYE_KEY", "k")
    monkeypatch.setenv("SALIENT_PASSWORD", "p")
    context, _ = await entries()
    outputs = parse(text, Path("platewire.toml")).output
    assert outputs
    for output in outputs:
        assert isinstance(output, TemplateSettings)
        output.build(context)


def test_every_setting_and_filter_is_on_the_page() -> None:
    own = set(TemplateSettings.__struct_fields__) - set(OutputSettings.__struct_fields__)
    assert not sorted(name for name in own | set(FILTERS) if f"`{name}" not in PAGE)
