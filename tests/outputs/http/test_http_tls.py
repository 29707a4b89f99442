"""The HTTP output over TLS: whom it trusts, and how it shows who it is."""

from pathlib import Path

import pytest

from platewire.errors import ConfigError, Unavailable
from platewire.testing.check_output import check_output
from tests.outputs.http.http_receiver import Receiver, receiving
from tests.outputs.http.http_sending import connected, deliver, entries, settings
from tests.support.certificates import Authority


async def test_passes_the_check_of_all_outputs(authority: Authority) -> None:
    receiver = Receiver(tls=authority.server_context())
    await receiver.start()
    await receiver.stop()
    config = settings(receiver.url, tls={"ca_file": authority.ca})
    await check_output(config.build, receiver, name="gate")


async def test_an_unknown_ca_is_not_trusted(authority: Authority) -> None:
    async with receiving(tls=authority.server_context()) as receiver:
        with pytest.raises(Unavailable, match=r'"gate".*untrusted certificate.*`tls\.ca_file`'):
            await deliver(settings(receiver.url))
    assert not receiver.requests


async def test_a_certificate_for_another_name_is_not_trusted(stranger: Authority) -> None:
    async with receiving(tls=stranger.server_context()) as receiver:
        with pytest.raises(Unavailable, match=r"untrusted certificate: .*127\.0\.0\.1"):
            await deliver(settings(receiver.url, tls={"ca_file": stranger.ca}))


async def test_without_verification_anyone_is_trusted(stranger: Authority) -> None:
    async with receiving(tls=stranger.server_context()) as receiver:
        await deliver(settings(receiver.url, tls={"verify": False}))
    assert len(receiver.requests) == 1


async def test_a_client_certificate_is_shown(authority: Authority) -> None:
    async with receiving(tls=authority.server_context(asks_for_client=True)) as receiver:
        tls = {"ca_file": authority.ca, "client_cert": authority.client}
        await deliver(settings(receiver.url, tls=tls))
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("shown", [False, True])
async def test_a_missing_or_strange_client_certificate(
    authority: Authority, stranger: Authority, shown: bool
) -> None:
    tls = {"ca_file": authority.ca} | ({"client_cert": stranger.client} if shown else {})
    async with receiving(tls=authority.server_context(asks_for_client=True)) as receiver:
        with pytest.raises(Unavailable, match=r'"gate".*127\.0\.0\.1'):
            await deliver(settings(receiver.url, tls=tls))
    assert not receiver.requests


async def test_plain_http_where_tls_is_expected(authority: Authority) -> None:
    async with receiving() as receiver:
        with pytest.raises(Unavailable, match=r"TLS handshake.*check `url`"):
            await deliver(settings(receiver.url.replace("http:", "https:")))


async def test_tls_where_plain_http_is_expected(authority: Authority) -> None:
    async with receiving(tls=authority.server_context()) as receiver:
        with pytest.raises(Unavailable):
            await deliver(settings(receiver.url.replace("https:", "http:")))


async def test_a_new_certificate_is_taken_at_the_next_connect(
    authority: Authority, stranger: Authority, tmp_path: Path
) -> None:
    ca_file = tmp_path / "ca.pem"
    ca_file.write_bytes(stranger.ca.read_bytes())
    context, logged = await entries()
    async with receiving(tls=authority.server_context()) as receiver:
        sender = settings(receiver.url, tls={"ca_file": ca_file}).build(context)
        with pytest.raises(Unavailable, match="untrusted certificate"):
            await sender.connect()
        ca_file.write_bytes(authority.ca.read_bytes())
        await sender.connect()
        await sender.send(logged[:1])
        await sender.close()
    assert len(receiver.requests) == 1


async def test_a_key_that_does_not_fit(authority: Authority, stranger: Authority) -> None:
    context, _ = await entries()
    tls = {"client_cert": authority.client, "client_key": stranger.client}
    with pytest.raises(ConfigError, match=r'output "gate".*client\.pem.*matches the certificate'):
        settings("https://host/", tls=tls).build(context)


async def test_a_kept_connection_survives_between_events(authority: Authority) -> None:
    context, logged = await entries()
    async with receiving(tls=authority.server_context()) as receiver:
        config = settings(receiver.url, tls={"ca_file": authority.ca})
        async with connected(config, context) as sender:
            for entry in logged:
                await sender.send([entry])
    assert len({request.connection for request in receiver.requests}) == 1
