"""Where the web listens and who may use it. Loopback is open; anything wider needs a token."""

import ipaddress
from typing import Annotated, NamedTuple
from urllib.parse import urlsplit

from msgspec import Meta, Struct

from platewire.errors import ConfigError
from platewire.secret import Secret, reveal

TOKEN_CHARACTERS_MIN = 16


class WebSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The first page, the JSON API, the live stream, `/healthz` and `/metrics`."""

    enabled: Annotated[bool, Meta(description="Serve the page and the API")] = True
    listen: Annotated[
        str,
        Meta(
            description="Address and port; port 0 takes a free one. Anything but a loopback "
            "address needs `token`",
            examples=["127.0.0.1:8080", "[::1]:8080", "0.0.0.0:8080"],
        ),
    ] = "127.0.0.1:8080"
    token: Annotated[
        Secret | None,
        Meta(
            description="Where the access token lies (at least 16 characters). API clients send "
            "it as `Authorization: Bearer`, people type it into the login form"
        ),
    ] = None
    public_url: Annotated[
        str | None,
        Meta(
            description="The address under which people reach the page, where it is not the "
            "listening address: behind a proxy, or by a host name",
            examples=["https://plates.example.org"],
        ),
    ] = None


class Address(NamedTuple):
    """A host (a name or an IP address without brackets) and a TCP port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def loopback(self) -> bool:
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


class Access(NamedTuple):
    """The settings after all checks, the token in the clear."""

    address: Address
    token: str | None
    public_url: str | None


def access(settings: WebSettings) -> Access:
    """Checks the settings against each other; ConfigError names the setting and the remedy."""
    address = parse_listen(settings.listen)
    token = None if settings.token is None else _checked_token(settings.token)
    if token is None and not address.loopback:
        raise ConfigError(
            f"web.listen = {settings.listen!r} can be reached from other machines, but web.token "
            'is not set: set it (for example token = "env:PLATEWIRE_TOKEN"), or listen on 127.0.0.1'
        )
    return Access(address, token, _checked_url(settings.public_url))


def parse_listen(listen: str) -> Address:
    """`host:port`, with an IPv6 address in brackets."""
    host, colon, port = listen.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    host = host[1:-1] if bracketed else host
    port_is_number = port.isascii() and port.isdigit() and int(port) < 65536
    if not colon or not host or not port_is_number or (":" in host) != bracketed:
        raise ConfigError(
            f"web.listen = {listen!r} is no address and port: "
            'write it as "127.0.0.1:8080" or "[::1]:8080"'
        )
    return Address(host, int(port))


def _checked_token(secret: Secret) -> str:
    try:
        token = reveal(secret)
    except ConfigError as error:
        raise ConfigError(f"web.token: {error}") from error
    if len(token) < TOKEN_CHARACTERS_MIN or not token.isascii() or not token.isprintable():
        raise ConfigError(
            f"web.token: the secret at {secret} must be at least {TOKEN_CHARACTERS_MIN} printable "
            "ASCII characters; make one with: openssl rand -hex 16"
        )
    return token


def _checked_url(url: str | None) -> str | None:
    if url is None:
        return None
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
        raise ConfigError(
            f"web.public_url = {url!r} must be a scheme and a host only, without a path, "
            'as in "https://plates.example.org"'
        )
    return f"{parts.scheme}://{parts.netloc}"
