"""The engine as the server runs it: shared by all cameras, with its health on the board.

An engine that fails on one frame fails that frame alone. One that fails on frame after frame reads
nothing more: its line on the board is `failed`, until a frame is read again or it is restarted.
"""

import asyncio
import logging
from collections.abc import Callable

from platewire.errors import PictureError, PlatewireError
from platewire.model import Frame
from platewire.recognition.engine import Engine
from platewire.recognition.pool import Pool
from platewire.recognition.refused import Examined
from platewire.runtime.status import Board, State
from platewire.runtime.supervise import describe, log_errors, raise_if_all_concerned

ROLE = "recognition"
FAILURES_IN_A_ROW_MAX = 10
"""Frames, of all cameras together: a damaged picture or two is no broken engine."""

diagnostics = logging.getLogger(__name__)


class Recognizer:
    """`kind` is the engine's `type` in the configuration. Open it before the first frame."""

    def __init__(self, kind: str, build: Callable[[], Engine], board: Board) -> None:
        self.name = kind
        self._build = build
        self._board = board
        self._pool: Pool | None = None
        self._failures = 0

    async def open(self) -> None:
        """PlatewireError for what cannot be used; a bug in the engine is told on the board."""
        try:
            await self._open()
        except PlatewireError:
            raise
        except BaseException as error:
            raise_if_all_concerned(error)
            self._fail(error, "cannot start")

    async def _open(self) -> None:
        pool = Pool(await asyncio.to_thread(self._build))
        before, self._pool = self._pool, pool
        self._failures = 0
        self._board.say(ROLE, self.name, State.RUNNING)
        await self._close(before)

    async def restart(self) -> None:
        """Builds the engine anew. The old one stays when that fails, which is told."""
        try:
            await self._open()
        except BaseException as error:
            raise_if_all_concerned(error)
            self._fail(error, "cannot start")

    async def examine(self, frame: Frame) -> Examined:
        """As the pool does; raises whatever the engine raises."""
        if self._pool is None:
            raise PictureError(self._board.line(ROLE, self.name).message)
        try:
            found = await self._pool.examine(frame)
        except PictureError:
            raise
        except BaseException as error:
            raise_if_all_concerned(error)
            self._count(error)
            raise
        self._failures = 0
        if self._board.line(ROLE, self.name).state is not State.RUNNING:
            self._board.say(ROLE, self.name, State.RUNNING)
        return found

    def _count(self, error: BaseException) -> None:
        self._failures += 1
        if isinstance(error, PlatewireError):
            self._wait(error)
        elif self._failures == FAILURES_IN_A_ROW_MAX:
            self._fail(error, f"the last {FAILURES_IN_A_ROW_MAX} frames all failed")

    def _wait(self, error: PlatewireError) -> None:
        """Goes to diagnostics once, although each frame says how long it still waits."""
        if self._board.line(ROLE, self.name).state is State.WAITING:
            self._board.say(ROLE, self.name, State.WAITING, str(error))
        else:
            self._board.fail(ROLE, self.name, State.WAITING, str(error))

    def _fail(self, error: BaseException, consequence: str) -> None:
        diagnostics.error("%s %s failed", ROLE, self.name, exc_info=error)
        text = (
            f'{ROLE} "{self.name}" failed: {describe(error)}; {consequence}; restart it here or '
            f"with `platewire restart {ROLE} {self.name}`"
        )
        self._board.fail(ROLE, self.name, State.FAILED, text)

    async def close(self) -> None:
        pool, self._pool = self._pool, None
        await self._close(pool)

    async def _close(self, pool: Pool | None) -> None:
        """What an engine's `close` raises keeps nobody from stopping."""
        with log_errors(diagnostics, "%s %s failed to close", ROLE, self.name):
            if pool is not None:
                await pool.close()
