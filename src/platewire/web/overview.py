"""Status of cameras, outputs and the log, from the status board, for the page and the API."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from platewire.numbering import Gap
from platewire.runtime.status import PartStatus, State
from platewire.web.context import WebContext

Counters = Annotated[dict[str, float], Meta(description="Counters since the start")]


class OutputStatus(Struct, frozen=True, kw_only=True):
    """An output: its state, lag and last error."""

    name: Annotated[str, Meta(description="Configured name")]
    state: Annotated[State, Meta(description="State of its loop")]
    message: Annotated[str, Meta(description="Details of the state")]
    since: Annotated[datetime, Meta(description="When the state last changed, UTC")]
    lag: Annotated[
        int | None, Meta(description="Events in the log that it has not processed; null: unknown")
    ]
    lag_seconds: Annotated[
        float | None, Meta(description="Age of the oldest waiting event; null: unknown")
    ]
    last_error: Annotated[str, Meta(description="Last error; empty if there was none")]
    last_error_at: Annotated[datetime | None, Meta(description="Time of the last error, UTC")]
    counters: Counters


class CameraStatus(Struct, frozen=True, kw_only=True):
    """A camera: its state and last error."""

    name: Annotated[str, Meta(description="Configured name")]
    state: Annotated[State, Meta(description="State of its loop")]
    message: Annotated[str, Meta(description="Details of the state")]
    since: Annotated[datetime, Meta(description="When the state last changed, UTC")]
    last_error: Annotated[str, Meta(description="Last error; empty if there was none")]
    last_error_at: Annotated[datetime | None, Meta(description="Time of the last error, UTC")]
    counters: Counters


class LogStatus(Struct, frozen=True, kw_only=True):
    """The event log."""

    first_seq: Annotated[int, Meta(description="First event in the log")]
    last_seq: Annotated[int, Meta(description="Last event; 0 in an empty log")]
    state: Annotated[State, Meta(description="Whether it accepts events")]
    message: Annotated[str, Meta(description="Error or details of the state")]
    last_written_at: Annotated[
        datetime | None, Meta(description="Last successful write since the start, UTC")
    ]
    log_id: Annotated[UUID, Meta(description="Id of this log, across restarts and backups")]
    epoch: Annotated[
        int,
        Meta(description="Increases each time it was truncated or a backup was restored"),
    ]
    gaps: Annotated[
        tuple[Gap, ...],
        Meta(description="When each epoch began, and which sequence numbers are unused"),
    ]


class FailedPart(Struct, frozen=True, kw_only=True):
    """A failed part, while the others keep running; see /api/v1/parts/{role}/{name}/restart."""

    role: Annotated[
        str, Meta(description="`camera`, `output`, `recognition` or `server` (a task of its own)")
    ]
    name: Annotated[str, Meta(description="Configured name, engine type or task name")]
    reason: Annotated[
        str, Meta(description=("The error, as in the reasons why the server is not healthy"))
    ]


class Status(Struct, frozen=True, kw_only=True):
    """Status of everything; the live stream sends it whenever it changes."""

    site: Annotated[str, Meta(description="Name of the site")]
    version: Annotated[str, Meta(description="Version of platewire")]
    healthy: Annotated[bool, Meta(description="Same as /healthz")]
    reasons: Annotated[tuple[str, ...], Meta(description="Why it is not healthy")]
    failed: Annotated[
        tuple[FailedPart, ...], Meta(description="Failed parts that can be restarted")
    ]
    warnings: Annotated[tuple[str, ...], Meta(description="Warnings for the operator")]
    log: LogStatus
    cameras: tuple[CameraStatus, ...]
    outputs: tuple[OutputStatus, ...]


def status(context: WebContext) -> Status:
    reasons = unhealthy(context)
    return Status(
        site=context.site.name,
        version=context.version,
        healthy=not reasons,
        reasons=reasons,
        failed=failed_parts(context),
        warnings=warnings(context),
        log=log_status(context),
        cameras=cameras(context),
        outputs=outputs(context),
    )


def unhealthy(context: WebContext) -> tuple[str, ...]:
    """Why the server cannot do its work: the log takes nothing, or a loop has died. A camera or an
    output that waits for its other side is no reason: its loop is alive."""
    log = log_status(context)
    troubled = log.state in (State.WAITING, State.FAILED)
    of_log = (f"event log: {log.message or log.state}",) if troubled else ()
    return of_log + tuple(part.reason for part in failed_parts(context))


def failed_parts(context: WebContext) -> tuple[FailedPart, ...]:
    return tuple(
        FailedPart(
            role=line.role, name=line.name, reason=_with_name(f"{line.role} {line.name}", line)
        )
        for line in context.board.lines()
        if line.state is State.FAILED and line.role != "log"
    )


def warnings(context: WebContext) -> tuple[str, ...]:
    """What deserves a banner although the server works."""
    cameras = [
        _with_name(f"{line.role.capitalize()} {line.name} is waiting", line)
        for role in ("recognition", "camera", "heartbeat")
        for line in context.board.lines(role)
        if _in_trouble(line)
    ]
    outputs = [
        _with_name(f"Output {line.name} is paused", line)
        for line in context.board.lines("output")
        if line.state is State.PAUSED
    ]
    unreported = [
        f"Camera {line.name}: {never_confirmed(line)}: lower `hold_back`, or set `stills` if each "
        "vehicle is in one picture"
        for line in context.board.lines("camera")
        if line.counters.get("unconfirmed", 0) > line.counters.get("events_new", 0)
    ]
    cut_back = context.log.numbering.lately(context.clock.now())
    of_log = () if cut_back is None else (f"Event log: {cut_back}",)
    return (*of_log, *cameras, *unreported, *outputs)


def never_confirmed(line: PartStatus) -> str:
    """How many vehicles a camera read and did not report; empty if there are none."""
    count, reported = line.counters.get("unconfirmed", 0), line.counters.get("events_new", 0)
    if not count:
        return ""
    vehicles = "1 vehicle" if count == 1 else f"{count:.0f} vehicles"
    return f"{vehicles} read, never confirmed; {reported:.0f} reported"


def _in_trouble(line: PartStatus) -> bool:
    """Waiting for the next attempt, or in the middle of it: only an error leads back to a start."""
    again = line.state is State.STARTING and bool(line.last_error)
    return line.state is State.WAITING or again


def _with_name(text: str, line: PartStatus) -> str:
    """Most messages name the camera or output already."""
    why = line.message or line.last_error
    if line.name in why:
        return why[:1].upper() + why[1:]
    return f"{text}: {why}" if why else text


def log_status(context: WebContext) -> LogStatus:
    line = next(context.board.lines("log"), None)
    return LogStatus(
        first_seq=context.log.first_seq,
        last_seq=context.log.last_seq,
        state=line.state if line else State.RUNNING,
        message=line.message if line else "",
        last_written_at=_moment(line.counters.get("last_written_at") if line else None),
        log_id=context.log.numbering.log_id,
        epoch=context.log.numbering.epoch,
        gaps=context.log.numbering.gaps,
    )


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def cameras(context: WebContext) -> tuple[CameraStatus, ...]:
    return tuple(_camera(line) for line in context.board.lines("camera"))


def outputs(context: WebContext) -> tuple[OutputStatus, ...]:
    return tuple(_output(line, context.log.last_seq) for line in context.board.lines("output"))


def _camera(line: PartStatus) -> CameraStatus:
    return CameraStatus(
        name=line.name,
        state=line.state,
        message="; ".join(filter(None, (line.message, never_confirmed(line)))),
        since=line.since,
        last_error=line.last_error,
        last_error_at=line.last_error_at,
        counters=dict(line.counters),
    )


def _output(line: PartStatus, last_seq: int) -> OutputStatus:
    return OutputStatus(
        name=line.name,
        state=line.state,
        message=line.message,
        since=line.since,
        lag=lag(line, last_seq),
        lag_seconds=line.counters.get("lag_seconds"),
        last_error=line.last_error,
        last_error_at=line.last_error_at,
        counters=dict(line.counters),
    )


def lag(line: PartStatus, last_seq: int) -> int | None:
    """Events behind the end of the log, from the cursor that the delivery loop writes."""
    cursor = line.counters.get("cursor")
    return None if cursor is None else max(0, last_seq - int(cursor))
