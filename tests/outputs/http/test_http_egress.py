"""Where requests may go: addresses in every spelling, names that change, redirects, odd answers."""

import asyncio
import contextlib
import gzip
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from platewire.errors import ConfigError, Rejected, Unavailable
from platewire.outputs.http.egress import AddressRefused, Egress, Guard, embedded, refusal
from tests.outputs.http.http_receiver import Answering, accept, answers, receiving, speaking
from tests.outputs.http.http_sending import connected, deliver, entries, settings
from tests.support.certificates import Authority


def words(text: str) -> list[str]:
    return text.split()


METADATA = "169.254.169.254"

REFUSED = words(
    """
169.254.169.254 169.254.0.1 169.254.170.2 169.254.255.255 100.100.100.200 168.63.129.16 192.0.0.192
0.0.0.0 0.0.0.1 0.255.255.255 224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255
2852039166 0xa9fea9fe 0xA9.0xFE.0xA9.0xFE 0251.0376.0251.0376 025177524776 169.254.43518
169.16689662 169.0xfea9fe 0251.254.169.254 169.0376.0xa9.254 0x0 0 4294967295 0xffffffff
169.254.169.254. 0xa9fea9fe. 037777777777 3758096385
[::] [fe80::1] [fe80::a9fe:a9fe] [febf:ffff::1] [fe80::1%251] [ff02::1] [ff05::2] [ff0e::1]
[fd00:ec2::254] [fd00:ec2::23] [FD00:0EC2:0000:0000:0000:0000:0000:0254] [fd20:ce::254]
[::ffff:169.254.169.254] [::ffff:a9fe:a9fe] [0:0:0:0:0:ffff:a9fe:a9fe] [::FFFF:0.0.0.0]
[::ffff:224.0.0.1] [::ffff:255.255.255.255] [::ffff:100.100.100.200]
[::169.254.169.254] [::a9fe:a9fe]
[64:ff9b::169.254.169.254] [64:ff9b::a9fe:a9fe] [64:ff9b::224.0.0.1]
[64:ff9b:1::169.254.169.254] [64:ff9b:1:a9fe:a9:fe00::]
[2002:a9fe:a9fe::] [2002:a9fe:a9fe::1] [2002:a9fe:a9fe:1:2:3:4:5] [2002:0:0::1] [2002:e000:1::]
[2001:0:a9fe:a9fe::] [2001:0:5ef5:79fb:0:0:5601:5601]
[2001:db8::5efe:169.254.169.254] [2001:db8::200:5efe:a9fe:a9fe]
"""
)

ALLOWED = words(
    """
127.0.0.1 127.8.9.10 10.0.0.5 172.16.3.4 192.168.1.20 100.64.0.1 8.8.8.8 169.253.255.255 169.255.0.1
223.255.255.255 192.0.0.191 [::1] [2001:db8::1] [fd00::1] [fc00::7] [::ffff:10.0.0.5]
[64:ff9b::10.0.0.5] [2002:a00:5::1] [2001:db8::5efe:10.0.0.5] 2130706433 127.1 0x7f000001
"""
)


@pytest.mark.parametrize("host", REFUSED)
async def test_refused_in_every_spelling(host: str) -> None:
    """At the start, where it stands in the url."""
    context, _ = await entries()
    with pytest.raises(ConfigError, match=r'"gate".*egress\.allow_addresses'):
        settings(f"http://{host}:1/").build(context)


@pytest.mark.parametrize("host", [*REFUSED, *ALLOWED])
async def test_what_the_system_makes_of_a_spelling_is_judged_the_same(host: str) -> None:
    """Over getaddrinfo, which is what a connection uses."""
    with contextlib.suppress(socket.gaierror):  # no IPv6 here, or a spelling it does not know
        if host in ALLOWED:
            assert await Guard().addresses(host.strip("[]"), 1)
        else:
            with pytest.raises(AddressRefused):
                await Guard().addresses(host.strip("[]").replace("%251", "%1"), 1)


def test_the_table_is_long_enough() -> None:
    assert len(set(REFUSED)) >= 60


