"""Authentication of HTTP outputs: one setting per method, and what each adds to a request."""

from typing import Annotated

import aiohttp
from aiohttp import DigestAuthMiddleware, hdrs
from msgspec import Meta, Struct

from platewire.errors import ConfigError
from platewire.runtime.secret import Secret, remember, reveal

Password = Annotated[Secret, Meta(description="`env:NAME` or `file:PATH` of the password")]
User = Annotated[
    str,
    Meta(
        min_length=1,
        pattern=r"^[^:\x00-\x1f\x7f]+\Z",
        description="User name, without colon",
        examples=["platewire"],
    ),
]

HeaderName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+\Z")]
"""A token of RFC 9110, 5.6.2."""
HeaderText = Annotated[str, Meta(pattern=r"^[\x20-\x7e]*\Z")]


class NoAuth(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="none"):
    """No authentication."""


class BasicAuth(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="basic"):
    """User name and password in each request (RFC 7617); use it over https only."""

    user: User
    password: Password


class DigestAuth(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="digest"):
    """Digest authentication: does not send the password itself (RFC 7616)."""

    user: User
    password: Password


class BearerAuth(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="bearer"):
    """`Authorization: Bearer ...` in each request (RFC 6750)."""

    token: Annotated[Secret, Meta(description="`env:NAME` or `file:PATH` of the token")]


class HeaderAuth(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="header"):
    """A custom header, such as `X-Api-Key`."""

    name: Annotated[HeaderName, Meta(description="Name of the header", examples=["X-Api-Key"])]
    value: Annotated[Secret, Meta(description="`env:NAME` or `file:PATH` of its value")]


Auth = NoAuth | BasicAuth | DigestAuth | BearerAuth | HeaderAuth
NO_AUTH = NoAuth()


def headers(auth: Auth) -> dict[str, str]:
    """ConfigError where a secret is not there, or cannot stand in a header."""
    match auth:
        case BasicAuth():
            text = aiohttp.encode_basic_auth(auth.user, reveal(auth.password), "utf-8")
            remember(text.removeprefix("Basic "))
            return {hdrs.AUTHORIZATION: text}
        case BearerAuth():
            return {hdrs.AUTHORIZATION: f"Bearer {_one_line(auth.token)}"}
        case HeaderAuth():
            return {auth.name: _one_line(auth.value)}
        case _:
            return {}


def middlewares(auth: Auth) -> tuple[DigestAuthMiddleware, ...]:
    if isinstance(auth, DigestAuth):
        return (DigestAuthMiddleware(auth.user, reveal(auth.password)),)
    return ()


def _one_line(secret: str) -> str:
    value = reveal(secret)
    if not value or not value.isascii() or not value.isprintable():
        raise ConfigError(
            f"secret {secret} is empty or contains characters that are not allowed in a header"
        )
    return value
