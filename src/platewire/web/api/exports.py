"""Exports over the API: streamed, or written to a file first where the format requires it."""

import asyncio
import io
import tempfile
from collections.abc import AsyncIterator, Sequence
from typing import Any, BinaryIO

from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from platewire.database.search.filters import SearchFilters
from platewire.exports.columns import Column
from platewire.exports.formats import MEDIA_TYPES, Format, open_rows, require
from platewire.exports.source import Row, of_log
from platewire.exports.text import CsvForm
from platewire.limits.shares import Shares
from platewire.web.context import WebContext
from platewire.web.problem import ProblemError

CHUNK = 256 * 1024
"""Bytes sent at once: few calls, little memory for each of many clients."""


def download(
    context: WebContext,
    what: str,
    filters: SearchFilters,
    columns: Sequence[Column],
    *,
    format_: Format,
    form: CsvForm,
    holder: str,
) -> Response:
    """`what` is `passages` or `events`."""
    require(format_)
    if context.exports.full(holder):
        raise ProblemError(
            503, "Service unavailable", "too many exports are running; try again later"
        )
    rows = of_log(context.queries)
    read = rows.passages if what == "passages" else rows.events
    made = _streamed if format_.streams else _through_a_file
    chunks = made(format_, columns, read(filters, columns), form)
    return _Export(chunks, what, format_, context.exports, holder)


def announced(what: str, format_: Format) -> Response:
    """The head of such an answer; nothing is looked up for it."""
    require(format_)
    return Response(headers=_headers(what, format_), media_type=MEDIA_TYPES[format_])


def _headers(what: str, format_: Format) -> dict[str, str]:
    return {
        "cache-control": "no-store",
        "content-disposition": f'attachment; filename="{what}.{format_}"',
    }


class _Export(StreamingResponse):
    """An export, counted as running from before its first byte until it ends for any reason."""

    def __init__(
        self, chunks: AsyncIterator[bytes], what: str, format_: Format, shares: Shares, holder: str
    ) -> None:
        media_type = MEDIA_TYPES[format_]
        super().__init__(chunks, headers=_headers(what, format_), media_type=media_type)
        self._shares = shares
        self._holder = holder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._shares.held(self._holder):
            await super().__call__(scope, receive, send)


async def _streamed(
    format_: Format, columns: Sequence[Column], blocks: AsyncIterator[list[Row]], form: CsvForm
) -> AsyncIterator[bytes]:
    file = io.BytesIO()
    writing = open_rows(format_, file, columns, form)
    async for block in blocks:
        await asyncio.to_thread(writing.add, block)
        yield file.getvalue()
        file.seek(0)
        file.truncate()
    writing.close()
    yield file.getvalue()


async def _through_a_file(
    format_: Format, columns: Sequence[Column], blocks: AsyncIterator[list[Row]], form: CsvForm
) -> AsyncIterator[bytes]:
    with tempfile.TemporaryFile() as file:
        writing = open_rows(format_, _binary(file), columns, form)
        async for block in blocks:
            await asyncio.to_thread(writing.add, block)
        await asyncio.to_thread(writing.close)
        file.seek(0)
        while chunk := await asyncio.to_thread(file.read, CHUNK):
            yield chunk


def _binary(file: Any) -> BinaryIO:
    made: BinaryIO = file
    return made
