"""Reads and passages in few words."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from platewire.model import Box, Change, Read, Vehicle
from platewire.passage.frame import FrameView
from platewire.passage.passages import Passages
from platewire.passage.settings import PassageSettings
from platewire.runtime.identity import uuid7

START = datetime(2026, 3, 1, 8, 0, 0, tzinfo=UTC)
WIDTH, HEIGHT = 1280, 720


def after(ms: float) -> datetime:
    """Frame time `ms` milliseconds after the start."""
    return START + timedelta(milliseconds=ms)


def frame_at(at: datetime) -> FrameView:
    return FrameView(at, WIDTH, HEIGHT)


def read_of(
    text: str,
    ms: float = 0,
    *,
    x: float = 600,
    y: float = 400,
    width: float = 100,
    confidence: float = 0.9,
    country: str | None = "UA",
    region: str | None = None,
    vehicle: Vehicle | None = None,
    frame: int | None = None,
    partial: bool = False,
) -> Read:
    """A read of a plate whose center is at (x, y) and that is `width` pixels wide."""
    height = width / 4
    return Read(
        at=after(ms),
        text=text,
        raw=text.replace("0", "O"),
        display=f"{text[:2]} {text[2:-2]} {text[-2:]}",
        unicode=text,
        confidence=confidence,
        characters=(confidence,) * len(text),
        country=country,
        region=region,
        box=Box(x - width / 2, y - height / 2, float(width), height),
        vehicle=vehicle or Vehicle(),
        frame=frame,
        partial=partial,
    )


def counting() -> Callable[[], tuple[UUID, int]]:
    """Gives passage ids and numbers that are the same in every run."""
    number = 1000

    def new_passage() -> tuple[UUID, int]:
        nonlocal number
        number += 1
        return uuid7(number, number), number

    return new_passage


class Camera:
    """Passages with the frames' times in milliseconds, and all changes so far."""

    def __init__(self, settings: PassageSettings) -> None:
        self.passages = Passages(settings, counting())
        self.changes: list[Change] = []

    def see(self, ms: float, *reads: Read) -> list[Change]:
        changes = self.passages.update(reads, frame_at(after(ms)))
        self.changes += changes
        return changes

    def watch(self, reads: Iterable[Read]) -> None:
        """One frame for each read, at the read's own time."""
        for read in reads:
            self.changes += self.passages.update([read], frame_at(read.at))

    def pause(self, ms: float) -> list[Change]:
        changes = self.passages.tick(after(ms))
        self.changes += changes
        return changes

    def end(self) -> list[Change]:
        changes = self.passages.end()
        self.changes += changes
        return changes

    @property
    def story(self) -> list[tuple[str, str]]:
        return [(str(change.kind), change.plate.text) for change in self.changes]


def kinds(changes: Sequence[Change]) -> list[str]:
    return [str(change.kind) for change in changes]
