"""Arguments that several commands share, and what `--json` prints."""

import argparse
from pathlib import Path
from typing import Any

import msgspec

DEFAULT_CONFIG = Path("platewire.toml")


def add_config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config",
        type=Path,
        default=DEFAULT_CONFIG,
        metavar="FILE",
        help="configuration file (default: %(default)s)",
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON, one value per line")


def print_json(value: Any) -> None:
    print(msgspec.json.encode(value).decode(), flush=True)
