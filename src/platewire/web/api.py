"""The handlers of the API: each asks one part and answers in one of the shapes."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from starlette.responses import Response

from platewire.database.asked import Asked, AskedError, pattern_of, zone_of
from platewire.database.passage_search import Place, Wanted, parse_place, place_of
from platewire.database.plate_pattern import Match, PlatePattern
from platewire.database.queries import PassageRow
from platewire.model import Entry
from platewire.web import exports, overview, stream
from platewire.web.answers import absent, next_page
from platewire.web.answers import json as json
from platewire.web.context import WebContext
from platewire.web.operation import Call, bad_parameter
from platewire.web.shapes import (
    Cameras,
    EventPage,
    EventsQuery,
    ExportQuery,
    Nothing,
    PassagePage,
    PassagesQuery,
    Seen,
    SeenQuery,
    SnapshotQuery,
    StreamQuery,
    history_of,
    passage_of,
    raw,
)

FOREVER = "private, max-age=31536000, immutable"
# --- events and passages -----------------------------------------------------------------------


async def list_events(context: WebContext, call: Call[EventsQuery]) -> Response:
    query = call.query
    if query.after is not None and query.before is not None:
        raise bad_parameter("before", "give after or before, not both")
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
        kept = f"{context.log.first_seq} to {context.log.last_seq}"
        raise absent("seq", f"no event {seq} is kept; the log holds {kept}")
    return Response(entry.body, 200, {"cache-control": FOREVER}, "application/json")


async def list_passages(context: WebContext, call: Call[PassagesQuery]) -> Response:
    query = call.query
    wanted = replace(_wanted(context, query), before_seq=query.before)
    after = None if query.cursor is None else _place(query.cursor)
    rows = await context.queries.search(wanted, after=after, limit=query.limit)
    more = len(rows) == query.limit
    return json(
        PassagePage(
            passages=tuple(passage_of(row) for row in rows),
            next=next_page("/api/v1/passages", query, "cursor", _end(rows[-1])) if more else None,
        )
    )


async def show_seen(context: WebContext, call: Call[SeenQuery]) -> Response:
    wanted = _wanted(context, call.query)
    found = await context.queries.presence(wanted)
    newest = await context.queries.search(wanted, limit=1) if found.passages else ()
    return json(
        Seen(
            seen=found.passages > 0,
            passages=found.passages,
            first_seen_at=_moment(found.first_seen_ms),
            last_seen_at=_moment(found.last_seen_ms),
            since=wanted.since,
            until=wanted.until,
            last=passage_of(newest[0]) if newest else None,
        )
    )


async def export_passages(context: WebContext, call: Call[ExportQuery]) -> Response:
    return _export(context, call.query, "passages")


async def export_events(context: WebContext, call: Call[ExportQuery]) -> Response:
    if call.query.open:
        raise bad_parameter("open", "open is for passages: events are neither open nor closed")
    return _export(context, call.query, "events")


def _export(context: WebContext, query: ExportQuery, what: str) -> Response:
    wanted = _wanted(context, query)
    return exports.download(context, what, wanted, query.format, bom=query.bom)


def _wanted(context: WebContext, query: SeenQuery) -> Wanted:
    fields = {name: getattr(query, name) for name in SeenQuery.__struct_fields__}
    try:
        return Asked(**fields).wanted(zone_of(context.site.time_zone), context.clock.now())
    except AskedError as error:
        raise bad_parameter(error.name, str(error)) from error


def _pattern(plate: str | None, match: Match | None) -> PlatePattern | None:
    try:
        return pattern_of(plate, match)
    except AskedError as error:
        raise bad_parameter(error.name, str(error)) from error


def _place(cursor: str) -> Place:
    try:
        return parse_place(cursor)
    except ValueError as error:
        raise bad_parameter("cursor", f"cursor = {error}") from error


def _end(row: PassageRow) -> str:
    return str(place_of(row.last.event, row.first_seq))


def _moment(ms: int | None) -> datetime | None:
    return None if ms is None else datetime.fromtimestamp(ms / 1000, UTC)


async def show_passage(context: WebContext, call: Call[Nothing]) -> Response:
    entries = await context.queries.passage(call.path["id"])
    if not entries:
        raise absent("id", f"no passage {call.path['id']} is kept")
    return json(history_of(list(entries)))


async def show_image(context: WebContext, call: Call[Nothing]) -> Response:
    sha256 = call.path["sha256"]
    tag = f'"{sha256}"'
    headers = {"etag": tag, "cache-control": FOREVER}
    if tag in call.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    jpeg = await context.log.picture(sha256)
    if jpeg is None:
        raise absent("sha256", "no such picture is kept; retention may have taken it")
    return Response(jpeg, 200, headers, "image/jpeg")


# --- cameras -----------------------------------------------------------------------------------


async def list_cameras(context: WebContext, call: Call[Nothing]) -> Response:
    return json(Cameras(overview.cameras(context)))


async def show_snapshot(context: WebContext, call: Call[SnapshotQuery]) -> Response:
    name = call.path["name"]
    if name not in {camera.name for camera in overview.cameras(context)}:
        raise absent("name", f"no camera is called {name!r}")
    jpeg = await context.snapshot(name)
    headers = {"cache-control": "no-store"}
    if jpeg is None:
        return Response(status_code=204, headers=headers)
    return Response(jpeg, 200, headers, "image/jpeg")


# --- the whole ---------------------------------------------------------------------------------


async def show_status(context: WebContext, call: Call[Nothing]) -> Response:
    return json(overview.status(context))


async def follow(context: WebContext, call: Call[StreamQuery]) -> Response:
    return stream.LiveStream(context, after=stream.begin(context, call.query, call.headers))
