"""Whom a client of ours trusts, whatever Python runs it."""

import asyncio
import ssl
from pathlib import Path

import pytest

from platewire.runtime import client_tls
from tests.support.certificates import Authority


async def shake_hands(server: Authority, ca_file: Path | None, host: str = "127.0.0.1") -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", ssl=server.server_context()) as it:
        port = it.sockets[0].getsockname()[1]
        context = client_tls.context(ca_file)
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=context, server_hostname=host
        )
        await reader.read()
        writer.close()
        await writer.wait_closed()


async def test_a_ca_is_trusted(authority: Authority) -> None:
    await shake_hands(authority, authority.ca)


async def test_a_ca_made_by_hand_is_trusted(by_hand: Authority) -> None:
    await shake_hands(by_hand, by_hand.ca)


async def test_a_certificate_may_be_named_instead_of_its_ca(authority: Authority) -> None:
    await shake_hands(authority, authority.server)


async def test_others_and_other_names_are_refused(
    authority: Authority, stranger: Authority
) -> None:
    for ca_file in (None, stranger.ca, stranger.server):
        with pytest.raises(ssl.SSLCertVerificationError):
            await shake_hands(authority, ca_file)
    with pytest.raises(ssl.SSLCertVerificationError, match="elsewhere"):
        await shake_hands(authority, authority.ca, "elsewhere.example")


async def test_an_expired_certificate_is_refused(expired: Authority) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        await shake_hands(expired, expired.ca)
