"""A platewire that runs on the log folder of a configuration, asked over its API.

Which token goes with a request is decided here, by what the request needs; so is whose certificate
is believed.
"""

import contextlib
import ssl
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp

from platewire.config.tree import Config
from platewire.errors import ConfigError, Unavailable
from platewire.eventlog.lock import holder
from platewire.runtime.server_tls import trusting
from platewire.web.api.describing import ROOT
from platewire.web.scopes import Scope, needed
from platewire.web.settings import Access, access

REQUEST_SECONDS = 60.0
"""Seconds for one request, at most: long searches answer within them, a server that hangs does
not."""


class Api:
    """`get` and `post` give the decoded answer. ConfigError where the server refuses, with its
    words; Unavailable where it cannot."""

    def __init__(self, session: aiohttp.ClientSession, entrance: Access) -> None:
        self._session = session
        self._entrance = entrance

    async def get(self, path: str, query: Mapping[str, object] | None = None) -> Any:
        wanted = {name: str(value) for name, value in (query or {}).items() if value is not None}
        return await self._ask("GET", path, params=wanted)

    async def post(self, path: str, body: Mapping[str, object] | None = None) -> Any:
        wanted = None if body is None else {k: v for k, v in body.items() if v is not None}
        return await self._ask("POST", path, json=wanted)

    async def _ask(self, method: str, path: str, **more: Any) -> Any:
        url = self._entrance.url + ROOT + path
        headers = _headers(self._entrance, needed(method, ROOT + path))
        async with self._session.request(method, url, headers=headers, **more) as answer:
            return await self._decoded(answer)

    async def _decoded(self, answer: aiohttp.ClientResponse) -> Any:
        said = await answer.json(content_type=None)
        if answer.status < HTTPStatus.BAD_REQUEST:
            if not isinstance(said, dict):
                raise ValueError(f"status {answer.status} without a JSON object")
            return said
        detail = said.get("detail", said) if isinstance(said, dict) else said
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise Unavailable(f"the running server reports an error: {detail}")
        raise ConfigError(f"the running server rejected the request: {detail}")


@contextlib.asynccontextmanager
async def running_api(config: Config) -> AsyncIterator[Api]:
    """Of the server that has the log folder; by this file's `web` settings.

    Unavailable when none runs or it does not answer, ConfigError when its page is off.
    """
    process = holder(Path(config.log.folder))
    if process is None:
        raise Unavailable(
            f"no running server uses {config.log.folder}; start it with `platewire serve`"
        )
    if not config.web.enabled:
        raise ConfigError(
            f"platewire (process {process}) is running without its API, which this command needs; "
            "set web.enabled = true and restart it"
        )
    entrance = access(config.web)
    try:
        async with aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(REQUEST_SECONDS),
            connector=aiohttp.TCPConnector(ssl=_trust(entrance)),
        ) as session:
            yield Api(session, entrance)
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise Unavailable(
            f"platewire (process {process}) is running, but {entrance.url}{ROOT} does not respond "
            f"as expected ({error!r}); check that web.listen and web.tls in this file match the "
            "running server"
        ) from error


def _headers(entrance: Access, scope: Scope | None) -> dict[str, str]:
    """With the token that may do everything, or else the first that may do this."""
    if not entrance.keys:
        return {}
    able = (key.token for key in entrance.keys if scope is None or scope in key.scopes)
    token = entrance.token or next(able, None)
    if token is None:
        raise ConfigError(
            f"no token in web.tokens has the scope `{scope}`, which this command needs: add it to "
            "the `scopes` of a token, or set web.token, and restart platewire"
        )
    return {"Authorization": f"Bearer {token}"}


def _trust(entrance: Access) -> ssl.SSLContext | bool:
    """The certificate of this very server, which we show too where it asks for one."""
    tls = entrance.tls
    if tls is None:
        return True
    try:
        context = trusting(tls.certificate)
        if tls.client_ca is not None:
            context.load_cert_chain(tls.certificate, tls.key, password="")
    except OSError as error:
        raise ConfigError(f"web.tls: {tls.certificate} is not usable: {error}") from error
    return context
