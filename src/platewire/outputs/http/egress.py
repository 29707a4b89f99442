"""Egress control against SSRF: every address of a host name is checked, and only checked addresses
are used.

A name is resolved once per connection; the connection goes to a resolved address, never to the
name, so that nothing can change in between. If one address of a name is refused, the name is: a mix
of good and bad addresses is an attack. TLS and `Host` keep the name.

Refused, unless in `egress.allow_addresses`, are addresses that no receiver has: link-local (cloud
metadata), unspecified, multicast, broadcast, reserved; in each form in which IPv6 embeds IPv4.
Private networks and this computer are allowed: gates and parking controllers are there, and only
the administrator writes the configuration.
"""

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Annotated

from aiohttp.abc import AbstractResolver, ResolveResult
from msgspec import Meta, Struct

from platewire.errors import ConfigError
from platewire.outputs.http.proxy import Proxy

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

METADATA = "a cloud metadata address"
REFUSED: tuple[tuple[Network, str], ...] = tuple(
    (ipaddress.ip_network(network), kind)
    for network, kind in (
        ("169.254.0.0/16", "link-local, where clouds serve their metadata"),
        ("100.100.100.200/32", METADATA),  # Alibaba
        ("168.63.129.16/32", METADATA),  # Azure
        ("192.0.0.192/32", METADATA),  # Oracle
        ("0.0.0.0/8", "unspecified"),
        ("224.0.0.0/4", "multicast"),
        ("255.255.255.255/32", "broadcast"),
        ("240.0.0.0/4", "reserved"),
        ("fe80::/10", "link-local"),
        ("fd00:ec2::/32", METADATA),  # Amazon: fd00:ec2::254 and its siblings
        ("fd20:ce::254/128", METADATA),  # Google
        ("::/128", "unspecified"),
        ("ff00::/8", "multicast"),
    )
)
"""What is refused, the narrower networks first."""

NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
NAT64_LOCAL = ipaddress.IPv6Network("64:ff9b:1::/48")
COMPATIBLE = ipaddress.IPv6Network("::/96")
ISATAP = (0x00005EFE, 0x02005EFE)
"""The upper half of an interface identifier before an IPv4 address (RFC 5214, 6.1), local and
global."""


class Egress(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Exceptions from the safe defaults for outgoing requests."""

    allow_addresses: Annotated[
        tuple[str, ...],
        Meta(
            description="Link-local addresses or networks to allow, such as 169.254.10.0/24 for "
            "a controller on a direct cable"
        ),
    ] = ()
    redirect_hosts: Annotated[
        tuple[str, ...],
        Meta(
            description="Hosts to which the receiver may redirect, including its own; they get "
            "the same headers and body. Empty: redirects are not followed and "
            "reported as errors"
        ),
    ] = ()
    proxy: Annotated[
        Proxy | None, Meta(description="HTTP proxy for all requests; default: direct connections")
    ] = None


STRICT = Egress()


class AddressRefused(OSError):
    """The address is blocked by the egress rules; the text says which, why, and what to do.

    An OSError without a number, so that it travels through what connects.
    """

    def __str__(self) -> str:
        return str(self.args[0])


class Guard:
    """Resolves host names and blocks addresses. ConfigError for invalid networks."""

    def __init__(self, egress: Egress = STRICT) -> None:
        self._allowed = [_network(each) for each in egress.allow_addresses]

    def check(self, host: str, address: str) -> None:
        """AddressRefused where `address`, of the host named, is none to send to."""
        parsed = ipaddress.ip_address(address.partition("%")[0])
        for each in (parsed, *embedded(parsed)):
            if self._allows(parsed) or self._allows(each):
                continue
            if kind := refusal(each):
                named = address if host in (address, f"[{address}]") else f"{host} is {address}"
                raise AddressRefused(
                    f"is blocked: {named}, which is {kind}; if the receiver has this address, add "
                    "it to `egress.allow_addresses`"
                )

    def check_literal(self, host: str) -> None:
        """AddressRefused where `host` is such an address in any spelling; no name is looked up."""
        if (address := literal(host)) is not None:
            self.check(host, str(address))

    async def check_name(self, host: str, port: int, seconds: float) -> None:
        """AddressRefused if the name resolves to such an address within `seconds`; otherwise the
        proxy that resolves it decides."""
        try:
            async with asyncio.timeout(seconds):
                await self.addresses(host, port)
        except AddressRefused:
            raise
        except OSError:  # TimeoutError is one
            return

    async def addresses(self, host: str, port: int) -> list[str]:
        """All addresses of the host, each checked; at least one.

        AddressRefused where one of them is refused, socket.gaierror where the name is not known.
        """
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except UnicodeError as error:  # a part of the name is too long, or empty
            raise socket.gaierror(socket.EAI_NONAME, f"invalid host name: {error}") from error
        addresses = list(dict.fromkeys(_numeric(sockaddr) for *_, sockaddr in found))
        for address in addresses:
            self.check(host, address)
        if not addresses:
            raise socket.gaierror(socket.EAI_NONAME, "the host name has no address")
        return addresses

    def _allows(self, address: Address) -> bool:
        return any(address in network for network in self._allowed)


class GuardedResolver(AbstractResolver):
    """Checks addresses where aiohttp resolves host names."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in await self._guard.addresses(host, port)
        ]

    async def close(self) -> None:
        """Holds nothing."""


def refusal(address: Address) -> str:
    """What the address is, where nothing is sent to it; empty otherwise."""
    return next((kind for network, kind in REFUSED if address in network), "")


def embedded(address: Address) -> Iterator[IPv4Address]:
    """The IPv4 addresses that an IPv6 address may be carried to: mapped and compatible (RFC 4291),
    NAT64 (RFC 6052, 8215), 6to4 (RFC 3056), Teredo (RFC 4380), ISATAP (RFC 5214)."""
    if isinstance(address, IPv4Address):
        return
    number = int(address)
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    if address in NAT64 or address in NAT64_LOCAL or _is_compatible(address):
        yield IPv4Address(number & 0xFFFFFFFF)
    if address in NAT64_LOCAL:  # a prefix of 48 bits puts the address around bits 64 to 71
        yield IPv4Address((number >> 64 & 0xFFFF) << 16 | number >> 40 & 0xFFFF)
    if number >> 32 & 0xFFFFFFFF in ISATAP:
        yield IPv4Address(number & 0xFFFFFFFF)


def _is_compatible(address: IPv6Address) -> bool:
    return address in COMPATIBLE and int(address) > 1


def literal(host: str) -> Address | None:
    """The address that `host` spells, also in the octal, hexadecimal and short forms that
    inet_aton takes; None for a name."""
    plain = host.strip("[]").partition("%")[0]
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(plain)
    with contextlib.suppress(OSError, ValueError):
        return IPv4Address(socket.inet_aton(plain.rstrip(".")))
    return None


def _numeric(sockaddr: tuple[object, ...]) -> str:
    """The address with its zone, where it has one: link-local ones cannot be reached without."""
    address = str(sockaddr[0])
    scope = sockaddr[3] if len(sockaddr) == 4 else 0
    return f"{address}%{scope}" if scope and "%" not in address else address


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise ConfigError(
            f"`egress.allow_addresses` contains {text!r}, which is not a valid address or "
            "network; write it like 169.254.10.5 or 169.254.10.0/24"
        ) from error
