"""`platewire read FILE…`: what the engine reads in pictures and clips, as JSON or in words."""

import argparse
import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import cv2
import msgspec

from platewire.cli.recognition.recordings import (
    frames_of,
    is_clip,
    is_picture,
    length_of,
    print_note,
)
from platewire.cli.terminal.options import print_json
from platewire.cli.terminal.progress import bar
from platewire.config.load import load
from platewire.config.tree import Config
from platewire.errors import ConfigError, PictureError
from platewire.model import Frame, Read
from platewire.recognition import pictures
from platewire.recognition.engine import Engine, EngineSettings
from platewire.recognition.refused import Examined, Refused
from platewire.runtime.status import printable


def add_arguments(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "read", help="read the plates in pictures and clips, frame by frame, as JSON lines"
    )
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="pictures, clips, folders of pictures"
    )
    parser.add_argument(
        "--annotate",
        type=Path,
        metavar="FOLDER",
        help="folder for annotated pictures, with boxes and texts",
    )
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="use the engine settings of this file"
    )
    parser.add_argument(
        "--refused",
        action="store_true",
        help="also print rejected candidates with the reason: small, shape, no_plate, form, unsure",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON lines (the default)")
    form.add_argument("--text", action="store_true", help="print one line of text for each read")
    parser.set_defaults(run=run)


def engine_of(config: Path | None) -> EngineSettings:
    """The file's engine; without a file, that of a file that names none."""
    return (load(config) if config else Config()).recognition


def run(options: argparse.Namespace) -> int:
    """0 when at least one plate was read, 1 when none was, 3 when a file cannot be used."""
    engine = engine_of(options.config).build()
    examined, unusable = 0, 0
    try:
        for path in files_of(options.files):
            try:
                examined += asyncio.run(read_file(path, engine, options))
            except PictureError as error:
                unusable += 1
                if options.text:
                    print_note(str(error))
                else:
                    print_json({"file": printable(str(path)), "error": printable(str(error))})
    finally:
        engine.close()
    if not examined and not unusable:
        print_note("no plates read")
    return 3 if unusable else int(examined == 0)


def files_of(named: Sequence[Path]) -> Iterator[Path]:
    """The files, and of a folder its pictures in the order of their names."""
    for path in named:
        if path.is_dir():
            yield from sorted(each for each in path.iterdir() if is_picture(each))
        else:
            yield path


async def read_file(path: Path, engine: Engine, options: argparse.Namespace) -> int:
    """Prints the file's reads; how many there were. PictureError for what is no picture."""
    count = 0
    with bar(length_of(path), path.name, "frames") as progress:
        async for frame, examined in examine_frames(path, engine):
            progress.update()
            count += len(examined.reads)
            for read in examined.reads:
                show(path, frame, read, options)
            for refused in examined.refused if options.refused else ():
                show(path, frame, refused, options)
            if options.annotate is not None and (examined.reads or not is_clip(path)):
                write_annotated(options.annotate, path, frame, examined.reads)
    return count


async def examine_frames(path: Path, engine: Engine) -> AsyncIterator[tuple[Frame, Examined]]:
    async for frame in frames_of(path):
        yield frame, await asyncio.to_thread(engine.examine, frame)


def show(path: Path, frame: Frame, examined: Read | Refused, options: argparse.Namespace) -> None:
    if options.text:
        said = words(examined) if isinstance(examined, Read) else refusal_in_words(examined)
        print(f"{path}  frame {frame.number}  {said}", flush=True)
        return
    place = {"file": printable(str(path)), "frame": frame.number}
    if isinstance(examined, Read):
        print_json({**place, **msgspec.to_builtins(examined)})
    else:
        print_json({**place, "refused": examined})


def words(read: Read) -> str:
    plate = f"{read.text}  {read.country or '--'}  {read.confidence:.2f}"
    if read.partial:
        plate += "  partial"
    if read.quality is None:
        return plate
    seen = read.quality
    return (
        f"{plate}  quality {seen.weight:.2f} ({seen.width:.0f} x {seen.height:.0f} pixels, "
        f"{seen.angle:+.0f} degrees, sharpness {seen.sharpness:.2f}, contrast {seen.contrast:.2f}, "
        f"clipped {seen.clipped:.2f})"
    )


def refusal_in_words(refused: Refused) -> str:
    x, y, width, height = refused.box
    return (
        f"refused: {refused.reason}  {refused.text or '-'}  {refused.confidence:.2f}  "
        f"({width:.0f} x {height:.0f} pixels at {x:.0f}, {y:.0f})"
    )


def write_annotated(folder: Path, path: Path, frame: Frame, reads: Sequence[Read]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"--annotate: the folder {folder} cannot be created: {error.strerror}; use another one"
        ) from error
    name = f"{path.stem}-{frame.number:06d}.jpg" if is_clip(path) else f"{path.stem}.jpg"
    if not cv2.imwrite(str(folder / name), pictures.annotate(frame.pixels, reads)):
        raise ConfigError(
            f"--annotate: {folder / name} cannot be written; check the write permission "
            "and the free "
            "disk space"
        )
