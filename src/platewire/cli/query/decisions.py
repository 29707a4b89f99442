"""`platewire decisions OUTPUT`: for whom a relay opened, for whom it did not, and why."""

import argparse
import sys
from datetime import tzinfo

from platewire.access import Decision
from platewire.cli.terminal.options import add_command, add_limit, print_json
from platewire.cli.terminal.times import zone_of
from platewire.config.load import load
from platewire.errors import ConfigError
from platewire.lists.decisions.book import FILE_NAME, Book
from platewire.runtime.clock import SystemClock
from platewire.runtime.site_time import print_time

ANSWERS = {"opened": "yes", "not_opened": "no", "unknown": "maybe", None: "?"}


def add_arguments(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = add_command(
        commands,
        "decisions",
        run,
        help="list the decisions of a relay with their reasons, newest last",
    )
    parser.add_argument("output", metavar="OUTPUT", help="name of an output of type relay or two_n")
    add_limit(parser, 50)


def run(options: argparse.Namespace) -> int:
    """0 when there were any, 1 when there were none."""
    config = load(options.config)
    relays = [each.name for each in config.output if each.opens_something]
    if options.output not in relays:
        there = ", ".join(relays) or "none"
        raise ConfigError(f'no relay output "{options.output}"; configured relay outputs: {there}')
    path = config.log.folder / FILE_NAME
    found = []
    if path.exists():
        book = Book(path, SystemClock().now())
        found = list(book.page(options.output, before=None, limit=options.limit))
        book.close()
    for _, decision in reversed(found):
        print_json(decision) if options.json else print(line_of(decision, zone_of(config)))
    if not found:
        print("platewire: no decisions yet", file=sys.stderr)
    return int(not found)


def line_of(decision: Decision, zone: tzinfo) -> str:
    answer = ANSWERS[decision.outcome]
    test = " (test)" if decision.test else ""
    moment = print_time(decision.at, zone, timespec="milliseconds")
    return (
        f"{moment}  {decision.camera}  {decision.plate:<10} {answer:<5} {decision.reason}{test}: "
        f"{decision.detail}"
    )
