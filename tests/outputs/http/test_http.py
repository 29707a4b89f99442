"""The HTTP output against real servers: what is sent, and what each answer means."""

import asyncio
import os
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from aiohttp import web

from platewire.errors import ConfigError, Paused, Refused, Rejected, Unavailable
from platewire.model import Images
from platewire.outputs.http.http import HttpOutput
from platewire.runtime.clock import SystemClock
from platewire.testing.check_output import check_output
from platewire.testing.sample_events import picture
from platewire.wire import signing
from platewire.wire.numberok import json_reader as numberok_json_reader
from tests.outputs.http.http_receiver import (
    Receiver,
    accept,
    answers,
    decoded,
    receiving,
    speaking,
)
from tests.outputs.http.http_sending import PICTURES, connected, deliver, entries, settings

SECRET = "whsec_" + "c2VjcmV0LW9mLXRoZS1nYXRlLWxldC1tZS1pbg=="


# --- what is sent --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"body": "multipart"},
        {"format": "numberok-1.0"},
        {"format": "numberok-1.6", "body": "multipart", "picture": "frame"},
        {"format": "axis"},
    ],
)
async def test_passes_the_check_of_all_outputs(more: dict[str, object]) -> None:
    shown = more.get("body") == "multipart" or more.get("format") == "axis"
    receiver = Receiver(pictures=shown)
    await receiver.start()
    await receiver.stop()
    await check_output(settings(receiver.url, **more).build, receiver, name="gate")


async def test_native_json_is_the_logged_bytes() -> None:
    context, logged = await entries()
    async with receiving() as receiver, connected(settings(receiver.url), context) as sender:
        for entry in logged:
            await sender.send([entry])
    assert [request.body for request in receiver.requests] == [entry.body for entry in logged]
    first = receiver.requests[0]
    assert first.headers["content-type"] == "application/json"
    assert first.headers["webhook-id"] == str(logged[0].event.id)
    assert first.headers["user-agent"].startswith("platewire/")
    assert "webhook-signature" not in first.headers


async def test_one_connection_is_kept() -> None:
    async with receiving() as receiver:
        await deliver(settings(receiver.url), 3)
    assert len({request.connection for request in receiver.requests}) == 1


async def test_multipart_names_its_files() -> None:
    async with receiving() as receiver:
        await deliver(settings(receiver.url, body="multipart"), 3)
    for request in receiver.requests:
        event, image = request.parts["event"], request.parts["image"]
        assert event.filename.endswith(".json")
        assert image.filename.endswith(".jpg")
        assert "lp" in image.filename
        assert image.content_type == "image/jpeg"
        assert image.content == PICTURES[0].jpeg
    names = [part.filename for request in receiver.requests for part in request.parts.values()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("choice", "shows", "mark", "sent"),
    [("plate", "plate", "lp_", 0), ("vehicle", "vehicle", "roi_", 1), ("frame", "frame", "_", 2)],
)
async def test_the_chosen_picture_goes_along(choice: str, shows: str, mark: str, sent: int) -> None:
    async with receiving() as receiver:
        config = settings(receiver.url, format="numberok-1.6", body="multipart", picture=choice)
        await deliver(config)
    parts = receiver.requests[0].parts
    packet = decoded(parts["event"].content)
    assert parts["image"].content == PICTURES[sent].jpeg
    assert mark in parts["image"].filename
    assert packet["imageType"] == shows
    assert packet["plateImageSize"] == str(len(PICTURES[sent].jpeg))


async def test_a_picture_that_is_gone_is_left_out() -> None:
    context, logged = await entries(images=Images(plate=picture(mark=9).image))
    async with (
        receiving() as receiver,
        connected(settings(receiver.url, body="multipart"), context) as sender,
    ):
        await sender.send(logged[:1])
    assert list(receiver.requests[0].parts) == ["event"]


async def test_packets_are_counted_once_however_often_they_are_tried() -> None:
    context, logged = await entries()
    async with receiving(answers(503)) as receiver:
        config = settings(receiver.url, format="numberok-1.0")
        async with connected(config, context) as sender:
            with pytest.raises(Unavailable):
                await sender.send(logged[:1])
            receiver.answer = accept
            await sender.send(logged[:1])
            await sender.send(logged[1:2])
    packets = [numberok_json_reader.decode(request.body) for request in receiver.requests]
    assert [packet.packet_counter for packet in packets] == [1, 1, 2]


async def test_axis_json_holds_its_picture() -> None:
    async with receiving() as receiver:
        await deliver(settings(receiver.url, format="axis"))
    assert numberok_json_reader.decode(receiver.requests[0].body).images == (PICTURES[0].jpeg,)


