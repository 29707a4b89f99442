"""`platewire check`: validates the file, then really connects to each camera and output."""

import argparse
import asyncio

import msgspec

from platewire.app.diagnose import Finding, diagnose
from platewire.cli.terminal.options import add_command, print_json
from platewire.config.load import load


def add_arguments(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = add_command(
        commands,
        "check",
        run,
        help="validate the configuration, then connect to every camera and output",
    )
    parser.add_argument(
        "--timeout",
        type=float,
        default=10.0,
        metavar="SECONDS",
        help="timeout for each camera and output",
    )


def run(options: argparse.Namespace) -> int:
    config = load(options.config)
    if not options.json:
        print(f"{options.config}: valid", flush=True)

    async def report() -> bool:
        good = True
        async for finding in diagnose(config, patience=options.timeout):
            good = good and finding.good
            show(finding, as_json=options.json)
        return good

    return 0 if asyncio.run(report()) else 1


def show(finding: Finding, *, as_json: bool) -> None:
    if as_json:
        print_json(msgspec.to_builtins(finding))
    else:
        mark = "ok  " if finding.good else "FAIL"
        print(f"{mark}  {finding.role:<11} {finding.name:<14} {finding.message}", flush=True)
