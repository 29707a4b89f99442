"""The checks of `platewire check`: does each camera deliver a frame, is each output reachable?

One finding each; a failing check does not stop the others. Nothing is sent, and the event log is
only read; if there is none yet, an empty one in a temporary folder replaces it.
"""

import asyncio
import contextlib
import logging
import os
import shutil
import stat
import tempfile
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path

from msgspec import Struct

from platewire.config.tree import CameraSettings, Config
from platewire.database.connection import FILE_NAME
from platewire.database.migrate import check_version
from platewire.errors import LogError, PlatewireError
from platewire.eventlog.lock import holder
from platewire.eventlog.settings import LogSettings
from platewire.eventlog.sqlite import SqliteLog
from platewire.eventlog.upkeep.beside import log_beside
from platewire.model import EventReader
from platewire.outputs.http import response as http_response
from platewire.outputs.http.heartbeat import Heartbeat, HeartbeatSettings
from platewire.outputs.output import OutputContext, OutputSettings
from platewire.runtime.clock import Clock, SystemClock
from platewire.runtime.server_tls import complaint
from platewire.runtime.status import Board, printable
from platewire.runtime.supervise import describe, raise_if_all_concerned
from platewire.sources.probe import first_frame
from platewire.sources.source import SourceContext
from platewire.web.serve import bind
from platewire.web.settings import access

diagnostics = logging.getLogger(__name__)

FREE_BYTES_MIN = 100_000_000
"""With less space the check fails: so little that a person should look."""


class Finding(Struct, frozen=True):
    """`role` is recognition, log, web, camera, output or heartbeat."""

    role: str
    name: str
    good: bool
    message: str


async def diagnose(
    config: Config, *, patience: float, clock: Clock | None = None
) -> AsyncIterator[Finding]:
    """`patience` is how long to wait for each camera and output, in seconds."""
    clock = clock or SystemClock()
    yield await _recognition(config)
    process = holder(Path(config.log.folder))
    yield _log(config)
    yield _page(config, process)
    for camera in config.camera:
        yield await _camera(camera, clock, patience)
    async with _log_to_read(Path(config.log.folder), clock) as (log, exists):
        context = OutputContext(clock, log, config.as_site(), Board(clock))
        for output in config.output:
            if process and output.listens:
                yield _left_alone(output, process)
            else:
                yield await _output(output, context, patience, compare=exists)
        for heartbeat in config.heartbeat:
            yield await _heartbeat(heartbeat, context)


@contextlib.asynccontextmanager
async def _log_to_read(folder: Path, clock: Clock) -> AsyncIterator[tuple[EventReader, bool]]:
    """The log as it is, also beside a server, and True; where platewire has never run, an empty
    one, and False."""
    with contextlib.ExitStack() as stack:
        try:
            log = stack.enter_context(log_beside(folder))
        except LogError:
            pass
        else:
            yield log, True
            return
    with tempfile.TemporaryDirectory() as empty:
        passing = await SqliteLog.open(LogSettings(folder=Path(empty)), clock, Board(clock))
        try:
            yield passing, False
        finally:
            await passing.close()


async def _recognition(config: Config) -> Finding:
    kind = config.recognition.kind
    engine = None
    try:
        engine = await asyncio.to_thread(config.recognition.build)
        said = await asyncio.to_thread(engine.check)
    except BaseException as error:
        return failed("recognition", kind, error)
    finally:
        if engine is not None:
            await _let_go("recognition", kind, asyncio.to_thread(engine.close))
    return Finding("recognition", kind, good=True, message=said)


def failed(role: str, name: str, error: BaseException) -> Finding:
    """What an error says; a bug in a part of others is told in words too, and goes to diagnostics.

    Raises what is nobody's finding, such as Ctrl-C.
    """
    if not isinstance(error, LogError):
        raise_if_all_concerned(error)
    text = describe(error)
    if not isinstance(error, PlatewireError):
        diagnostics.error("%s %s failed", role, name, exc_info=error)
        text = f"internal error: {text}; please report it"
    return Finding(role, name, good=False, message=printable(text))


async def _let_go(role: str, name: str, close: Awaitable[None]) -> None:
    try:
        await close
    except BaseException as error:
        failed(role, name, error)