async def test_requests_are_signed_with_each_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLD", SECRET)
    monkeypatch.setenv("NEW", "whsec_" + "bmV3LXNlY3JldC1vZi10aGUtZ2F0ZQ==")
    async with receiving() as receiver:
        config = settings(receiver.url, signing_secrets=["env:OLD", "env:NEW"])
        await deliver(config)
    request, now = receiver.requests[0], SystemClock().now()
    for name in ("OLD", "NEW"):
        key = signing.key(os.environ[name])
        signing.verify([key], request.headers, request.body, now=now)
    with pytest.raises(signing.SignatureError):
        signing.verify([b"x" * 24], request.headers, request.body, now=now)


async def test_further_headers_go_along() -> None:
    async with receiving() as receiver:
        await deliver(settings(receiver.url, headers={"X-Site": "north"}))
    assert receiver.requests[0].headers["x-site"] == "north"


# --- what answers mean ---------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
async def test_delivered(status: int) -> None:
    async with receiving(answers(status)) as receiver:
        await deliver(settings(receiver.url))
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 599])
async def test_unavailable(status: int) -> None:
    async with receiving(answers(status, "not\nnow", Retry_After="7")) as receiver:
        with pytest.raises(Unavailable, match=rf'"gate".*{status}.* "not now"') as caught:
            await deliver(settings(receiver.url))
    assert caught.value.retry_after == 7


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("1.5", 1.5), (" 7 ", 7), ("0.0", 0), ("1.", 1), ("-1", None), ("1e3", None), ("soon", None)],
)
async def test_retry_after_is_a_number(value: str, seconds: float | None) -> None:
    async with receiving(answers(503, Retry_After=value)) as receiver:
        with pytest.raises(Unavailable) as caught:
            await deliver(settings(receiver.url))
    assert caught.value.retry_after == seconds


async def test_retry_after_may_be_a_date() -> None:
    later = SystemClock().now() + timedelta(minutes=10)
    date = later.strftime("%a, %d %b %Y %H:%M:%S GMT")
    async with receiving(answers(429, Retry_After=date)) as receiver:
        with pytest.raises(Unavailable) as caught:
            await deliver(settings(receiver.url))
    assert caught.value.retry_after is not None
    assert 500 < caught.value.retry_after <= 600


@pytest.mark.parametrize("status", [400, 409, 413, 415, 422, 451])
async def test_rejected_with_the_answer(status: int) -> None:
    async with receiving(answers(status, "no " * 5000)) as receiver:
        with pytest.raises(Rejected, match=f'"gate".*{status}') as caught:
            await deliver(settings(receiver.url))
    assert caught.value.status == status
    assert caught.value.answer == ("no " * 5000)[:4096]
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("status", [401, 403, 404, 405, 407])
async def test_what_may_be_refused_everybody_is_no_rejection(status: int) -> None:
    """A rotated key, a proxy that is being set up: the event is as good as any other."""
    async with receiving(answers(status, "no " * 5000)) as receiver:
        with pytest.raises(Refused, match=f'"gate".*{status}') as caught:
            await deliver(settings(receiver.url))
    assert caught.value.status == status
    assert caught.value.answer == ("no " * 5000)[:4096]
    assert caught.value.least_wait == (60.0 if status in (401, 403) else 0.0)


async def test_gone_pauses() -> None:
    async with receiving(answers(410, "closed for ever")) as receiver:
        with pytest.raises(Paused, match=r'410 Gone "closed for ever".*resume'):
            await deliver(settings(receiver.url))


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_redirects_are_named_and_not_followed(status: int) -> None:
    target = "http://169.254.169.254/meta?token=hidden"
    async with receiving(answers(status, Location=target)) as receiver:
        with pytest.raises(Unavailable, match=r"169\.254\.169\.254/meta.*set `url`") as caught:
            await deliver(settings(receiver.url))
    assert "hidden" not in str(caught.value)
    assert len(receiver.requests) == 1


@pytest.mark.parametrize(
    ("success", "reason"),
    [
        ({"contains": '"ok"'}, "does not contain '\"ok\"'"),
        ({"json": "status.code", "equals": "0"}, "`status.code` is '17', not '0'"),
        ({"statuses": [202]}, "does not include 200"),
    ],
)
async def test_receiver_that_answers_200_with_an_error_in_the_body(
    success: dict[str, object], reason: str
) -> None:
    said = '{"status": {"code": 17, "text": "unknown camera"}}'
    async with receiving(answers(200, said)) as receiver:
        with pytest.raises(Rejected, match=reason) as caught:
            await deliver(settings(receiver.url, success=success))
        assert (caught.value.status, caught.value.answer) == (200, said)
        receiver.answer = answers(202, '{"status": {"code": 0}, "said": "ok"}')
        await deliver(settings(receiver.url, success=success))


# --- what no answer means ------------------------------------------------------------------------


async def test_nobody_is_there() -> None:
    receiver = Receiver()
    await receiver.start()
    await receiver.stop()
    with pytest.raises(Unavailable, match=r'"gate".*cannot be reached.*is running'):
        await deliver(settings(receiver.url))


async def test_a_name_that_nobody_knows() -> None:
    with pytest.raises(Unavailable, match="cannot be reached"):
        await deliver(settings("http://nowhere.invalid/x"))


