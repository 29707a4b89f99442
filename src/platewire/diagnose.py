"""What `check` finds out: does each camera give a picture, does each transfer reach its other side?

One finding each; one failing keeps none of the others from being tried. Nothing is sent, and the
event log is left alone: an empty one in a temporary folder stands in for it.
"""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from msgspec import Struct

from platewire.clock import Clock, SystemClock
from platewire.config.tree import CameraSettings, Config
from platewire.database.connection import FILE_NAME
from platewire.database.migrate import check_version
from platewire.errors import LogError, PlatewireError
from platewire.eventlog.lock import holder
from platewire.eventlog.settings import LogSettings
from platewire.eventlog.sqlite import SqliteLog
from platewire.recognition.engine import Engine
from platewire.server_tls import complaint
from platewire.sources.probe import first_frame
from platewire.sources.source import SourceContext
from platewire.status import Board
from platewire.transfers.builtin import AnyTransfer
from platewire.transfers.transfer import TransferContext
from platewire.web.serve import bind
from platewire.web.settings import access

FREE_BYTES_MIN = 100_000_000
"""With less space the check fails: so little that a person should look."""


class Finding(Struct, frozen=True):
    """`role` is recognition, log, web, camera or transfer."""

    role: str
    name: str
    good: bool
    message: str


async def diagnose(
    config: Config, *, patience: float, clock: Clock | None = None
) -> AsyncIterator[Finding]:
    """`patience` is how long to wait for each camera and transfer, in seconds."""
    clock = clock or SystemClock()
    yield await _recognition(config)
    process = holder(Path(config.log.folder))
    yield _log(config)
    yield _page(config, process)
    for camera in config.camera:
        yield await _camera(camera, clock, patience)
    with tempfile.TemporaryDirectory() as folder:
        board = Board(clock)
        log = await SqliteLog.open(LogSettings(folder=Path(folder)), clock, board)
        context = TransferContext(clock, log, config.as_site(), board)
        try:
            for transfer in config.transfer:
                if process and hasattr(transfer, "listen"):
                    yield _left_alone(transfer, process)
                else:
                    yield await _transfer(transfer, context, patience)
        finally:
            await log.close()


async def _recognition(config: Config) -> Finding:
    kind = str(config.recognition.__struct_config__.tag)
    try:
        build: Callable[[], Engine] = config.recognition.build
        engine = await asyncio.to_thread(build)
    except PlatewireError as error:
        return Finding("recognition", kind, good=False, message=str(error))
    try:
        said = await asyncio.to_thread(getattr(engine, "check", lambda: "models loaded"))
    except PlatewireError as error:
        return Finding("recognition", kind, good=False, message=str(error))
    finally:
        await asyncio.to_thread(engine.close)
    return Finding("recognition", kind, good=True, message=said)


def _log(config: Config) -> Finding:
    folder = Path(config.log.folder)
    place = next(path for path in (folder, *folder.parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
        free = shutil.disk_usage(place).free
        check_version(folder / FILE_NAME)
    except OSError as error:
        message = f"{place} cannot be written ({error.strerror}); give platewire's user the right"
        return Finding("log", "folder", good=False, message=message)
    except LogError as error:
        return Finding("log", "folder", good=False, message=str(error))
    room = f"{free / 1e9:.1f} GB are free"
    if free < FREE_BYTES_MIN:
        message = f"{folder}: only {free / 1e6:.0f} MB are free; free some, or set retention"
        return Finding("log", "folder", good=False, message=message)
    return Finding("log", "folder", good=True, message=f"{folder} can be written, {room}")


def _page(config: Config, process: str | None) -> Finding:
    if not config.web.enabled:
        return Finding("web", "page", good=True, message="switched off")
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
    guarded = "with a token" if entrance.keys else "without a token, on this machine only"
    return Finding("web", "page", good=True, message=f"{entrance.url}, {guarded}")


async def _camera(camera: CameraSettings, clock: Clock, patience: float) -> Finding:
    started = clock.monotonic()
    try:
        source = camera.source.build(SourceContext(camera=camera.name, clock=clock))
        frame = await first_frame(source, patience, clock)
    except PlatewireError as error:
        return Finding("camera", camera.name, good=False, message=str(error))
    height, width = frame.pixels.shape[:2]
    seconds = clock.monotonic() - started
    message = f"a picture of {width}x{height} after {seconds:.1f} s"
    return Finding("camera", camera.name, good=True, message=message)


def _left_alone(settings: AnyTransfer, process: str) -> Finding:
    where = getattr(settings, "listen", "")
    message = f"not tried, as platewire runs (process {process}) and listens there: {where}"
    return Finding("transfer", settings.name, good=True, message=message)


async def _transfer(settings: AnyTransfer, context: TransferContext, patience: float) -> Finding:
    name = settings.name
    transfer = None
    try:
        transfer = settings.build(context)
        async with asyncio.timeout(patience):
            await transfer.connect()
    except PlatewireError as error:
        return Finding("transfer", name, good=False, message=str(error))
    except TimeoutError:
        message = f"no answer within {patience:g} s; is the other side running?"
        return Finding("transfer", name, good=False, message=message)
    finally:
        if transfer is not None:
            await transfer.close()
    reached = "can listen" if hasattr(settings, "listen") else "reached"
    where = getattr(settings, "listen", None) or getattr(settings, "url", "")
    return Finding("transfer", name, good=True, message=f"{reached}: {where}")
