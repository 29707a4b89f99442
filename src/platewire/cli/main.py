"""`platewire COMMAND`: the commands, their arguments, and errors in words."""

import argparse
import contextlib
import io
import os
import sys
from collections.abc import Iterator, Sequence

from platewire import __version__
from platewire.cli import check, initial, restart, serve
from platewire.cli.database import database, tidy
from platewire.cli.lists import lists
from platewire.cli.outputs import outputs
from platewire.cli.query import decisions, events, export, search
from platewire.cli.recognition import bench, passages, read
from platewire.errors import ConfigError, PlatewireError

COMMANDS = (
    serve,
    check,
    read,
    passages,
    events,
    search,
    export,
    lists,
    decisions,
    outputs,
    restart,
    database,
    tidy,
    initial,
    bench,
)

EXIT_CODES = (
    "exit codes: 0 success; 1 completed, negative result; 2 invalid command line or configuration; "
    "3 a file, the event log or another system is not usable; 130 interrupted"
)


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="platewire",
        description="Reads number plates from cameras and sends vehicle passages to other systems.",
        epilog=EXIT_CODES,
    )
    top.add_argument("--version", action="version", version=f"platewire {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_arguments(commands)
    return top


RENAMED = {
    ("replay",): "`platewire replay` is now `platewire outputs replay`; its --from and --to take "
    "sequence numbers, --since and --until take times",
    ("transfers",): "`platewire transfers` is now `platewire outputs`",
    ("restart", "transfer"): "`platewire restart transfer` is now `platewire restart output`",
}
"""Commands of version 0.1, and what took their place."""
RENAMED_OPTIONS = {"--transfer": "`--transfer` is now `--output`"}
"""Options of version 0.1, and what took their place."""
PRIVATE = 0o077
"""What we write tells who drove where and when: files become 0600, folders 0700."""
FOR_OTHERS = ("init",)
"""Writes what others are to read: a configuration, which holds no secret."""


@contextlib.contextmanager
def private(command: str) -> Iterator[None]:
    """SQLite gives `-wal` and `-shm` the mode of their database."""
    before = os.umask(PRIVATE)
    if command in FOR_OTHERS:
        os.umask(before)
    try:
        yield
    finally:
        os.umask(before)


def show_any_name() -> None:
    """Names of files may hold bytes that the terminal's encoding cannot show."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def renamed(given: Sequence[str]) -> str:
    """What a command line of version 0.1 is called now; empty if nothing was renamed."""
    commands = (now for old, now in RENAMED.items() if tuple(given[: len(old)]) == old)
    options = (RENAMED_OPTIONS.get(each.partition("=")[0], "") for each in given)
    return next((now for now in (*commands, *options) if now), "")


def main(arguments: Sequence[str] | None = None) -> int:
    given = sys.argv[1:] if arguments is None else list(arguments)
    if said := renamed(given):
        print(f"platewire: {said}", file=sys.stderr)
        return 2
    options = parser().parse_args(given)
    show_any_name()
    try:
        with private(options.command):
            code: int = options.run(options)
    except ConfigError as error:
        print(f"platewire: {error}", file=sys.stderr)
        return 2
    except PlatewireError as error:
        print(f"platewire: {error}", file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader of our output has gone (`| head`); that is no error of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        print(f"platewire: {error}", file=sys.stderr)
        return 3
    return code