@pytest.mark.parametrize("host", ALLOWED)
async def test_private_and_public_addresses_are_good(host: str) -> None:
    context, _ = await entries()
    settings(f"http://{host}:1/").build(context)


@given(st.ip_addresses(v=4), st.sampled_from(["::ffff:", "64:ff9b::", "2002:", "::5efe:"]))
def test_what_is_refused_is_refused_inside_ipv6(
    address: ipaddress.IPv4Address, prefix: str
) -> None:
    hexed = f"{int(address) >> 16:x}:{int(address) & 0xFFFF:x}"
    inside = ipaddress.ip_address(f"{prefix}{hexed}{'::' if prefix == '2002:' else ''}")
    assert address in embedded(inside)
    if refusal(address):
        with pytest.raises(AddressRefused, match=r"egress\.allow_addresses"):
            Guard().check("somewhere", str(inside))


@given(st.ip_addresses())
def test_an_allowed_address_is_allowed(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    Guard(Egress(allow_addresses=(str(address),))).check("somewhere", str(address))


@given(st.text(max_size=30))
def test_any_host_is_good_or_refused(host: str) -> None:
    with contextlib.suppress(AddressRefused):
        Guard().check_literal(host)


@pytest.mark.parametrize("network", ["10.0.0.0/33", "gate", "", "fe80::/200"])
async def test_networks_that_are_none(network: str) -> None:
    context, _ = await entries()
    config = settings("http://host/", egress={"allow_addresses": [network]})
    with pytest.raises(ConfigError, match=r'"gate".*not a valid address or network'):
        config.build(context)


# --- names ---------------------------------------------------------------------------------------

Addresses = Sequence[str]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, list[Addresses]]], None]:
    """Names as a DNS server of the enemy gives them: each look-up has the next answer."""

    def known(told: dict[str, list[Addresses]]) -> None:
        real = asyncio.BaseEventLoop.getaddrinfo

        async def getaddrinfo(loop: Any, host: Any, port: Any, **more: Any) -> Any:
            if host not in told:
                return await real(loop, host, port, **more)
            addresses = told[host].pop(0) if len(told[host]) > 1 else told[host][0]
            return [
                (socket.AF_INET6, 1, 6, "", (each, port, 0, 0))
                if ":" in each
                else (socket.AF_INET, 1, 6, "", (each, port))
                for each in addresses
            ]

        monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)

    return known


Names = Callable[[dict[str, list[Addresses]]], None]


async def test_a_name_with_one_bad_address_is_refused(names: Names) -> None:
    async with receiving() as receiver:
        names({"gate.example": [["127.0.0.1", METADATA]]})
        url = receiver.url.replace("127.0.0.1", "gate.example")
        with pytest.raises(Unavailable, match=rf'"gate".*gate\.example is {METADATA}.*link-local'):
            await deliver(settings(url))
    assert not receiver.requests


@pytest.mark.parametrize("turned", [METADATA, "::ffff:169.254.169.254", "0.0.0.0", "fd00:ec2::254"])
async def test_a_name_that_turns_bad_is_refused(names: Names, turned: str) -> None:
    """DNS rebinding: the first look-up is good, the next one is not."""
    context, logged = await entries()
    async with receiving() as receiver:
        names({"gate.example": [["127.0.0.1"], [turned]]})
        url = receiver.url.replace("127.0.0.1", "gate.example")
        async with connected(settings(url), context) as sender:
            with pytest.raises(Unavailable, match=r'"gate".*gate\.example is .*allow_addresses'):
                await sender.send(logged[:1])
    assert not receiver.requests


async def test_a_connection_goes_to_the_address_that_was_checked(names: Names) -> None:
    """However the name changes afterwards, a kept connection is not asked anew."""
    context, logged = await entries()
    async with receiving() as receiver:
        names({"gate.example": [["127.0.0.1"], ["127.0.0.1"], [METADATA]]})
        url = receiver.url.replace("127.0.0.1", "gate.example")
        async with connected(settings(url), context) as sender:
            for entry in logged:
                await sender.send([entry])
    assert len(receiver.requests) == 3
    assert {each.headers["host"] for each in receiver.requests} == {url.split("/")[2]}


