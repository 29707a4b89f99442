"""The HTTP proxy for outgoing requests, if the configuration sets one.

For an https URL the proxy opens a tunnel (CONNECT), and TLS is end to end; for an http URL the
proxy receives the whole request.
"""

from typing import Annotated

import aiohttp
from msgspec import Meta, Struct
from yarl import URL

from platewire.errors import ConfigError
from platewire.runtime.secret import Secret, remember, reveal


class Proxy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An HTTP proxy between platewire and the receiver."""

    url: Annotated[
        str,
        Meta(
            description="URL of the proxy, such as http://10.0.0.2:3128; https is not supported",
            examples=["http://10.0.0.2:3128"],
        ),
    ]
    user: Annotated[
        str,
        Meta(
            pattern=r"^[^:\x00-\x1f\x7f]*\Z",
            description="User name for the proxy, if it requires authentication; no colon",
        ),
    ] = ""
    password: Annotated[
        Secret | None, Meta(description="`env:NAME` or `file:PATH` of the password for the proxy")
    ] = None


def address(proxy: Proxy) -> URL:
    """ConfigError for an invalid URL, or one that contains secrets."""
    try:
        url = URL(proxy.url)
        usable = url.scheme == "http" and bool(url.host) and bool(url.port) and url.path == "/"
    except ValueError:
        usable = False
    if not usable or url.user or url.password or url.query_string:
        raise ConfigError(
            "`egress.proxy.url` must be like http://host:3128, without path or query; set user and "
            "password in `egress.proxy.user` and `egress.proxy.password`"
        )
    if (proxy.password is None) == bool(proxy.user):
        raise ConfigError(
            "`egress.proxy`: `user` and `password` belong together; set both or neither"
        )
    return url


def headers(proxy: Proxy) -> dict[str, str]:
    """Headers for the proxy only. ConfigError if the password is missing."""
    if proxy.password is None:
        return {}
    text = aiohttp.encode_basic_auth(proxy.user, reveal(proxy.password), "utf-8")
    remember(text.removeprefix("Basic "))
    return {"Proxy-Authorization": text}
