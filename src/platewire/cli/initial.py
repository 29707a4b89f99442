"""`platewire init`: writes a commented platewire.toml to start from."""

import argparse
from pathlib import Path

from platewire.cli.terminal.options import DEFAULT_CONFIG
from platewire.config.plugs import find
from platewire.config.reference import starter
from platewire.config.reference_page import page, plug_page
from platewire.errors import ConfigError


def add_arguments(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("init", help="write a commented configuration file")
    parser.add_argument(
        "file", nargs="?", type=Path, default=DEFAULT_CONFIG, help="default: %(default)s"
    )
    parser.add_argument("--force", action="store_true", help="overwrite the file")
    parser.add_argument(
        "--reference", action="store_true", help="print the configuration reference instead"
    )
    parser.add_argument(
        "--type",
        metavar="TYPE",
        help="with --reference: only the settings of this output, source or engine, also of an "
        "installed package",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    if options.reference:
        print(plug_page(*find(options.type)) if options.type else page(), end="")
        return 0
    path: Path = options.file
    if path.is_dir():
        raise ConfigError(f"{path} is a folder; use a file, such as {path / 'platewire.toml'}")
    if path.exists() and not options.force:
        raise ConfigError(f"{path} already exists; overwrite it with --force")
    try:
        path.write_text(starter(), "utf-8")
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from error
    print(f"{path} written. Next: set your camera, then `platewire check --config {path}`.")
    return 0
