"""What keeps loops alive, and keeps one that fails from ending the others.

`run_for_ever` is for what is to be expected: run it, report how it ended, wait, run it again.
`Unavailable` is answered with back-off; any other `PlatewireError` too.

`once_usable` is for what the start needs: the files of the log, the lists and the decisions.

`Part` is for what nobody expected. Around each camera, each output and each task of the server
it stops what escapes from that part, whatever it is: the state is `failed` with the error's class,
message and place, the traceback goes to diagnostics, and all the others go on. A part that may be
started again is, with back-off; else, or when it fails again and again, it stays stopped until
somebody restarts it. Only a `LogError` that is no `LogWaits` comes through: nothing can be kept
then.
"""

import asyncio
import contextlib
import logging
import traceback
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

from platewire.errors import LogError, LogWaits, PlatewireError, Unavailable
from platewire.runtime.backoff import Backoff
from platewire.runtime.clock import Clock
from platewire.runtime.secret import masked
from platewire.runtime.status import Board, State

STEADY_SECONDS = 30.0
"""A run that was longer than this has worked: the waits after it begin anew."""
RESTARTS_MAX = 5
"""In a row, over about half a minute: what fails the same way six times is a bug, not chance."""
MESSAGE_CHARACTERS_MAX = 300
"""Of an error that others wrote: it may repeat a whole file."""
STARTING = Backoff(first_seconds=0.5, longest_seconds=10.0)
"""Between two tries to open a file at the start; each also waits up to 5 s for others' locks."""

T = TypeVar("T")

diagnostics = logging.getLogger(__name__)


class Stopped(Exception):
    """It was to stop before it had begun."""


async def once_usable(
    begin: Callable[[], Awaitable[T]], *, clock: Clock, stopping: asyncio.Event
) -> T:
    """What `begin` gives, tried again while that cannot be done just now (LogWaits); each other
    reason is told. Stopped when it is to stop before that."""
    said = ""
    attempt = 0
    while True:
        try:
            return await begin()
        except LogWaits as error:
            attempt += 1
            if str(error) != said:
                said = str(error)
                diagnostics.warning("cannot start yet, retrying: %s", said)
        await either(clock.sleep(STARTING.delay(attempt)), stopping.wait())
        if stopping.is_set():
            raise Stopped


async def either(*those: Coroutine[Any, Any, Any]) -> None:
    """Until one of them has ended; the others are canceled."""
    tasks = [asyncio.create_task(each) for each in those]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def run_for_ever(
    role: str,
    name: str,
    once: Callable[[], Awaitable[None]],
    *,
    clock: Clock,
    board: Board,
    backoff: Backoff,
) -> None:
    """Returns when `once` returns; a run longer than `STEADY_SECONDS` resets the back-off."""
    attempt = 0
    while True:
        board.say(role, name, State.STARTING)
        started = clock.monotonic()
        try:
            await once()
        except PlatewireError as error:
            if concerns_all(error):
                raise
            if clock.monotonic() - started > STEADY_SECONDS:
                attempt = 0
            attempt += 1
            board.fail(role, name, State.WAITING, str(error))
            board.count(role, name, failures=1)
            least = error.retry_after if isinstance(error, Unavailable) else None
            await clock.sleep(max(backoff.delay(attempt), least or 0.0))
        else:
            board.say(role, name, State.ENDED)
            return


async def _nothing() -> None:
    pass


