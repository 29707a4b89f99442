"""Arguments that several commands share, and what `--json` prints."""

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from platewire.errors import ConfigError

DEFAULT_CONFIG = Path("platewire.toml")
LIVE = re.compile(r"\.db(-wal|-shm|-journal)?$")


def help_of(description: str) -> str:
    """The description of a field as help of its option: plain text that begins in lower case."""
    plain = description.replace("`", "").replace("%", "%%")
    return plain[0].lower() + plain[1:]


def add_config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config",
        type=Path,
        default=DEFAULT_CONFIG,
        metavar="FILE",
        help="configuration file (default: %(default)s)",
    )


def add_command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    run: Callable[[argparse.Namespace], int],
    *,
    help: str,  # noqa: A002 - argparse's name
    description: str | None = None,
) -> argparse.ArgumentParser:
    """A command with `--config` and `--json`; `run` gives the exit code."""
    parser = commands.add_parser(name, help=help, description=description)
    add_config(parser)
    add_json(parser)
    parser.set_defaults(run=run)
    return parser


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON, one value per line")


def add_limit(parser: argparse.ArgumentParser, default: int) -> None:
    parser.add_argument(
        "--limit",
        type=count,
        default=default,
        metavar="N",
        help="maximum number of results (default: %(default)s)",
    )


def add_before(parser: argparse.ArgumentParser) -> None:
    """The cursor of pages that are newest first, as in the API."""
    parser.add_argument(
        "--before",
        type=count,
        metavar="SEQ",
        help="cursor: only lower sequence numbers, to page back",
    )


def count(text: str) -> int:
    """A whole number from 1."""
    if text.isascii() and text.isdigit() and int(text) > 0:
        return int(text)
    raise argparse.ArgumentTypeError(f"invalid number {text!r}: use a whole number from 1")


def print_json(value: Any) -> None:
    print(msgspec.json.encode(value).decode(), flush=True)


def no_live_file(path: Path, log_folder: Path) -> None:
    """ConfigError for a database of the server, which SQLite alone may open: whoever closes one
    loses the locks that his process has on it. For what a command reads or writes."""
    resolved = path.resolve()
    if resolved.parent == log_folder.resolve() and LIVE.search(resolved.name):
        raise ConfigError(f"{path} is a database in use by the server; use another file")
