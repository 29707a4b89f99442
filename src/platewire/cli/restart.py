"""`platewire restart`: begins one part of the running server anew, all others go on."""

import argparse
import asyncio
from typing import Any, get_args
from urllib.parse import quote

from platewire.cli.terminal.options import add_command, print_json
from platewire.cli.terminal.running import running_api
from platewire.config.load import load
from platewire.runtime.status import Restartable


def add_arguments(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = add_command(
        commands,
        "restart",
        run,
        help="restart a failed component of the running server",
        description="Restart one component of the running server; the others keep running. The web "
        "page, /healthz and the status of the API name failed components.",
    )
    parser.add_argument(
        "role",
        choices=get_args(Restartable),
        help="kind of component; `server` for a task of the server itself",
    )
    parser.add_argument("name", metavar="NAME", help="name of the component, as on the web page")


def run(options: argparse.Namespace) -> int:
    status = asyncio.run(_restart(options))
    if options.json:
        print_json(status)
    else:
        print(f"{options.role} {options.name} is restarting; see its state on the web page")
    return 0


async def _restart(options: argparse.Namespace) -> Any:
    path = f"/parts/{options.role}/{quote(options.name, safe='')}/restart"
    async with running_api(load(options.config)) as api:
        return await api.post(path)
