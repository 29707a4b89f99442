"""A platewire that runs on the log folder of a configuration, asked over its API."""

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
from platewire.web.settings import Access, access

REQUEST_SECONDS = 60.0


class Api:
    """`get` and `post` give the decoded answer. ConfigError where the server refuses, with its
    words; Unavailable where it cannot."""

    def __init__(self, session: aiohttp.ClientSession, root: str) -> None:
        self._session = session
        self._root = root

    async def get(self, path: str, query: Mapping[str, object] | None = None) -> Any:
        wanted = {name: str(value) for name, value in (query or {}).items() if value is not None}
        async with self._session.get(self._root + path, params=wanted) as answer:
            return await self._decoded(answer)

    async def post(self, path: str, body: Mapping[str, object] | None = None) -> Any:
        wanted = None if body is None else {k: v for k, v in body.items() if v is not None}
        async with self._session.post(self._root + path, json=wanted) as answer:
            return await self._decoded(answer)

    async def _decoded(self, answer: aiohttp.ClientResponse) -> Any:
        said = await answer.json(content_type=None)
        if answer.status < HTTPStatus.BAD_REQUEST:
            return said
        detail = said.get("detail", said) if isinstance(said, dict) else said
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise Unavailable(f"the running server cannot: {detail}")
        raise ConfigError(f"the running server refused: {detail}")


@contextlib.asynccontextmanager
async def running_api(config: Config) -> AsyncIterator[Api]:
    """Of the server that has the log folder; by this file's `web` settings.

    Unavailable when none runs or it does not answer, ConfigError when its page is off.
    """
    process = holder(Path(config.log.folder))
    if process is None:
        raise Unavailable(
            f"no platewire runs on {config.log.folder}; start it with `platewire serve`"
        )
    if not config.web.enabled:
        raise ConfigError(
            f"platewire (process {process}) runs, and its page, which would do this, is off; set "
            "web.enabled = true and start it again"
        )
    entrance = access(config.web)
    root = f"{entrance.url}/api/v1"
    try:
        async with aiohttp.ClientSession(
            headers=_headers(entrance),
            timeout=aiohttp.ClientTimeout(REQUEST_SECONDS),
            connector=aiohttp.TCPConnector(ssl=_trust(entrance)),
        ) as session:
            yield Api(session, root)
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise Unavailable(
            f"platewire (process {process}) runs, but {root} does not answer as it should "
            f"({error!r}); is web.listen in this file what it was started with?"
        ) from error


def _headers(entrance: Access) -> dict[str, str]:
    return {"Authorization": f"Bearer {entrance.token}"} if entrance.token else {}


def _trust(entrance: Access) -> ssl.SSLContext | bool:
    """The certificate of this very server, whatever name it is for: we ask on this machine."""
    if entrance.tls is None:
        return True
    try:
        context = ssl.create_default_context(cafile=str(entrance.tls.certificate))
    except OSError as error:
        raise ConfigError(f"web.tls.certificate: {error}") from error
    context.check_hostname = False
    return context