def _log(config: Config) -> Finding:
    folder = Path(config.log.folder)
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
        free = shutil.disk_usage(existing).free
        check_version(folder / FILE_NAME)
    except OSError as error:
        message = f"{existing} is not writable ({error.strerror}); grant platewire write access"
        return Finding("log", "folder", good=False, message=message)
    except LogError as error:
        return Finding("log", "folder", good=False, message=str(error))
    room = f"{free / 1e9:.1f} GB free"
    if free < FREE_BYTES_MIN:
        message = f"{folder}: only {free / 1e6:.0f} MB are free; free disk space, or set retention"
        return Finding("log", "folder", good=False, message=message)
    message = f"{folder} is writable, {room}{_open_to_all(folder)}"
    return Finding("log", "folder", good=True, message=message)


def _open_to_all(folder: Path) -> str:
    """What to say where everybody on this machine can read who drove by; we change no mode that
    somebody may have chosen."""
    if os.name != "posix" or not folder.is_dir() or not folder.stat().st_mode & stat.S_IXOTH:
        return ""
    databases = sorted(folder.glob("*.db"))
    readable = [each for each in databases if each.stat().st_mode & stat.S_IROTH]
    if not readable:
        return ""
    return (
        f"; every user of this machine can read {readable[0].name}: run `chmod -R go= {folder}`, "
        "or grant access to a group, see docs/database.md"
    )


def _page(config: Config, process: str | None) -> Finding:
    if not config.web.enabled:
        return Finding("web", "page", good=True, message="disabled")
    try:
        entrance = access(config.web)
        if entrance.tls:
            entrance.tls.context("web")
        if process is None:
            bind(entrance.address).close()
    except PlatewireError as error:
        return Finding("web", "page", good=False, message=str(error))
    if entrance.tls and (trouble := complaint(entrance.tls, "web")):
        return Finding("web", "page", good=False, message=trouble)
    guarded = "with a token" if entrance.keys else "without a token, this machine only"
    return Finding("web", "page", good=True, message=f"{entrance.url}, {guarded}")


async def _camera(camera: CameraSettings, clock: Clock, patience: float) -> Finding:
    started = clock.monotonic()
    try:
        source = camera.source.build(SourceContext(camera=camera.name, clock=clock))
        frame = await first_frame(source, patience, clock)
        height, width = frame.pixels.shape[:2]
    except BaseException as error:
        return failed("camera", camera.name, error)
    seconds = clock.monotonic() - started
    message = f"received a {width}x{height} frame after {seconds:.1f} s{_of_stills(camera)}"
    return Finding("camera", camera.name, good=True, message=message)


def _of_stills(camera: CameraSettings) -> str:
    """What it means that each vehicle is in one picture; empty for video."""
    rules = camera.passage_rules()
    if not rules.stills:
        return ""
    if rules.held_back and rules.unconfirmed == "drop":
        return (
            f"; stills: one picture for each vehicle, but `hold_back` is {rules.held_back}, so a "
            "vehicle that is read once gives no event; remove `hold_back`"
        )
    return "; stills: a vehicle is reported at its first read"


def _left_alone(settings: OutputSettings, process: str) -> Finding:
    message = (
        f"not tested: platewire (process {process}) is running and listens on {settings.listens}"
    )
    return Finding("output", settings.name, good=True, message=message)


async def _output(
    settings: OutputSettings, context: OutputContext, patience: float, *, compare: bool
) -> Finding:
    name = settings.name
    output = None
    try:
        output = settings.build(context)
        async with asyncio.timeout(patience):
            await output.connect()
            if compare:
                await output.held(0)  # Raises where another history is there.
        remarks = filter(None, (output.warning, *settings.remarks(context.site)))
        message = "; ".join((_connected(settings), *remarks))
    except TimeoutError:
        message = f"timeout: no response within {patience:g} s; check that the receiver is running"
        return Finding("output", name, good=False, message=message)
    except BaseException as error:
        return failed("output", name, error)
    finally:
        if output is not None:
            await _let_go("output", name, output.close())
    return Finding("output", name, good=True, message=message)


def _connected(settings: OutputSettings) -> str:
    """What the connection test verified, and what it did not."""
    if settings.listens:
        return f"can listen: {settings.listens}"
    where = f": {settings.receiver}" if settings.receiver else ""
    return (
        f"{settings.connecting}{where}; no event was sent, use "
        f"`platewire outputs test {settings.name}` to send one"
    )


async def _heartbeat(settings: HeartbeatSettings, context: OutputContext) -> Finding:
    try:
        await Heartbeat(settings, context.site, context.clock, context.board).check()
    except BaseException as error:
        return failed("heartbeat", settings.name, error)
    where = http_response.without_secrets(settings.url)
    return Finding("heartbeat", settings.name, good=True, message=f"reachable: {where}")