async def test_the_next_address_is_tried(names: Names) -> None:
    async with receiving() as receiver:
        names({"gate.example": [["127.0.0.2", "127.0.0.1"]]})
        await deliver(settings(receiver.url.replace("127.0.0.1", "gate.example")))
    assert len(receiver.requests) == 1


async def test_a_refused_address_may_be_allowed(names: Names) -> None:
    context, _ = await entries()
    allowed = {"allow_addresses": ["169.254.0.0/16"]}
    settings(f"http://{METADATA}/", egress=allowed).build(context)
    names({"gate.example": [[METADATA]]})
    guard = Guard(Egress(allow_addresses=("169.254.0.0/16",)))
    assert await guard.addresses("gate.example", 80) == [METADATA]


async def test_tls_and_host_keep_the_name(authority: Authority, names: Names) -> None:
    names({"localhost": [["127.0.0.1"]]})
    asked: list[str] = []
    server = authority.server_context()
    server.sni_callback = lambda _socket, name, _context: asked.append(name)
    async with receiving(tls=server) as receiver:
        url = receiver.url.replace("127.0.0.1", "localhost")
        await deliver(settings(url, tls={"ca_file": authority.ca}))
    assert set(asked) == {"localhost"}
    assert receiver.requests[0].headers["host"].startswith("localhost:")


async def test_no_proxy_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    async with receiving() as receiver:
        await deliver(settings(receiver.url))
    assert len(receiver.requests) == 1


# --- redirects -----------------------------------------------------------------------------------


def moving(status: int, to: Callable[[web.Request], str]) -> Answering:
    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == "/final":
            return await accept(request)
        return web.Response(status=status, headers={"Location": to(request)})

    return answer


@pytest.mark.parametrize("status", [307, 308])
async def test_a_redirect_to_a_named_host_is_followed(status: int) -> None:
    async with receiving() as receiver:
        receiver.answer = moving(status, lambda _: "/final")
        await deliver(settings(receiver.url, egress={"redirect_hosts": ["127.0.0.1"]}))
    first, second = receiver.requests
    assert (first.path, second.path) == ("/receiver", "/final")
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]


@pytest.mark.parametrize("status", [301, 302, 303])
async def test_a_redirect_that_makes_a_get_of_it_is_not_followed(status: int) -> None:
    async with receiving(moving(status, lambda _: "/final")) as receiver:
        with pytest.raises(Unavailable, match=r'"gate".*redirect to .*/final|redirect to /final'):
            await deliver(settings(receiver.url, egress={"redirect_hosts": ["127.0.0.1"]}))
    assert len(receiver.requests) == 1


async def test_a_redirect_to_another_host_is_not_followed() -> None:
    async with receiving() as other:
        to = other.url.replace("127.0.0.1", "localhost")
        async with receiving(answers(307, Location=to)) as receiver:
            with pytest.raises(Unavailable, match=r"redirect_hosts"):
                await deliver(settings(receiver.url, egress={"redirect_hosts": ["127.0.0.1"]}))
    assert not other.requests


async def test_a_redirect_loop_ends() -> None:
    async with receiving(moving(308, lambda request: f"{request.path}x")) as receiver:
        with pytest.raises(Unavailable, match=r'"gate".*in a loop.*set `url`'):
            await deliver(settings(receiver.url, egress={"redirect_hosts": ["127.0.0.1"]}))
    assert len(receiver.requests) == 6


async def test_a_redirect_to_metadata_is_refused_though_its_host_is_named() -> None:
    async with receiving(answers(307, Location=f"http://{METADATA}/latest")) as receiver:
        with pytest.raises(Unavailable, match=rf'"gate".*{METADATA}.*link-local'):
            await deliver(settings(receiver.url, egress={"redirect_hosts": [METADATA]}))


@pytest.mark.parametrize("location", ["http://[broken/", "//", "http://127.0.0.1:99999/", ""])
async def test_a_redirect_to_nonsense(location: str) -> None:
    async with receiving(answers(307, Location=location)) as receiver:
        with pytest.raises(Unavailable, match='"gate"'):
            await deliver(settings(receiver.url, egress={"redirect_hosts": ["127.0.0.1"]}))


