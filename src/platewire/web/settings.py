"""Where the web server listens and who has access. Loopback needs no token; other addresses do."""

import ipaddress
from typing import Annotated, NamedTuple
from urllib.parse import urlsplit

from msgspec import Meta, Struct

from platewire.errors import ConfigError
from platewire.runtime.secret import Secret, reveal
from platewire.runtime.server_tls import ServerTls
from platewire.web.scopes import ALL, Scope

TOKEN_CHARACTERS_MIN = 16
"""Characters of a token, at least: too many to guess over the network if they are random."""


class TokenSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One more token, for a program or a person with limited rights."""

    name: Annotated[
        str,
        Meta(max_length=40, description="Name in messages", examples=["bi"]),
    ]
    token: Annotated[Secret, Meta(description="Where the token is stored (at least 16 characters)")]
    scopes: Annotated[
        tuple[Scope, ...],
        Meta(
            min_length=1,
            description="`read`: events, passages and states; `pictures`; `odata`; `metrics`; "
            "`control`: pause, resume, replay, change lists",
        ),
    ] = ("read", "pictures")


class WebSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The console, the JSON API, the live stream, `/healthz` and `/metrics`."""

    enabled: Annotated[bool, Meta(description="Serve the console and the API")] = True
    listen: Annotated[
        str,
        Meta(
            description="Address and port to listen on; port 0 selects a free port. Anything but "
            "a loopback address requires `token`",
            examples=["127.0.0.1:8080", "[::1]:8080", "0.0.0.0:8080"],
        ),
    ] = "127.0.0.1:8080"
    token: Annotated[
        Secret | None,
        Meta(
            description="Where the access token is stored (at least 16 characters). API clients "
            "send it as `Authorization: Bearer`, people enter it in the login form. "
            "It has all scopes"
        ),
    ] = None
    tokens: Annotated[
        tuple[TokenSettings, ...],
        Meta(description=("More tokens with limited scopes, each with a name")),
    ] = ()
    tls: Annotated[ServerTls | None, Meta(description="Serve `https` instead of `http`")] = None
    public_url: Annotated[
        str | None,
        Meta(
            description="URL under which browsers reach the console, if it differs from the "
            "listening address: behind a proxy, or with a host name",
            examples=["https://plates.example.org"],
        ),
    ] = None
    health_listen: Annotated[
        str | None,
        Meta(
            description="A second address that serves only `/healthz`, without a token: for "
            "health probes, independent of the load on `listen`",
            examples=["127.0.0.1:8081"],
        ),
    ] = None
    trusted_proxies: Annotated[
        tuple[str, ...],
        Meta(
            description="Addresses or networks of reverse proxies whose `X-Forwarded-For` is "
            "trusted; rate limits per client address require it",
            examples=["10.0.0.5", "10.1.0.0/16"],
        ),
    ] = ()


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


class Key(NamedTuple):
    """A token in plain text and its scopes."""

    name: str
    token: str
    scopes: frozenset[Scope]


class Access(NamedTuple):
    """The validated settings. Without keys, everyone has full access."""

    address: Address
    keys: tuple[Key, ...]
    public_url: str | None
    tls: ServerTls | None = None
    health: Address | None = None
    trusted_proxies: tuple[str, ...] = ()

    @property
    def token(self) -> str | None:
        """The one that may do everything."""
        return next((key.token for key in self.keys if key.scopes == ALL), None)

    @property
    def url(self) -> str:
        """For programs on this machine."""
        return f"{'https' if self.tls else 'http'}://{self.address}"


def access(settings: WebSettings) -> Access:
    """Checks the settings against each other; ConfigError names the setting and the remedy."""
    address = parse_listen(settings.listen)
    health = settings.health_listen
    keys = _keys(settings)
    if not keys and not address.loopback:
        raise ConfigError(
            f"web.listen = {settings.listen!r} accepts connections from other computers, but "
            'web.token is not set: set it (for example token = "env:PLATEWIRE_TOKEN"), or '
            "listen on 127.0.0.1"
        )
    return Access(
        address,
        keys,
        _checked_url(settings.public_url),
        settings.tls,
        None if health is None else parse_listen(health, "web.health_listen"),
        _checked_proxies(settings.trusted_proxies),
    )


def _checked_proxies(proxies: tuple[str, ...]) -> tuple[str, ...]:
    """As networks, whatever bits of the host were set."""
    try:
        return tuple(str(ipaddress.ip_network(proxy, strict=False)) for proxy in proxies)
    except ValueError as error:
        raise ConfigError(
            f"web.trusted_proxies: {error}; write addresses or networks such as 10.0.0.5 or "
            "10.1.0.0/16"
        ) from error


def _keys(settings: WebSettings) -> tuple[Key, ...]:
    keys = [
        Key(one.name, _checked_token(one.token, f'web.tokens "{one.name}"'), frozenset(one.scopes))
        for one in settings.tokens
    ]
    if settings.token is not None:
        keys.insert(0, Key("web.token", _checked_token(settings.token, "web.token"), ALL))
    for what, values in (("name", [k.name for k in keys]), ("token", [k.token for k in keys])):
        if len(set(values)) < len(values):
            raise ConfigError(
                f"web.tokens: two tokens have the same {what}; use a different one for each"
            )
    return tuple(keys)


def parse_listen(listen: str, setting: str = "web.listen") -> Address:
    """`host:port`, with an IPv6 address in brackets."""
    host, colon, port = listen.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    host = host[1:-1] if bracketed else host
    port_is_number = port.isascii() and port.isdigit() and int(port) < 65536
    if not colon or not host or not port_is_number or (":" in host) != bracketed:
        raise ConfigError(
            f"{setting} = {listen!r} is not a valid address and port: write it as "
            '"127.0.0.1:8080" or "[::1]:8080"'
        )
    return Address(host, int(port))


def _checked_token(secret: Secret, owner: str) -> str:
    try:
        token = reveal(secret)
    except ConfigError as error:
        raise ConfigError(f"{owner}: {error}") from error
    if len(token) < TOKEN_CHARACTERS_MIN or not token.isascii() or not token.isprintable():
        raise ConfigError(
            f"{owner}: the secret at {secret} must have at least {TOKEN_CHARACTERS_MIN} printable "
            "ASCII characters; generate one with: openssl rand -hex 16"
        )
    return token


def _checked_url(url: str | None) -> str | None:
    if url is None:
        return None
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
        raise ConfigError(
            f"web.public_url = {url!r} must contain scheme and host only, without a path, such as "
            '"https://plates.example.org"'
        )
    return f"{parts.scheme}://{parts.netloc}"
