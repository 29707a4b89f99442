"""Settings of TCP server outputs: where they listen, who may connect, and TLS."""

import ipaddress
from typing import Annotated

from msgspec import Meta

from platewire.errors import ConfigError
from platewire.limits.slots import Entrance, Network, Slots
from platewire.outputs.output import OutputSettings
from platewire.runtime.secret import Secret, reveal
from platewire.runtime.server_tls import ServerTls

CLIENTS_PER_ADDRESS_MIN = 16
"""So many programs may well run on one computer; half of a small `max_clients` would be fewer."""

Listen = Annotated[
    str,
    Meta(
        pattern=r"^(\[[0-9a-fA-F:.%]+\]|[^\s:\[\]]*):\d{1,5}\Z",
        description="Address and port to listen on, as `host:port` or `[ipv6]:port`; an empty "
        "host: all interfaces",
    ),
]


class TcpSettings(OutputSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of every TCP server output."""

    listen: Listen
    max_clients: Annotated[
        int, Meta(ge=1, description=("Maximum clients; further connections are closed at once"))
    ]
    max_clients_per_address: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(
            description="Maximum clients per address; default: half of `max_clients`, but at "
            "least 16"
        ),
    ] = None
    allow: Annotated[
        tuple[str, ...],
        Meta(
            description="Addresses or networks that may connect, such as `10.1.0.0/16`; empty: all"
        ),
    ] = ()

    tls: Annotated[
        ServerTls | None,
        Meta(description="TLS, optionally with client certificates (mutual TLS)"),
    ] = None

    @property
    def listens(self) -> str:
        return self.listen

    @property
    def owner(self) -> str:
        """How messages call it."""
        return f'output "{self.name}"'

    def revealed(self, setting: str, secret: Secret | None) -> str | None:
        """The secret's text; ConfigError names the output and the setting."""
        try:
            return None if secret is None else reveal(secret)
        except ConfigError as error:
            raise ConfigError(f"{self.owner}: {setting}: {error}") from error

    def entrance(self, slots: Slots) -> Entrance:
        """Its share of the slots of the process."""
        each = self.max_clients_per_address
        share = max(self.max_clients // 2, CLIENTS_PER_ADDRESS_MIN) if each is None else each
        return slots.entrance(self.max_clients, each=share)

    def networks(self) -> tuple[Network, ...]:
        """`allow` as values; ConfigError names an entry that is no address."""
        try:
            return tuple(ipaddress.ip_network(entry) for entry in self.allow)
        except ValueError as error:
            raise ConfigError(
                f'output "{self.name}": allow: {error}; write addresses or networks such as '
                "10.1.2.3 or 10.1.0.0/16"
            ) from error

    def host_and_port(self) -> tuple[str | None, int]:
        """`listen` in two; ConfigError where the port cannot be one."""
        host, _, port = self.listen.rpartition(":")
        if int(port) > 65535:
            raise ConfigError(f'output "{self.name}": listen: invalid port {port}; use 1 to 65535')
        return host.strip("[]") or None, int(port)
