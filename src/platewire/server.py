"""Builds all parts, runs all loops in one TaskGroup, and stops them in order.

Starting: the log, the transfers, the page, then the cameras, so that no event finds a listener
missing. Stopping, on the first signal: cameras end and their open passages stay in the log for
the next start; deliveries get a grace time for what is already logged; the page goes last; the
log is flushed. A second signal ends the process at once, which loses nothing that was logged.
"""

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Callable, Iterable, Iterator
from zoneinfo import ZoneInfo

import msgspec

from platewire import __version__
from platewire.clock import Clock, SystemClock
from platewire.config.tree import CameraSettings, Config
from platewire.control import Control, Way
from platewire.database.queries import Database
from platewire.delivery import Delivery
from platewire.errors import LogFull, PlatewireError
from platewire.eventlog.sqlite import SqliteLog
from platewire.identity import Identities
from platewire.intake import Intake, IntakeContext, close_left_open
from platewire.lists.lists import Lists
from platewire.recognition import pictures
from platewire.recognition.engine import Engine
from platewire.recognition.pool import Pool
from platewire.replays import Replays
from platewire.sources.source import SourceContext
from platewire.status import Board, State
from platewire.transfers.builtin import AnyTransfer
from platewire.transfers.transfer import TransferContext
from platewire.web.app import build_app
from platewire.web.context import WebContext
from platewire.web.serve import serve as serve_page
from platewire.web.settings import Access, Address, access

GRACE_SECONDS = 5.0
START_SECONDS = 5.0
POLL_SECONDS = 0.02
TAKE_IN_EVERY_SECONDS = 10.0
RETAIN_EVERY_SECONDS = 60.0
SNAPSHOT_SIDE = 960
INTERRUPTED = 130
"""The exit code of a process that the second signal ended."""

diagnostics = logging.getLogger(__name__)


class Addresses(msgspec.Struct, frozen=True):
    """Where the running server can be reached; listening transfers by name."""

    page: str | None
    database: str
    transfers: dict[str, str]


async def serve(
    config: Config,
    *,
    ready: Callable[[Addresses], None] = lambda _: None,
    clock: Clock | None = None,
    stopping: asyncio.Event | None = None,
) -> None:
    """Runs until a signal or `stopping`. Raises ConfigError or LogError for what cannot be used."""
    clock = clock or SystemClock()
    stopping = stopping or asyncio.Event()
    entrance = access(config.web)
    board = Board(clock)
    build: Callable[[], Engine] = config.recognition.build
    pool = Pool(await asyncio.to_thread(build))
    log = await SqliteLog.open(config.log, clock, board)
    lists = None
    try:
        lists = await asyncio.to_thread(open_lists, config, clock) if config.list else None
        with heeding_signals(stopping):
            server = Server(config, entrance, log, pool, clock, board, lists)
            await server.run(stopping, ready)
    except BaseExceptionGroup as group:
        # Not `except*`: before Python 3.11.4 that wraps what is raised in it in one more group.
        _, others = group.split(PlatewireError)
        if others is not None:
            raise
        raise innermost(group) from None
    finally:
        await pool.close()
        await log.close()
        if lists is not None:
            await lists.close()


def open_lists(config: Config, clock: Clock) -> Lists:
    """Blocking. Raises LogError where a file cannot be used."""
    return Lists.open(
        config.log.folder,
        config.list,
        zone=ZoneInfo(config.site.time_zone),
        cameras=[camera.name for camera in config.camera],
        now=clock.now(),
    )


