"""Plugs of every kind that raise what they like, where they like."""

import asyncio
import zipfile
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import av

from platewire.errors import LogError
from platewire.model import Entry, Event, Frame, Read
from platewire.outputs.output import Output, OutputContext, OutputSettings
from platewire.recognition.engine import Engine, EngineSettings
from platewire.sources.source import FrameSource, SourceContext, SourceSettings


class SpeechlessError(Exception):
    def __str__(self) -> str:
        raise ValueError("not even that")


class StrangeError(BaseException):
    """No Exception at all."""


ERRORS: dict[str, Callable[[], BaseException]] = {
    "key": lambda: KeyError("Name"),
    "zip": lambda: zipfile.BadZipFile("File is not a zip file"),
    "av": lambda: av.error.InvalidDataError(1, "Invalid data found"),
    "recursion": lambda: RecursionError("maximum recursion depth exceeded"),
    "memory": lambda: MemoryError(),
    "group": lambda: ExceptionGroup("two", [ValueError("one"), KeyError("other")]),
    "strange-group": lambda: BaseExceptionGroup("odd", [StrangeError("inner")]),
    "exit": lambda: SystemExit(3),
    "canceled": lambda: asyncio.CancelledError(),
    "log": lambda: LogError("not theirs to raise"),
    "speechless": lambda: SpeechlessError(),
    "strange": lambda: StrangeError("no Exception"),
}


class HostileSource(SourceSettings, frozen=True, kw_only=True, tag="hostile"):
    """`where`: build, live, frames, later, close or junk."""

    error: str
    where: str

    def build(self, context: SourceContext) -> "HostileFrames":
        if self.where == "build":
            raise ERRORS[self.error]()
        return HostileFrames(self, context)


class HostileFrames(FrameSource):
    def __init__(self, settings: HostileSource, context: SourceContext) -> None:
        self._settings = settings
        self._context = context

    @property
    def live(self) -> bool:
        if self._settings.where == "live":
            raise ERRORS[self._settings.error]()
        return True

    async def frames(self) -> AsyncIterator[Frame]:
        where, error = self._settings.where, ERRORS[self._settings.error]
        try:
            if where == "later":
                yield junk(self._context)
            if where == "junk":
                yield None  # type: ignore[misc]
            raise error()
        finally:
            if where == "close":
                raise error()


def junk(context: SourceContext) -> Frame:
    return Frame(context.camera, 0, context.clock.now(), None)  # type: ignore[arg-type]


class HostileOutput(OutputSettings, frozen=True, kw_only=True, tag="hostile"):
    """`where`: build, batch, connect, send, close or matches."""

    error: str
    where: str

    def build(self, context: OutputContext) -> "HostileWay":
        if self.where == "build":
            raise ERRORS[self.error]()
        return HostileWay(self)

    def matches(self, event: Event) -> bool:
        if self.where == "matches":
            raise ERRORS[self.error]()
        return True


class HostileWay(Output):
    def __init__(self, settings: HostileOutput) -> None:
        self._settings = settings

    def _raise(self, where: str) -> None:
        if self._settings.where == where:
            raise ERRORS[self._settings.error]()

    @property
    def batch(self) -> int:  # type: ignore[override]
        self._raise("batch")
        return 1

    async def connect(self) -> None:
        self._raise("connect")

    async def send(self, entries: Sequence[Entry]) -> None:
        self._raise("send")

    async def close(self) -> None:
        self._raise("close")


class HostileEngine(EngineSettings, frozen=True, kw_only=True, tag="hostile"):
    """`where`: build, read or close."""

    error: str
    where: str

    def build(self) -> "HostileReader":
        if self.where == "build":
            raise ERRORS[self.error]()
        return HostileReader(self)


class HostileReader(Engine):
    def __init__(self, settings: HostileEngine) -> None:
        self._settings = settings

    def read(self, frame: Frame) -> Sequence[Read]:
        if self._settings.where == "read":
            raise ERRORS[self._settings.error]()
        return []

    def close(self) -> None:
        if self._settings.where == "close":
            raise ERRORS[self._settings.error]()


def named(error: str) -> str:
    """What the board has to say of it: its class."""
    made: Any = ERRORS[error]()
    if isinstance(made, BaseExceptionGroup):
        made = made.exceptions[0]
    return type(made).__name__
