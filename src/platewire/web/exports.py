"""Exports over the API: sent as they are made, or made in a file first where the format wants."""

import asyncio
import io
import tempfile
from collections.abc import AsyncIterator, Sequence
from typing import Any, BinaryIO

from starlette.responses import Response, StreamingResponse

from platewire.database.passage_search import Wanted
from platewire.exports.columns import EVENTS, PASSAGES, Column
from platewire.exports.formats import MEDIA_TYPES, Format, open_rows, require
from platewire.exports.source import Row, of_log
from platewire.web.context import WebContext
from platewire.web.problem import ProblemError

CHUNK = 256 * 1024


def download(
    context: WebContext, what: str, wanted: Wanted, format_: Format, *, bom: bool
) -> Response:
    """`what` is `passages` or `events`."""
    require(format_)
    if context.exports.locked():
        raise ProblemError(
            503, "Not now", "several exports are on their way already; try again later"
        )
    rows = of_log(context.queries)
    blocks = rows.passages(wanted) if what == "passages" else rows.events(wanted)
    columns = PASSAGES if what == "passages" else EVENTS
    made = _streamed if format_.streams else _through_a_file
    return StreamingResponse(
        _counted(context.exports, made(format_, columns, blocks, bom)),
        headers={
            "cache-control": "no-store",
            "content-disposition": f'attachment; filename="{what}.{format_}"',
        },
        media_type=MEDIA_TYPES[format_],
    )


async def _counted(slots: asyncio.Semaphore, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async with slots:
        async for chunk in chunks:
            yield chunk


async def _streamed(
    format_: Format, columns: Sequence[Column], blocks: AsyncIterator[list[Row]], bom: bool
) -> AsyncIterator[bytes]:
    file = io.BytesIO()
    writing = open_rows(format_, file, columns, bom=bom)
    async for block in blocks:
        await asyncio.to_thread(writing.add, block)
        yield file.getvalue()
        file.seek(0)
        file.truncate()
    writing.close()
    yield file.getvalue()


async def _through_a_file(
    format_: Format, columns: Sequence[Column], blocks: AsyncIterator[list[Row]], bom: bool
) -> AsyncIterator[bytes]:
    with tempfile.TemporaryFile() as file:
        writing = open_rows(format_, _binary(file), columns, bom=bom)
        async for block in blocks:
            await asyncio.to_thread(writing.add, block)
        await asyncio.to_thread(writing.close)
        file.seek(0)
        while chunk := await asyncio.to_thread(file.read, CHUNK):
            yield chunk


def _binary(file: Any) -> BinaryIO:
    made: BinaryIO = file
    return made
