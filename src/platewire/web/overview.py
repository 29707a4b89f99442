"""How cameras, transfers and the log are doing, read off the status board for page and API."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from platewire.status import Line, State
from platewire.web.context import WebContext

Counters = Annotated[
    dict[str, float], Meta(description="Counts since the start, as the loop itself keeps them")
]


class TransferStatus(Struct, frozen=True, kw_only=True):
    """A transfer: whether it runs, how far it is behind, and what last went wrong."""

    name: Annotated[str, Meta(description="Configured name")]
    state: Annotated[State, Meta(description="What its loop is doing")]
    message: Annotated[str, Meta(description="More about the state")]
    since: Annotated[datetime, Meta(description="When the state last changed, UTC")]
    lag: Annotated[
        int | None, Meta(description="Events in the log that it has not dealt with; null: unknown")
    ]
    lag_seconds: Annotated[
        float | None, Meta(description="Age of the oldest event that waits; null: unknown")
    ]
    last_error: Annotated[str, Meta(description="Last error; empty if there was none")]
    last_error_at: Annotated[datetime | None, Meta(description="When that was, UTC")]
    counters: Counters


class CameraStatus(Struct, frozen=True, kw_only=True):
    """A camera: whether it gives pictures, and what last went wrong."""

    name: Annotated[str, Meta(description="Configured name")]
    state: Annotated[State, Meta(description="What its loop is doing")]
    message: Annotated[str, Meta(description="More about the state")]
    since: Annotated[datetime, Meta(description="When the state last changed, UTC")]
    last_error: Annotated[str, Meta(description="Last error; empty if there was none")]
    last_error_at: Annotated[datetime | None, Meta(description="When that was, UTC")]
    counters: Counters


class LogStatus(Struct, frozen=True, kw_only=True):
    """The event log."""

    first_seq: Annotated[int, Meta(description="First event that is still kept")]
    last_seq: Annotated[int, Meta(description="Last event; 0 in an empty log")]
    state: Annotated[State, Meta(description="Whether it takes events")]
    message: Annotated[str, Meta(description="Why not, or more about the state")]


class Status(Struct, frozen=True, kw_only=True):
    """Everything at a glance; the live stream sends it whenever it changes."""

    site: Annotated[str, Meta(description="Name of the installation")]
    version: Annotated[str, Meta(description="Version of platewire")]
    healthy: Annotated[bool, Meta(description="Same as /healthz")]
    reasons: Annotated[tuple[str, ...], Meta(description="Why it is not healthy")]
    warnings: Annotated[tuple[str, ...], Meta(description="What a person should look at")]
    log: LogStatus
    cameras: tuple[CameraStatus, ...]
    transfers: tuple[TransferStatus, ...]


def status(context: WebContext) -> Status:
    reasons = unhealthy(context)
    return Status(
        site=context.site.name,
        version=context.version,
        healthy=not reasons,
        reasons=reasons,
        warnings=warnings(context),
        log=log_status(context),
        cameras=cameras(context),
        transfers=transfers(context),
    )


def unhealthy(context: WebContext) -> tuple[str, ...]:
    """Why the server cannot do its work: the log takes nothing, or a loop has died. A camera or a
    transfer that waits for its other side is no reason: its loop is alive."""
    log = log_status(context)
    troubled = log.state in (State.WAITING, State.FAILED)
    of_log = (f"event log: {log.message or log.state}",) if troubled else ()
    of_loops = tuple(
        f"{line.role} {line.name}: {line.message or line.state}"
        for line in context.board.lines()
        if line.state is State.FAILED and line.role != "log"
    )
    return of_log + of_loops


def warnings(context: WebContext) -> tuple[str, ...]:
    """What deserves a banner although the server works."""
    cameras = [
        _with_name(f"Camera {line.name} is waiting", line)
        for line in context.board.lines("camera")
        if _in_trouble(line)
    ]
    transfers = [
        _with_name(f"Transfer {line.name} is paused", line)
        for line in context.board.lines("transfer")
        if line.state is State.PAUSED
    ]
    return (*cameras, *transfers)


def _in_trouble(line: Line) -> bool:
    """Waiting for the next attempt, or in the middle of it: only an error leads back to a start."""
    again = line.state is State.STARTING and bool(line.last_error)
    return line.state is State.WAITING or again


def _with_name(text: str, line: Line) -> str:
    """Most messages name the camera or transfer already."""
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
    )


def cameras(context: WebContext) -> tuple[CameraStatus, ...]:
    return tuple(_camera(line) for line in context.board.lines("camera"))


def transfers(context: WebContext) -> tuple[TransferStatus, ...]:
    return tuple(_transfer(line, context.log.last_seq) for line in context.board.lines("transfer"))


def _camera(line: Line) -> CameraStatus:
    return CameraStatus(
        name=line.name,
        state=line.state,
        message=line.message,
        since=line.since,
        last_error=line.last_error,
        last_error_at=line.last_error_at,
        counters=dict(line.counters),
    )


def _transfer(line: Line, last_seq: int) -> TransferStatus:
    return TransferStatus(
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


def lag(line: Line, last_seq: int) -> int | None:
    """Events behind the end of the log, from the cursor that the delivery loop writes."""
    cursor = line.counters.get("cursor")
    return None if cursor is None else max(0, last_seq - int(cursor))
