"""Signed requests, as the official libraries of Standard Webhooks and Svix verify them."""

import json

import pytest
import standardwebhooks
import svix.webhooks

from platewire.errors import ConfigError
from platewire.outputs.http.formats import FORMS, PICTURES, FormatName
from tests.outputs.http.http_receiver import Request, receiving
from tests.outputs.http.http_sending import deliver, entries, settings

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_bmV3LXNlY3JldC1vZi10aGUtZ2F0ZQ"
"""Without the padding that base64 may have."""
BODIES = [(form, body) for form in FORMS for body in FORMS[form].bodies]
TEXTS = [each for each in BODIES if each[1] not in PICTURES]
OTHERS = [each for each in BODIES if each[1] in PICTURES]


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNING", SECRET)
    monkeypatch.setenv("NEXT", OTHER)


async def signed(form: FormatName, body: str) -> Request:
    async with receiving() as receiver:
        config = settings(
            receiver.url, format=form, body=body, signing_secrets=["env:NEXT", "env:SIGNING"]
        )
        await deliver(config)
    return receiver.requests[0]


@pytest.mark.parametrize(("form", "body"), TEXTS)
@pytest.mark.parametrize("secret", [SECRET, OTHER])
async def test_the_official_libraries_verify_every_text(
    form: FormatName, body: str, secret: str
) -> None:
    request = await signed(form, body)
    standard = standardwebhooks.Webhook(secret)
    if body == "json":
        assert standard.verify(request.body, request.headers) == json.loads(request.body)
    else:
        standard.verify(request.body, request.headers, json_parse=False)
    svix.webhooks.Webhook(secret).verify(request.body, request.headers)
    with pytest.raises(svix.webhooks.WebhookVerificationError):
        svix.webhooks.Webhook(secret).verify(request.body + b" ", request.headers)


@pytest.mark.parametrize(("form", "body"), OTHERS)
async def test_signing_unverifiable_bodies_is_refused(form: FormatName, body: str) -> None:
    """They decode the body as UTF-8, which a picture is not."""
    context, _ = await entries()
    for secrets, refused in (([], False), (["env:SIGNING"], True)):
        config = settings("http://x/", format=form, body=body, signing_secrets=secrets)
        if refused:
            with pytest.raises(ConfigError, match=r'"gate": `signing_secrets`.*set `body` to "'):
                config.build(context)
        else:
            config.build(context)


async def test_official_libraries_fail_on_pictures() -> None:
    """If these libraries learn it, the rule may go."""
    async with receiving() as receiver:
        await deliver(settings(receiver.url, body="multipart"))
    body = receiver.requests[0].body
    headers = {
        "webhook-id": "1",
        "webhook-timestamp": "1764556800",
        "webhook-signature": "v1,x",
    }
    with pytest.raises(UnicodeDecodeError):
        standardwebhooks.Webhook(SECRET).verify(body, headers)
    with pytest.raises(UnicodeDecodeError):
        svix.webhooks.Webhook(SECRET).verify(body, headers)
