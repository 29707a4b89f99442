"""Builds all parts, runs all loops in one TaskGroup, and stops them in order.

Start: the log, the outputs, the web page, then the cameras, so that listeners exist before the
first event. Stop, on the first signal: cameras end, and their open passages stay in the log for the
next start; deliveries get a grace period for logged events; the web page ends last; the log is
flushed. A second signal ends the process immediately, without losing logged events.
"""

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Callable, Coroutine, Iterable, Iterator
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from starlette.applications import Starlette

from platewire import __version__
from platewire.app.control import Control, RunningOutput
from platewire.app.replays import Replays
from platewire.camera.intake import (
    CameraRun,
    Intake,
    IntakeContext,
    close_left_open,
    close_passages,
)
from platewire.camera.recognizer import Recognizer
from platewire.config.tree import CameraSettings, Config
from platewire.database.queries import Database
from platewire.delivery import Delivery
from platewire.errors import LogWaits, PlatewireError
from platewire.eventlog.sqlite import SqliteLog
from platewire.limits import descriptors
from platewire.limits.slots import Slots
from platewire.lists.lists import Lists
from platewire.outputs.http import heartbeat
from platewire.outputs.http.heartbeat import Heartbeat, HeartbeatSettings
from platewire.outputs.output import OutputContext, OutputSettings
from platewire.recognition import pictures
from platewire.runtime.clock import Clock, SystemClock
from platewire.runtime.identity import Identities
from platewire.runtime.status import Board, State
from platewire.runtime.supervise import Part, Stopped, bugs_come_back, leaves, once_usable
from platewire.sources.source import SourceContext
from platewire.web import session
from platewire.web.app import build_app, build_health
from platewire.web.context import WebContext
from platewire.web.serve import serve as serve_page
from platewire.web.session import EndedSessions
from platewire.web.settings import Access, Address, access

GRACE_SECONDS = 5.0
"""Seconds that running outputs get at the end for what the log already holds; more delays a
restart."""
START_SECONDS = 5.0
"""Seconds for which a start waits for the first connection of the outputs; then it goes on
without."""
POLL_SECONDS = 0.02
"""Seconds between two looks at the outputs' state while starting or stopping; too short to be
noticed."""
TAKE_IN_EVERY_SECONDS = 10.0
"""Seconds between two updates of the plate index; a longer pause only makes a search slower."""
RETAIN_EVERY_SECONDS = 60.0
"""Seconds between two rounds of retention; its shortest limits are far longer than a minute."""
SNAPSHOT_SIDE = 960
"""Pixels of a snapshot's longer side, at most: enough to aim a camera, small enough to load
fast."""
INTERRUPTED = 130
"""The exit code of a process that the second signal ended."""

diagnostics = logging.getLogger(__name__)


class Addresses(msgspec.Struct, frozen=True):
    """Where the running server can be reached; listening outputs by name."""

    page: str | None
    database: str
    outputs: dict[str, str]


async def serve(
    config: Config,
    *,
    ready: Callable[[Addresses], None] = lambda _: None,
    clock: Clock | None = None,
    stopping: asyncio.Event | None = None,
) -> None:
    """Runs until a signal or `stopping`. Raises ConfigError or LogError for what cannot be used;
    what may be over by itself is waited for."""
    clock = clock or SystemClock()
    stopping = stopping or asyncio.Event()
    entrance = access(config.web)
    board = Board(clock)
    recognizer = Recognizer(config.recognition.kind, config.recognition.build, board)
    await recognizer.open()
    log = lists = None
    usable = partial(once_usable, clock=clock, stopping=stopping)
    try:
        with heeding_signals(stopping), contextlib.suppress(Stopped):
            log = await usable(lambda: SqliteLog.open(config.log, clock, board))
            if config.list or any(each.opens_something for each in config.output):
                lists = await usable(lambda: asyncio.to_thread(open_lists, config, clock))
            server = Server(config, entrance, log, recognizer, clock, board, lists)
            await server.run(stopping, ready)
    except BaseExceptionGroup as group:
        # Not `except*`: before Python 3.11.4 that wraps what is raised in it in one more group.
        _, others = group.split(PlatewireError)
        if others is not None:
            raise
        raise next(leaves(group)) from None
    finally:
        await recognizer.close()
        for file in (log, lists):
            if file is not None:
                await file.close()


def open_lists(config: Config, clock: Clock) -> Lists:
    """Blocking. Raises LogError where a file cannot be used."""
    return Lists.open(
        config.log.folder,
        config.list,
        zone=ZoneInfo(config.site.time_zone),
        cameras=[camera.name for camera in config.camera],
        now=clock.now(),
    )