# --- answers and certificates --------------------------------------------------------------------


@contextlib.asynccontextmanager
async def noted(url: str, **more: object) -> AsyncIterator[str]:
    """What the output's line says after an event that was delivered."""
    context, logged = await entries()
    async with connected(settings(url, **more), context) as sender:
        await sender.send(logged[:1])
        yield context.board.line("output", "gate").last_error


async def pour(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")
    for _ in range(1 << 18):
        writer.write(b"x" * 4096)
        await writer.drain()


async def trickle(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not writer.transport.is_closing():
        writer.write(b"1\r\nx\r\n")
        await writer.drain()
        await asyncio.sleep(0.01)


async def test_an_answer_of_a_gigabyte_is_told() -> None:
    async with speaking(pour) as url, noted(url) as said:
        assert "answered 200 OK, but the response exceeds 16384 bytes" in said


async def test_a_packed_answer_is_not_unpacked() -> None:
    packed = gzip.compress(b"x" * (64 << 20))

    async def bomb(writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 400 No\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"
        writer.write(head.encode() + packed)
        await writer.drain()

    async with speaking(bomb) as url:
        with pytest.raises(Rejected) as caught:
            await deliver(settings(url))
    assert "xxx" not in caught.value.answer


async def test_answers_are_asked_for_as_they_are() -> None:
    async with receiving() as receiver:
        await deliver(settings(receiver.url))
    assert receiver.requests[0].headers["accept-encoding"] == "identity"


async def test_a_chunked_answer_without_end_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platewire.outputs.http.connection.ANSWER_SECONDS", 0.1)
    async with speaking(trickle) as url, noted(url) as said:
        assert "did not end within 0.1 s" in said


async def test_a_status_a_byte_at_a_time_is_waited_for_only_so_long() -> None:
    async def drip(writer: asyncio.StreamWriter) -> None:
        for byte in b"HTTP/1.1 200 OK and so on and on" * 100:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.01)

    async with speaking(drip) as url:
        with pytest.raises(Unavailable, match=r'"gate".*within 0\.3 s'):
            await deliver(settings(url, total_seconds=0.3))


async def test_silence_is_waited_for_only_so_long() -> None:
    over = asyncio.Event()

    async def silence(writer: asyncio.StreamWriter) -> None:
        await over.wait()

    async with speaking(silence) as url:
        with pytest.raises(Unavailable, match=r'"gate".*sent nothing for 0\.2 s'):
            await deliver(settings(url, first_byte_seconds=0.2))
        over.set()


async def test_a_name_that_nobody_knows_is_told(names: Names) -> None:
    names({"nowhere.example": [[]]})
    with pytest.raises(Unavailable, match=r'"gate".*host name not found.*DNS'):
        await deliver(settings("http://nowhere.example/x"))


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "gate..example"])
async def test_a_name_that_can_be_none_is_told(host: str) -> None:
    with pytest.raises(Unavailable, match=r'"gate".*host name not found'):
        await deliver(settings(f"http://{host}/x"))


async def test_an_expired_certificate_is_told(expired: Authority) -> None:
    async with receiving(tls=expired.server_context()) as receiver:
        with pytest.raises(Unavailable, match=r'"gate".*certificate has expired.*renew'):
            await deliver(settings(receiver.url, tls={"ca_file": expired.ca}))


async def test_a_certificate_of_another_name_is_told(stranger: Authority) -> None:
    async with receiving(tls=stranger.server_context()) as receiver:
        with pytest.raises(Unavailable, match=r'"gate".*untrusted.*127\.0\.0\.1.*host in `url`'):
            await deliver(settings(receiver.url, tls={"ca_file": stranger.ca}))


async def test_a_receiver_that_asks_for_old_tls_only(authority: Authority) -> None:
    server = authority.server_context()
    server.set_ciphers("AES128-SHA")
    server.maximum_version = ssl.TLSVersion.TLSv1_2
    async with receiving(tls=server) as receiver:
        with pytest.raises(Unavailable, match=r'"gate".*TLS.*check `url` and `tls`|closed'):
            await deliver(settings(receiver.url, tls={"ca_file": authority.ca}))
