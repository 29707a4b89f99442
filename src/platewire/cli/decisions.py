"""`platewire decisions TRANSFER`: for whom a relay opened, for whom it did not, and why."""

import argparse
import sys

from platewire.cli.options import add_config, add_json, print_json
from platewire.clock import SystemClock
from platewire.config.load import load
from platewire.errors import ConfigError
from platewire.lists.decisions.book import FILE_NAME, Book
from platewire.model import Decision
from platewire.transfers.relay import RelayTransfer


def add_arguments(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "decisions", help="each yes and no of a relay, with its reason, newest last"
    )
    add_config(parser)
    add_json(parser)
    parser.add_argument("transfer", metavar="TRANSFER", help="name of a transfer of type relay")
    parser.add_argument("--limit", type=int, default=50, metavar="N", help="how many at most")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """0 when there were any, 1 when there were none."""
    config = load(options.config)
    relays = [each.name for each in config.transfer if isinstance(each, RelayTransfer)]
    if options.transfer not in relays:
        there = ", ".join(relays) or "none"
        raise ConfigError(f'there is no relay "{options.transfer}"; there are: {there}')
    path = config.log.folder / FILE_NAME
    found = []
    if path.exists():
        book = Book(path, SystemClock().now())
        found = list(book.page(options.transfer, before=None, limit=options.limit))
        book.close()
    for _, decision in reversed(found):
        print_json(decision) if options.json else print(line_of(decision))
    if not found:
        print("platewire: it has decided nothing yet", file=sys.stderr)
    return int(not found)


def line_of(decision: Decision) -> str:
    answer = {True: "yes", False: "no", None: "?"}[decision.opened]
    test = " (test)" if decision.test else ""
    moment = decision.at.isoformat(sep=" ", timespec="milliseconds").removesuffix("+00:00")
    return (
        f"{moment}  {decision.camera}  {decision.plate:<10} {answer:<3} {decision.reason}{test}: "
        f"{decision.detail}"
    )
