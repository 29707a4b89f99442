"""`platewire serve`: runs everything the configuration names, until it is told to stop."""

import argparse
import asyncio
import logging
import sys

from platewire.app.server import Addresses, serve
from platewire.cli.terminal.options import add_config, add_json, print_json
from platewire.config.load import load

DIAGNOSTICS = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def add_arguments(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "serve", help="start the server: cameras, outputs, web page and API"
    )
    add_config(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    config = load(options.config)
    logging.basicConfig(level=logging.INFO, format=DIAGNOSTICS, stream=sys.stderr)

    def ready(addresses: Addresses) -> None:
        if options.json:
            print_json(addresses)
            return
        cameras, outputs = len(config.camera), len(config.output)
        print(f"platewire runs: {counted(cameras, 'camera')}, {counted(outputs, 'output')}")
        print(f"  page      {addresses.page or 'off'}")
        print(f"  database  {addresses.database}")
        for name, address in addresses.outputs.items():
            print(f"  {name:<9} {address}")
        print("Press Ctrl-C to stop, twice to stop immediately.", flush=True)

    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(serve(config, ready=ready))
    return 0


def counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def loop_factory() -> "type[asyncio.AbstractEventLoop] | None":
    """uvloop where it exists; plain asyncio does the same, more slowly."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.Loop