async def test_no_answer_in_time() -> None:
    over = asyncio.Event()

    async def sleeps(_: web.Request) -> web.StreamResponse:
        await over.wait()
        return web.Response()

    async with receiving(sleeps) as receiver:
        with pytest.raises(Unavailable, match=r"within 0\.2 s"):
            await deliver(settings(receiver.url, total_seconds=0.2))
        over.set()


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 two hundred OK\r\n\r\n", "not HTTP"),
        (b"\x00" * 100, "not HTTP"),
        (b"", "closed the connection without a response"),
        (b"HTTP/1.1 20", "closed the connection|not HTTP"),
    ],
)
async def test_nonsense(said: bytes, reason: str) -> None:
    async def speak(writer: asyncio.StreamWriter) -> None:
        writer.write(said)

    async with speaking(speak) as url:
        with pytest.raises(Unavailable, match=reason):
            await deliver(settings(url + "?key=hidden"))


async def test_connection_reset() -> None:
    async def reset(writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    async with speaking(reset) as url:
        with pytest.raises(Unavailable, match=r"closed the connection|cannot be reached"):
            await deliver(settings(url))


async def test_an_answer_that_breaks_off_after_its_status_stands() -> None:
    async def cut(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")

    async with speaking(cut) as url:
        await deliver(settings(url))


async def test_an_answer_without_end_is_not_read_to_the_end() -> None:
    written = 0

    async def pour(writer: asyncio.StreamWriter) -> None:
        nonlocal written
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 4096)
            written += 4096
            await writer.drain()

    async with speaking(pour) as url:
        await deliver(settings(url))
    assert written < 64 << 20


async def test_send_without_connect_is_unavailable() -> None:
    context, logged = await entries()
    with pytest.raises(Unavailable, match="not connected"):
        await HttpOutput(settings("http://127.0.0.1:9/"), context).send(logged)


# --- what cannot be used -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"url": "ftp://host/x"}, "write it like https://"),
        ({"url": "host/x"}, "write it like https://"),
        ({"url": "http://host:99999/"}, "write it like https://"),
        ({"url": "http://me:word@host/"}, "move them to `auth`"),
        ({"tls": {"verify": False}}, "`tls` has no effect"),
        ({"url": "https://host/", "tls": {"ca_file": "/none.pem"}}, r"/none\.pem is not a PEM"),
        ({"url": "https://host/", "tls": {"client_cert": "/none.pem"}}, r"/none\.pem .*cannot"),
        ({"url": "https://host/", "tls": {"client_key": "/k.pem"}}, "requires `tls.client_cert`"),
        ({"headers": {"Content-Type": "text/plain"}}, "`Content-Type` is set by platewire"),
        ({"headers": {"Webhook-Id": "1"}}, "`Webhook-Id` is set by platewire"),
        ({"auth": {"type": "bearer", "token": "env:NOT_THERE"}}, "NOT_THERE is not set"),
        ({"success": {"equals": "1"}}, "requires `success.json`"),
        ({"signing_secrets": ["env:BAD_SECRET"]}, "must start with whsec_"),
        ({"format": "axis", "time_zone": "Mars/Olympus"}, "unknown `time_zone` Mars/Olympus"),
    ],
)
async def test_bad_settings(
    more: dict[str, object], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BAD_SECRET", "hidden")
    context, _ = await entries()
    config = settings(**{"url": "http://host/", **more})  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=reason) as caught:
        config.build(context)
    assert 'output "gate"' in str(caught.value)
    for secret in ("hidden", "word"):
        assert secret not in str(caught.value).replace("password", "")


@pytest.mark.parametrize(
    "headers", [{"X\r\nY": "1"}, {"": "1"}, {"X": "1\r\nY: 2"}, {"X": "1\n"}, {"X": "ü"}]
)
def test_headers_that_would_break_the_request(headers: dict[str, str]) -> None:
    with pytest.raises(msgspec.ValidationError, match=r"headers"):
        settings("http://host/", headers=headers)


async def test_a_client_key_without_pem(tmp_path: Path) -> None:
    file = tmp_path / "client.pem"
    file.write_text("not a certificate")
    context, _ = await entries()
    with pytest.raises(ConfigError, match=r"client\.pem"):
        settings("https://host/", tls={"client_cert": str(file)}).build(context)


async def test_a_redelivery_is_marked_in_a_header_and_the_body_stays_as_it_is() -> None:
    async with receiving() as receiver:
        context, logged = await entries()
        sender = settings(receiver.url).build(context)
        await sender.connect()
        await sender.send([logged[0]])
        await sender.send([logged[0]._replace(again=True)])
        await sender.close()
    first, second = receiver.requests
    assert "platewire-redelivery" not in {name.lower() for name in first.headers}
    marks = {name.lower(): value for name, value in second.headers.items()}
    assert marks["platewire-redelivery"] == "true"
    assert first.body == second.body
