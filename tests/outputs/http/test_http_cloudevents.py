"""The HTTP output with CloudEvents, to a real receiver that reads them with their SDK."""

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http_event

from platewire.errors import ConfigError
from platewire.testing.check_output import check_output
from platewire.wire import signing
from tests.outputs.http.http_receiver import Receiver, receiving
from tests.outputs.http.http_sending import connected, entries, settings

FORMATS = pytest.mark.parametrize("form", ["cloudevents-binary", "cloudevents-structured"])
SECRET = "whsec_" + "c2VjcmV0LW9mLXRoZS1nYXRlLWxldC1tZS1pbg=="


@FORMATS
async def test_passes_the_check_of_all_outputs(form: str) -> None:
    receiver = Receiver()
    await receiver.start()
    await receiver.stop()
    await check_output(settings(receiver.url, format=form).build, receiver, name="gate")


@FORMATS
async def test_arrives_whole_and_signed(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", SECRET)
    context, logged = await entries()
    async with receiving() as receiver:
        config = settings(receiver.url, format=form, signing_secrets=["env:SECRET"])
        async with connected(config, context) as sender:
            await sender.send(logged)
    for request, entry in zip(receiver.requests, logged, strict=True):
        seen = from_http_event(HTTPMessage(request.headers, request.body))
        assert (seen.get_id(), seen.get_source()) == (str(entry.event.id), "/platewire/check/gate")
        assert request.headers["webhook-id"] == str(entry.event.id)
        now = context.clock.now()
        signing.verify([signing.key(SECRET)], request.headers, request.body, now=now)


@FORMATS
async def test_has_no_multipart(form: str) -> None:
    context, _ = await entries()
    with pytest.raises(ConfigError, match=rf'output "gate".*{form}.*set `body` to "json"'):
        settings("http://host/", format=form, body="multipart").build(context)