def innermost(error: BaseException) -> BaseException:
    """The first error within groups of groups: what a person is told."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


@contextlib.contextmanager
def heeding_signals(stopping: asyncio.Event) -> Iterator[None]:
    """The first signal sets `stopping`, the second ends the process."""
    loop = asyncio.get_running_loop()

    def heed() -> None:
        if stopping.is_set():
            os._exit(INTERRUPTED)
        diagnostics.info("stopping; a second signal ends at once")
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
        pool: Pool,
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
        identities = Identities(clock, last_number=log.last_passage_number)
        self._intake = IntakeContext(pool, log, identities, clock, board, lists)
        self._intakes = {camera.name: self._make_intake(camera) for camera in config.camera}
        self._ways = {transfer.name: self._make_way(transfer) for transfer in config.transfer}
        self._list_on_board()

    def _list_on_board(self) -> None:
        """The page is up before the cameras are: who asks it then is to hear that they start."""
        for name in self._intakes:
            self._board.line("camera", name)
        for name in self._ways:
            self._board.line("transfer", name)

    def _make_intake(self, camera: CameraSettings) -> Intake:
        def note(text: str) -> None:
            self._board.note("camera", camera.name, text)

        source = camera.source.build(
            SourceContext(camera=camera.name, clock=self._clock, note=note)
        )
        return Intake(
            camera.name, source, camera.passage, camera.pictures, self._intake, camera.motion
        )

    def _make_way(self, settings: AnyTransfer) -> Way:
        context = TransferContext(self._clock, self._log, self._site, self._board, self._lists)
        return Way(
            settings,
            lambda: settings.build(context),
            lambda transfer: Delivery(
                settings, transfer, self._log, clock=self._clock, board=self._board
            ),
        )

    async def run(self, stopping: asyncio.Event, ready: Callable[[Addresses], None]) -> None:
        await self._log.describe(self._site)
        async with contextlib.AsyncExitStack() as after, asyncio.TaskGroup() as group:
            deliveries = [
                group.create_task(way.delivery.run(), name=f"transfer-{name}")
                for name, way in self._ways.items()
            ]
            deliveries.append(group.create_task(self._retain_for_ever(), name="retention"))
            deliveries.append(group.create_task(self._take_in_plates_for_ever(), name="plates"))
            leaving = asyncio.Event()
            page = await self._open_page(group, leaving, after)
            await self._await_transfers()
            await close_left_open(list(self._intakes), self._intake)
            ready(self._addresses(page))
            intakes = [
                group.create_task(intake.run(), name=f"camera-{name}")
                for name, intake in self._intakes.items()
            ]
            await stopping.wait()
            await ended(intakes)
            await self._catch_up()
            await ended(deliveries)
            leaving.set()

    async def _open_page(
        self, group: asyncio.TaskGroup, leaving: asyncio.Event, after: contextlib.AsyncExitStack
    ) -> Address | None:
        if not self._config.web.enabled:
            return None
        listening: asyncio.Future[Address] = asyncio.get_running_loop().create_future()
        replays = Replays(group, self._log, self._clock, leaving)
        queries = Database.open_read_only(self._config.log.database)
        after.push_async_callback(queries.close)
        context = WebContext(
            access=self._entrance,
            clock=self._clock,
            log=self._log,
            queries=queries,
            board=self._board,
            site=self._site,
            snapshot=self._snapshot,
            actions=Control(self._ways, replays, self._log, self._site, self._clock),
            version=__version__,
            stopping=leaving,
            lists=self._lists,
        )
        group.create_task(
            serve_page(
                build_app(context),
                self._entrance.address,
                stopping=leaving,
                tls=self._entrance.tls,
                listening=listening.set_result,
            ),
            name="page",
        )
        return await listening

    async def _await_transfers(self) -> None:
        """Until each has connected or failed once, for a while at most."""
        end = self._clock.monotonic() + START_SECONDS
        while self._clock.monotonic() < end and any(
            self._board.line("transfer", name).state is State.STARTING for name in self._ways
        ):
            await self._clock.sleep(POLL_SECONDS)

    async def _catch_up(self) -> None:
        """Gives running transfers their grace for what the log already holds."""
        end = self._clock.monotonic() + GRACE_SECONDS
        while self._clock.monotonic() < end and any(map(self._behind, self._ways)):
            await self._clock.sleep(POLL_SECONDS)

    def _behind(self, name: str) -> bool:
        line = self._board.line("transfer", name)
        return line.state is State.RUNNING and line.counters.get("cursor", 0) < self._log.last_seq

    async def _retain_for_ever(self) -> None:
        while True:
            await self._clock.sleep(RETAIN_EVERY_SECONDS)
            try:
                gone = await self._log.retain(list(self._ways))
            except LogFull as error:
                diagnostics.warning("retention: %s", error)
                continue
            for name, (first, last) in gone.overtaken.items():
                diagnostics.error("retention took seq %d to %d from %s", first, last, name)

    async def _take_in_plates_for_ever(self) -> None:
        """In small steps: a search finds what is not taken in yet, too, only not as fast."""
        while True:
            await self._clock.sleep(TAKE_IN_EVERY_SECONDS)
            try:
                while await self._log.take_in_plates():
                    pass
            except LogFull as error:
                diagnostics.warning("plates for searches: %s", error)

    async def _snapshot(self, camera: str) -> bytes | None:
        frame = self._intakes[camera].latest if camera in self._intakes else None
        if frame is None:
            return None
        picture = await asyncio.to_thread(
            pictures.encode, frame.pixels, "frame", longest_side=SNAPSHOT_SIDE
        )
        return picture.jpeg

    def _addresses(self, page: Address | None) -> Addresses:
        listening = {name: way.address for name, way in self._ways.items()}
        return Addresses(
            page=None if page is None else f"{self._entrance._replace(address=page).url}/",
            database=str(self._config.log.database),
            transfers={name: address for name, address in listening.items() if address},
        )


async def ended(tasks: Iterable["asyncio.Task[None]"]) -> None:
    """Cancels the tasks and waits until they are done."""
    tasks = list(tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
