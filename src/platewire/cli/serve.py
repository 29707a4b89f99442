"""`platewire serve`: runs everything the configuration names, until it is told to stop."""

import argparse
import asyncio
import logging
import sys

from platewire.cli.options import add_config, add_json, print_json
from platewire.config.load import load
from platewire.server import Addresses, serve

DIAGNOSTICS = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def add_arguments(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("serve", help="run the cameras, the transfers and the page")
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
        cameras, transfers = len(config.camera), len(config.transfer)
        print(f"platewire runs: {counted(cameras, 'camera')}, {counted(transfers, 'transfer')}")
        print(f"  page      {addresses.page or 'off'}")
        print(f"  database  {addresses.database}")
        for name, address in addresses.transfers.items():
            print(f"  {name:<9} {address}")
        print("Stop with Ctrl-C; a second one ends at once.", flush=True)

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
