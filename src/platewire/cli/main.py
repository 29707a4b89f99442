"""`platewire COMMAND`: the commands, their arguments, and errors in words."""

import argparse
import os
import sys
from collections.abc import Sequence

from platewire import __version__
from platewire.cli import (
    bench,
    check,
    database,
    decisions,
    events,
    export,
    initial,
    lists,
    passages,
    read,
    replay,
    search,
    serve,
    transfers,
)
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
    replay,
    transfers,
    database,
    initial,
    bench,
)

EXIT_CODES = (
    "exit codes: 0 done; 1 done, and the answer is no; 2 the command line or the configuration is "
    "wrong; 3 a file, the log or the other side cannot be used; 130 interrupted"
)


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="platewire",
        description="Reads number plates from cameras and hands every passage to other systems.",
        epilog=EXIT_CODES,
    )
    top.add_argument("--version", action="version", version=f"platewire {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_arguments(commands)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    try:
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
