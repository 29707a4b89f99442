"""The handlers of the API for plate lists and relay decisions."""

import re
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
from starlette.responses import Response

from platewire.access import ListMatch
from platewire.country import normalize
from platewire.errors import ConfigError
from platewire.lists.entry import EntryError, ListEntry, list_entry, typed
from platewire.lists.file_import import Reading
from platewire.lists.lists import Lists
from platewire.web import overview
from platewire.web.api.answers import json
from platewire.web.api.list_shapes import (
    CheckQuery,
    DecisionPage,
    DecisionsQuery,
    EntriesQuery,
    ImportQuery,
    ListChange,
    ListEntryPage,
    ListsOfPlate,
    ListView,
    ListViews,
    NumberedDecision,
    PlateOnList,
)
from platewire.web.api.operation import Call, bad_parameter
from platewire.web.api.shapes import Nothing
from platewire.web.context import WebContext
from platewire.web.problem import ProblemError

FILE_BYTES_MAX = 256 * 1024 * 1024
"""Bytes of an uploaded list, at most: far above a list of a million entries; the disk holds it
meanwhile."""


async def list_lists(context: WebContext, call: Call[Nothing]) -> Response:
    lists = context.lists
    if lists is None:
        return json(ListViews(()))
    counts = await lists.counts()
    return json(
        ListViews(
            tuple(
                ListView(name=name, kind=it.kind, mode=it.mode, entries=counts[name])
                for name, it in lists.rules.lists.items()
            )
        )
    )


async def list_entries(context: WebContext, call: Call[EntriesQuery]) -> Response:
    lists, name = _list(context, call)
    query = call.query
    prefix = normalize(query.plate or "")
    entries = await lists.page(name, after=normalize(query.after), limit=query.limit, prefix=prefix)
    onward = None
    if len(entries) == query.limit:
        cursor = {"limit": query.limit, "after": entries[-1].text}
        more = {"plate": prefix} if prefix else {}
        onward = f"/api/v1/lists/{name}/entries?{urlencode({**more, **cursor})}"
    return json(ListEntryPage(tuple(entries), onward))


async def put_entries(context: WebContext, call: Call[Nothing]) -> Response:
    lists, name = _list(context, call)
    entries = [_checked(entry, lists, context.clock.now()) for entry in call.body.entries]
    changed = await lists.put(name, entries)
    return json(ListChange(added=len({entry.text for entry in entries}) - changed, changed=changed))


async def remove_entries(context: WebContext, call: Call[Nothing]) -> Response:
    lists, name = _list(context, call)
    return json(ListChange(removed=await lists.remove(name, call.body.plates)))


async def import_entries(context: WebContext, call: Call[ImportQuery]) -> Response:
    """The file goes to disk first: what takes long must not hold the connection's pace."""
    lists, name = _list(context, call)
    query = call.query
    async with _uploaded(call.body) as path:
        try:
            preview = await lists.import_file(
                name, path, manner=query.manner, apply=query.apply, reading=_reading(query)
            )
        except ConfigError as error:
            said = str(error).replace(str(path), "the file")
            raise bad_parameter("body", _as_parameters(said)) from error
    cursor = tuple(map(_as_parameters, preview.questions))
    return json(msgspec.structs.replace(preview, questions=cursor))


def _reading(query: ImportQuery) -> Reading:
    return Reading(
        encoding=query.encoding,
        sheet=query.sheet,
        columns=query.column,
        ignored=query.ignore_column,
        headings=not query.no_headings,
        date_order=query.date_order,
        rejected_allowed=query.allow_rejected,
    )


def _as_parameters(said: str) -> str:
    """What names an option of the command line names the parameter: they are called the same."""
    return re.sub(r"--([a-z]+(?:-[a-z]+)*)", lambda found: found[1].replace("-", "_"), said)


async def check_plate(context: WebContext, call: Call[CheckQuery]) -> Response:
    plate = normalize(call.path["plate"])
    if not plate:
        raise bad_parameter("plate", f"{call.path['plate']!r} contains no letter or digit")
    found: Sequence[ListMatch] = ()
    if context.lists is not None:
        camera = call.query.camera or ""
        found = await context.lists.look_up(plate, camera, context.clock.now())
    return json(
        ListsOfPlate(
            plate,
            tuple(
                PlateOnList(
                    list=hit.name,
                    kind=hit.kind or "",
                    mode=hit.mode,
                    entry=hit.entry or "",
                    holds=not refusal,
                    reason=refusal,
                )
                for hit, refusal in found
            ),
        )
    )


async def list_decisions(context: WebContext, call: Call[DecisionsQuery]) -> Response:
    name, query = call.path["name"], call.query
    if name not in {each.name for each in overview.outputs(context)}:
        raise ProblemError(404, "Not found", f"output {name!r} not found", parameter="name")
    if context.lists is None:
        return json(DecisionPage((), None))
    found = await context.lists.decisions(name, before=query.before, limit=query.limit)
    onward = None
    if len(found) == query.limit:
        cursor = urlencode({"limit": query.limit, "before": found[-1].number})
        onward = f"/api/v1/outputs/{name}/decisions?{cursor}"
    return json(DecisionPage(tuple(NumberedDecision(*each) for each in found), onward))


def _list(context: WebContext, call: Call[Any]) -> tuple[Lists, str]:
    name: str = call.path["name"]
    if context.lists is None or name not in context.lists.rules.lists:
        raise ProblemError(404, "Not found", f"list {name!r} not found", parameter="name")
    return context.lists, name


def _checked(entry: ListEntry, lists: Lists, now: datetime) -> ListEntry:
    try:
        fields = typed(msgspec.structs.asdict(entry), lists.rules.zone, now)
        return list_entry(fields, lists.cameras)
    except EntryError as error:
        raise bad_parameter(error.field, str(error)) from error


@asynccontextmanager
async def _uploaded(body: AsyncIterator[bytes]) -> AsyncIterator[Path]:
    """A temporary file with the whole body. A problem where it is too long."""
    with tempfile.TemporaryDirectory(prefix="platewire-") as folder:
        path = Path(folder) / "upload"
        size = 0
        with path.open("wb") as file:
            async for chunk in body:
                size += len(chunk)
                if size > FILE_BYTES_MAX:
                    raise ProblemError(
                        413, "Body too large", f"send at most {FILE_BYTES_MAX} bytes",
                        parameter="body",
                    )  # fmt: skip
                file.write(chunk)
        yield path