@contextlib.contextmanager
def heeding_signals(stopping: asyncio.Event) -> Iterator[None]:
    """The first signal sets `stopping`, the second ends the process."""
    loop = asyncio.get_running_loop()

    def heed() -> None:
        if stopping.is_set():
            os._exit(INTERRUPTED)
        diagnostics.info("stopping; send a second signal to stop immediately")
        stopping.set()

    signals = (signal.SIGINT, signal.SIGTERM)
    for each in signals:
        loop.add_signal_handler(each, heed)
    try:
        yield
    finally:
        for each in signals:
            loop.remove_signal_handler(each)


class Server:
    def __init__(
        self,
        config: Config,
        entrance: Access,
        log: SqliteLog,
        recognizer: Recognizer,
        clock: Clock,
        board: Board,
        lists: Lists | None = None,
    ) -> None:
        self._config = config
        self._lists = lists
        self._entrance = entrance
        self._log = log
        self._clock = clock
        self._board = board
        self._site = config.as_site()
        self._slots = _slots(config)
        identities = Identities(clock, last_number=log.last_passage_number)
        self._recognizer = recognizer
        self._intake = IntakeContext(recognizer, log, identities, clock, board, lists)
        self._cameras = {camera.name: self._make_camera(camera) for camera in config.camera}
        self._outputs = {output.name: self._make_output(output) for output in config.output}
        self._list_on_board()
        self._camera_parts = [self._camera_part(name) for name in self._cameras]
        self._output_parts = [self._output_part(name) for name in self._outputs]
        self._server_parts = [
            self._server_part("log", self._log.watch),
            self._server_part("retention", self._retain_for_ever),
            self._server_part("plates", self._take_in_plates_for_ever),
            *(self._heartbeat_part(each) for each in config.heartbeat),
        ]

    def _list_on_board(self) -> None:
        """The page is up before the cameras are: who asks it then is to hear that they start."""
        for name in self._cameras:
            self._board.line("camera", name)
        for name in self._outputs:
            self._board.line("output", name)

    def _make_camera(self, camera: CameraSettings) -> CameraRun:
        def note(text: str) -> None:
            self._board.note("camera", camera.name, text)

        context = SourceContext(camera=camera.name, clock=self._clock, note=note)
        own = (camera.passage_rules(), camera.pictures, self._intake, camera.motion)
        run = CameraRun(
            lambda: camera.source.build(context), lambda source: Intake(camera.name, source, *own)
        )
        with bugs_come_back():
            run.prepare()
        return run

    # --- what fails alone -------------------------------------------------------------------------

    def _camera_part(self, name: str) -> Part:
        camera = self._cameras[name]
        return Part(
            "camera",
            name,
            camera.run,
            clock=self._clock,
            board=self._board,
            may_restart=lambda: camera.may_restart,
            renew=camera.renew,
            stopped=lambda: close_passages(name, self._intake),
        )

    def _output_part(self, name: str) -> Part:
        """Not started again by itself: what it sends is for a person to judge first."""
        run, board = self._outputs[name].run, self._board
        return Part("output", name, run, clock=self._clock, board=board, may_restart=never)

    def _server_part(self, name: str, run: Callable[[], Coroutine[Any, Any, None]]) -> Part:
        begins = State.RUNNING
        return Part("server", name, run, clock=self._clock, board=self._board, begins=begins)

    def _heartbeat_part(self, settings: HeartbeatSettings) -> Part:
        beats = Heartbeat(settings, self._site, self._clock, self._board)
        return Part(heartbeat.ROLE, settings.name, beats.run, clock=self._clock, board=self._board)

    def _make_output(self, settings: OutputSettings) -> RunningOutput:
        context = OutputContext(
            self._clock, self._log, self._site, self._board, self._lists, self._slots
        )
        return RunningOutput(
            settings,
            lambda: settings.build(context),
            lambda output: Delivery(
                settings, output, self._log, clock=self._clock, board=self._board
            ),
        )

    async def run(self, stopping: asyncio.Event, ready: Callable[[Addresses], None]) -> None:
        usable = partial(once_usable, clock=self._clock, stopping=stopping)
        await usable(lambda: self._log.describe(self._site))
        queries = await usable(self._open_queries) if self._config.web.enabled else None
        async with contextlib.AsyncExitStack() as after, asyncio.TaskGroup() as group:
            deliveries = tasks(group, [*self._output_parts, *self._server_parts])
            leaving = asyncio.Event()
            page = None
            if queries is not None:
                after.push_async_callback(queries.close)
                page = await self._open_page(group, leaving, queries)
            await self._await_outputs()
            await close_left_open(list(self._cameras), self._intake)
            ready(self._addresses(page))
            intakes = tasks(group, self._camera_parts)
            await stopping.wait()
            await ended(intakes)
            await self._catch_up()
            await ended(deliveries)
            leaving.set()

    async def _open_queries(self) -> Database:
        return await asyncio.to_thread(Database.open_read_only, self._config.log.database)

    async def _open_page(
        self, group: asyncio.TaskGroup, leaving: asyncio.Event, queries: Database
    ) -> Address:
        context = self._web_context(group, leaving, queries)
        page = await _listen(
            group,
            "page",
            build_app(context),
            self._entrance.address,
            stopping=leaving,
            tls=self._entrance.tls,
            slots=self._slots,
            trusted_proxies=self._entrance.trusted_proxies,
        )
        if (health := self._entrance.health) is not None:  # A door of its own for probes.
            setting = "web.health_listen"
            app = build_health(context)
            await _listen(group, "health", app, health, setting=setting, stopping=leaving)
        return page

    def _web_context(
        self, group: asyncio.TaskGroup, leaving: asyncio.Event, queries: Database
    ) -> WebContext:
        replays = Replays(group, self._log, self._clock, leaving)
        return WebContext(
            access=self._entrance,
            clock=self._clock,
            log=self._log,
            queries=queries,
            board=self._board,
            site=self._site,
            snapshot=self._snapshot,
            actions=Control(
                self._outputs,
                [*self._camera_parts, *self._output_parts, *self._server_parts],
                self._recognizer,
                replays,
                self._log,
                self._site,
                self._clock,
            ),
            version=__version__,
            stopping=leaving,
            lists=self._lists,
            ended=EndedSessions(self._config.log.folder / session.FILE_NAME),
        )

    async def _await_outputs(self) -> None:
        """Until each has connected or failed once, for a while at most."""
        end = self._clock.monotonic() + START_SECONDS
        while self._clock.monotonic() < end and any(
            self._board.line("output", name).state is State.STARTING for name in self._outputs
        ):
            await self._clock.sleep(POLL_SECONDS)

    async def _catch_up(self) -> None:
        """Gives running outputs their grace for what the log already holds."""
        end = self._clock.monotonic() + GRACE_SECONDS
        while self._clock.monotonic() < end and any(map(self._behind, self._outputs)):
            await self._clock.sleep(POLL_SECONDS)

    def _behind(self, name: str) -> bool:
        line = self._board.line("output", name)
        return line.state is State.RUNNING and line.counters.get("cursor", 0) < self._log.last_seq

    async def _retain_for_ever(self) -> None:
        while True:
            await self._clock.sleep(RETAIN_EVERY_SECONDS)
            try:
                gone = await self._log.retain(list(self._outputs))
            except LogWaits as error:
                diagnostics.warning("retention: %s", error)
                continue
            for name, (first, last) in gone.overtaken.items():
                diagnostics.error(
                    "retention deleted seq %d to %d before output %s processed them",
                    first,
                    last,
                    name,
                )

    async def _take_in_plates_for_ever(self) -> None:
        """In small steps: a search finds what is not taken in yet, too, only not as fast."""
        while True:
            await self._clock.sleep(TAKE_IN_EVERY_SECONDS)
            try:
                while await self._log.take_in_plates():
                    pass
            except LogWaits as error:
                diagnostics.warning("plate index for searches: %s", error)

    async def _snapshot(self, camera: str) -> bytes | None:
        frame = self._cameras[camera].latest if camera in self._cameras else None
        if frame is None:
            return None
        picture = await asyncio.to_thread(
            pictures.encode, frame.pixels, "frame", longest_side=SNAPSHOT_SIDE
        )
        return picture.jpeg

    def _addresses(self, page: Address | None) -> Addresses:
        listening = {name: output.address for name, output in self._outputs.items()}
        return Addresses(
            page=None if page is None else f"{self._entrance._replace(address=page).url}/",
            database=str(self._config.log.database),
            outputs={name: address for name, address in listening.items() if address},
        )


async def _listen(
    group: asyncio.TaskGroup, name: str, app: Starlette, address: Address, **how: Any
) -> Address:
    """Serves in the group; returns once it listens."""
    listening: asyncio.Future[Address] = asyncio.get_running_loop().create_future()
    serving = serve_page(app, address, listening=listening.set_result, **how)
    group.create_task(serving, name=name)
    return await listening


def _slots(config: Config) -> Slots:
    """As many as there are descriptors for; more of these are asked for first."""
    limit = descriptors.raise_soft_limit()
    cameras, outputs = len(config.camera), len(config.output)
    return Slots(descriptors.inbound(limit, cameras=cameras, outputs=outputs))


def never() -> bool:
    return False


def tasks(group: asyncio.TaskGroup, parts: Iterable[Part]) -> "list[asyncio.Task[None]]":
    return [group.create_task(part.run(), name=f"{part.role}-{part.name}") for part in parts]


async def ended(tasks: Iterable["asyncio.Task[None]"]) -> None:
    """Cancels the tasks and waits until they are done."""
    tasks = list(tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
