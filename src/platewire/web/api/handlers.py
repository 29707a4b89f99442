"""The handlers of the API: each reads from one part and responds with one of the shapes."""

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from starlette.responses import Response

from platewire.database.queries import PassageRow
from platewire.database.search.filters import SearchFilters
from platewire.database.search.passage_search import PageCursor, cursor_of, parse_cursor
from platewire.database.search.plate_pattern import Match, PlatePattern
from platewire.database.search.request import RequestError, SearchRequest, pattern_of
from platewire.exports.columns import columns_of
from platewire.exports.formats import check_csv_form
from platewire.exports.text import CsvForm
from platewire.model import Entry
from platewire.web import overview
from platewire.web.api import exports, stream
from platewire.web.api.answers import absent, json, next_page
from platewire.web.api.operation import Call, bad_parameter
from platewire.web.api.shapes import (
    Cameras,
    EventPage,
    EventsQuery,
    ExportQuery,
    Nothing,
    PassagePage,
    PassagesQuery,
    Seen,
    SnapshotQuery,
    StreamQuery,
    history_of,
    passage_of,
    raw,
)
from platewire.web.context import WebContext

FOREVER = "private, max-age=31536000, immutable"
# --- events and passages -----------------------------------------------------------------------


async def list_events(context: WebContext, call: Call[EventsQuery]) -> Response:
    query = call.query
    if query.after is not None and query.before is not None:
        raise bad_parameter("before", "`after` and `before` exclude each other; give only one")
    entries = await context.queries.events(
        after=query.after,
        before=query.before,
        limit=query.limit,
        camera=query.camera,
        kind=query.kind,
        plate=_pattern(query.plate, query.match),
    )
    return json(
        EventPage(
            events=tuple(raw(entry) for entry in entries),
            next=_next_events(query, entries),
            last_seq=context.log.last_seq,
            epoch=context.log.numbering.epoch,
        )
    )


def _next_events(query: EventsQuery, entries: Sequence[Entry]) -> str | None:
    if len(entries) < query.limit:
        return None
    direction = "before" if query.after is None else "after"
    return next_page("/api/v1/events", query, direction, entries[-1].event.seq)


async def show_event(context: WebContext, call: Call[Nothing]) -> Response:
    seq = call.path["seq"]
    entry = await context.queries.event(seq)
    if entry is None:
        seq_range = f"{context.log.first_seq} to {context.log.last_seq}"
        raise absent("seq", f"event {seq} is not in the log, which holds {seq_range}")
    return Response(entry.body, 200, {"cache-control": FOREVER}, "application/json")


async def list_passages(context: WebContext, call: Call[PassagesQuery]) -> Response:
    query = call.query
    after = None if query.before is None else _cursor(query.before)
    rows = await context.queries.search(_filters(context, query), after=after, limit=query.limit)
    more = len(rows) == query.limit
    return json(
        PassagePage(
            passages=tuple(passage_of(row) for row in rows),
            next=next_page("/api/v1/passages", query, "before", _end(rows[-1])) if more else None,
        )
    )


async def show_seen(context: WebContext, call: Call[SearchRequest]) -> Response:
    filters = _filters(context, call.query)
    found = await context.queries.presence(filters)
    newest = await context.queries.search(filters, limit=1) if found.passages else ()
    return json(
        Seen(
            seen=found.passages > 0,
            passages=found.passages,
            first_seen_at=_moment(found.first_seen_ms),
            last_seen_at=_moment(found.last_seen_ms),
            since=filters.since,
            until=filters.until,
            last=passage_of(newest[0]) if newest else None,
        )
    )


async def export_passages(context: WebContext, call: Call[ExportQuery]) -> Response:
    return _export(context, call, "passages")


async def export_events(context: WebContext, call: Call[ExportQuery]) -> Response:
    if call.query.open:
        raise bad_parameter("open", "`open` applies to passages only; remove it")
    return _export(context, call, "events")


def _export(context: WebContext, call: Call[ExportQuery], what: str) -> Response:
    query, filters = call.query, _filters(context, call.query)
    try:
        columns = columns_of(what, query.columns)
        form = check_csv_form(
            query.format, CsvForm(query.delimiter, query.decimal_comma, query.bom)
        )
    except RequestError as error:
        raise bad_parameter(error.name, str(error)) from error
    if call.head:
        return exports.announced(what, query.format)
    return exports.download(
        context, what, filters, columns, format_=query.format, form=form, holder=call.holder
    )


def _filters(context: WebContext, query: SearchRequest) -> SearchFilters:
    try:
        return query.filters(ZoneInfo(context.site.time_zone), context.clock.now())
    except RequestError as error:
        raise bad_parameter(error.name, str(error)) from error


def _pattern(plate: str | None, match: Match | None) -> PlatePattern | None:
    try:
        return pattern_of(plate, match)
    except RequestError as error:
        raise bad_parameter(error.name, str(error)) from error


def _cursor(text: str) -> PageCursor:
    try:
        return parse_cursor(text)
    except ValueError as error:
        raise bad_parameter("before", f"invalid cursor in `before`: {error}") from error


def _end(row: PassageRow) -> str:
    return str(cursor_of(row.last.event, row.first_seq))


def _moment(ms: int | None) -> datetime | None:
    return None if ms is None else datetime.fromtimestamp(ms / 1000, UTC)


async def show_passage(context: WebContext, call: Call[Nothing]) -> Response:
    entries = await context.queries.passage(call.path["id"])
    if not entries:
        raise absent("id", f"passage {call.path['id']} not found")
    return json(history_of(list(entries)))


async def show_image(context: WebContext, call: Call[Nothing]) -> Response:
    sha256 = call.path["sha256"]
    tag = f'"{sha256}"'
    headers = {"etag": tag, "cache-control": FOREVER}
    if tag in call.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    jpeg = await context.log.picture(sha256)
    if jpeg is None:
        raise absent("sha256", "image not found; retention may have deleted it")
    return Response(jpeg, 200, headers, "image/jpeg")


# --- cameras -----------------------------------------------------------------------------------


async def list_cameras(context: WebContext, call: Call[Nothing]) -> Response:
    return json(Cameras(overview.cameras(context)))


async def show_snapshot(context: WebContext, call: Call[SnapshotQuery]) -> Response:
    name = call.path["name"]
    if name not in {camera.name for camera in overview.cameras(context)}:
        raise absent("name", f"camera {name!r} not found")
    jpeg = await context.snapshot(name)
    headers = {"cache-control": "no-store"}
    if jpeg is None:
        return Response(status_code=204, headers=headers)
    return Response(jpeg, 200, headers, "image/jpeg")


# --- the whole ---------------------------------------------------------------------------------


async def show_status(context: WebContext, call: Call[Nothing]) -> Response:
    return json(overview.status(context))


async def restart_part(context: WebContext, call: Call[Nothing]) -> Response:
    role, name = call.path["role"], call.path["name"]
    if not any(line.name == name for line in context.board.lines(role)):
        raise absent("name", f"{role} {name!r} not found")
    await context.actions.restart(role, name)
    return json(overview.status(context))


async def follow(context: WebContext, call: Call[StreamQuery]) -> Response:
    after = stream.begin(context, call.query, call.headers)
    return stream.LiveStream(context, after, call.holder)
