"""`platewire passages FILE`: the events of a clip as the server would log them, without it."""

import argparse
import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, tzinfo
from pathlib import Path

from msgspec import structs

from platewire.camera.ledger import event_of
from platewire.camera.unconfirmed import remedy
from platewire.cli.recognition.read import engine_of, examine_frames
from platewire.cli.recognition.recordings import is_picture, length_of, print_note
from platewire.cli.terminal.event_line import line_of
from platewire.cli.terminal.options import print_json
from platewire.cli.terminal.progress import bar
from platewire.cli.terminal.times import zone_of
from platewire.config.load import load
from platewire.errors import ConfigError, PictureError
from platewire.model import Event
from platewire.passage.frame import FrameView
from platewire.passage.passages import Passages
from platewire.passage.settings import PassageSettings
from platewire.recognition.engine import Engine
from platewire.runtime.clock import SystemClock
from platewire.runtime.identity import Identities


def add_arguments(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "passages", help="print the events of a clip: new, updated and lost for every vehicle"
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="clips or pictures")
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="use the engine and camera settings of this file",
    )
    parser.add_argument(
        "--camera", metavar="NAME", help="camera in that file whose settings are used"
    )
    parser.add_argument("--json", action="store_true", help="print events as JSON lines")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """0 when there was a passage, 1 when there was none, 3 when a file cannot be used."""
    engine = engine_of(options.config).build()
    zone = UTC if options.config is None else zone_of(load(options.config))
    count, unusable = 0, 0
    notes: list[str] = []
    try:
        for path in options.files:
            try:
                settings = settings_of(options.config, options.camera, stills=is_picture(path))
                events = events_of(path, engine, settings, notes.append)
                count += asyncio.run(print_events(events, zone, as_json=options.json))
            except PictureError as error:
                unusable += 1
                print_note(str(error))
    finally:
        engine.close()
    for note in notes:
        print_note(note)
    if not count and not unusable and not notes:
        print_note("no plates read")
    return 3 if unusable else int(count == 0)


def settings_of(
    config: Path | None, camera: str | None, *, stills: bool = False
) -> PassageSettings:
    """The camera's settings, or the defaults; `stills` for a picture, unless they say otherwise."""
    passage = PassageSettings() if config is None else passage_of(config, camera)
    return structs.replace(passage, stills=stills) if passage.stills is None else passage


def passage_of(config: Path, camera: str | None) -> PassageSettings:
    cameras = {each.name: each for each in load(config).camera}
    if camera is None and len(cameras) == 1:
        return next(iter(cameras.values())).passage
    if camera not in cameras:
        raise ConfigError(f"--camera must name one of: {', '.join(cameras) or 'none'}")
    return cameras[camera].passage


async def print_events(events: AsyncIterator[Event], zone: tzinfo, *, as_json: bool) -> int:
    count = 0
    async for event in events:
        count += 1
        if as_json:
            print_json(event)
        else:
            print(line_of(event, event.occurred_at, zone), flush=True)
    return count


async def events_of(
    path: Path,
    engine: Engine,
    settings: PassageSettings,
    note: Callable[[str], None] = print_note,
) -> AsyncIterator[Event]:
    """The clip's events in order, numbered from 1, without pictures. `note` is told what was read
    and gave no event."""
    identities = Identities(SystemClock())
    passages = Passages(settings, identities.passage)
    seq = 0
    with bar(length_of(path), path.name, "frames") as progress:
        async for frame, examined in examine_frames(path, engine):
            progress.update()
            for change in passages.update(examined.reads, FrameView.of(frame)):
                seq += 1
                yield event_of(change, path.stem, identities.event()).numbered(
                    seq, frame.captured_at
                )
    for change in passages.end():
        seq += 1
        yield event_of(change, path.stem, identities.event()).numbered(seq, change.occurred_at)
    if passages.unconfirmed:
        count = f"{passages.unconfirmed} read, never confirmed; last: {passages.last_unconfirmed}"
        note(f"{path}: {count}; {remedy(settings)}")