class Part:
    """One loop of the server that fails alone. `once` runs it from its beginning.

    `may_restart` is asked after a failure, `renew` called before a restart that somebody asked
    for, and `stopped` awaited when the part stays stopped.
    """

    def __init__(
        self,
        role: str,
        name: str,
        once: Callable[[], Awaitable[None]],
        *,
        clock: Clock,
        board: Board,
        may_restart: Callable[[], bool] = lambda: True,
        renew: Callable[[], None] = lambda: None,
        stopped: Callable[[], Awaitable[None]] = _nothing,
        begins: State = State.STARTING,
        backoff: Backoff | None = None,
    ) -> None:
        self.role = role
        self.name = name
        self._once = once
        self._clock = clock
        self._board = board
        self._may_restart = may_restart
        self._renew = renew
        self._stopped = stopped
        self._begins = begins
        self._backoff = backoff or Backoff(first_seconds=1, longest_seconds=30)
        self._asked = asyncio.Event()
        self._under_way: asyncio.Timeout | None = None
        self._logged = ""

    @property
    def running(self) -> bool:
        return self._under_way is not None

    def restart(self) -> None:
        """Ends the run that is under way, if any, and begins a new one."""
        self._asked.set()
        if self._under_way is not None:
            self._under_way.reschedule(asyncio.get_running_loop().time())

    async def run(self) -> None:
        """Returns when `once` returns. Raises a final LogError, and when it is canceled."""
        failures = 0
        while True:
            began = self._clock.monotonic()
            error = await self._run_once()
            if error is not None and not self._asked.is_set():
                steady = self._clock.monotonic() - began > STEADY_SECONDS
                failures = 1 if steady else failures + 1
                await self._after(error, failures)
            if self._asked.is_set():
                self._begin_anew()
                failures = 0
            elif error is None:
                return

    def _begin_anew(self) -> None:
        self._asked.clear()
        self._logged = ""
        self._renew()

    async def _run_once(self) -> BaseException | None:
        """How it ended, if not well."""
        self._board.say(self.role, self.name, self._begins)
        try:
            async with asyncio.timeout(None) as self._under_way:
                await self._once()
        except BaseException as error:
            raise_if_all_concerned(error)
            return error
        finally:
            self._under_way = None
        return None

    async def _after(self, error: BaseException, failures: int) -> None:
        """Waits until the next run is due, or somebody asks for it."""
        self._board.count(self.role, self.name, failures=1)
        self._log(error)
        if failures <= RESTARTS_MAX and self._may_restart():
            wait = self._backoff.delay(failures)
            self._fail(error, f"restarting in {wait:.0f} s ({failures} of {RESTARTS_MAX})")
            await either(self._asked.wait(), self._clock.sleep(wait))
            return
        self._fail(
            error,
            f"it is stopped; restart it here or with `platewire restart {self.role} {self.name}`, "
            "and report it with the traceback in the diagnostics",
        )
        with log_errors(diagnostics, "%s %s: after its end", self.role, self.name):
            await self._stopped()
        await self._asked.wait()

    def _log(self, error: BaseException) -> None:
        """The traceback, once for an error that comes again and again."""
        told = describe(error)
        if told != self._logged:
            diagnostics.error("%s %s failed", self.role, self.name, exc_info=error)
            self._logged = told

    def _fail(self, error: BaseException, and_now: str) -> None:
        text = f'{self.role} "{self.name}" failed: {describe(error)}; {and_now}'
        self._board.fail(self.role, self.name, State.FAILED, text)


# --- errors that nobody expected -----------------------------------------------------------------


def raise_if_all_concerned(error: BaseException) -> None:
    """Raises what is not one part's own: a log that cannot go on, Ctrl-C, a cancellation that was
    asked for.

    What is left a part may deal with, also a SystemExit of some library, or a CancelledError that
    leaked out of one although nobody canceled.
    """
    if isinstance(error, asyncio.CancelledError | GeneratorExit):
        task = asyncio.current_task()
        if task is None or task.cancelling() or isinstance(error, GeneratorExit):
            raise error
    if any(concerns_all(each) for each in leaves(error)):
        raise error


@contextlib.contextmanager
def log_errors(log: logging.Logger, said: str, *values: object) -> Iterator[None]:
    """Around what ends something: an error of one part's own goes to the diagnostics."""
    try:
        yield
    except BaseException as error:
        raise_if_all_concerned(error)
        log.error(said, *values, exc_info=error)


@contextlib.contextmanager
def bugs_come_back() -> Iterator[None]:
    """Around what the start builds: what is wrong in the configuration ends it, a bug comes back
    when the part runs."""
    try:
        yield
    except PlatewireError:
        raise
    except BaseException as error:
        raise_if_all_concerned(error)


def concerns_all(error: BaseException) -> bool:
    final = isinstance(error, LogError) and not isinstance(error, LogWaits)
    return final or isinstance(error, KeyboardInterrupt)


async def within_a_task(work: Awaitable[None]) -> None:
    """For a task of its own: asyncio ends the whole program for a SystemExit in one."""
    try:
        await work
    except Exception:
        raise
    except BaseException as error:
        raise_if_all_concerned(error)
        raise RuntimeError(describe(error)) from error


def leaves(error: BaseException) -> Iterator[BaseException]:
    """The errors within groups of groups."""
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from leaves(each)
    else:
        yield error


def describe(error: BaseException) -> str:
    """Class, message and place of an error, without secrets; of ours the message alone."""
    first = next(leaves(error))
    text = masked(_message(first))
    if isinstance(first, PlatewireError):
        return text
    text = text[:MESSAGE_CHARACTERS_MAX]
    named = f"{type(first).__name__}: {text}" if text else type(first).__name__
    where = traceback.extract_tb(first.__traceback__)[-1:]
    return named + "".join(f" ({Path(it.filename).name}, line {it.lineno})" for it in where)


def _message(error: BaseException) -> str:
    """Not even an error's own text can be relied on."""
    with contextlib.suppress(Exception):
        return str(error)
    return "message not printable"
