"""`platewire database erase | pseudonymise`: one plate, everywhere, with the proof."""

import argparse
import asyncio

from msgspec import Struct

from platewire.cli.lists.tasks import open_store
from platewire.cli.terminal.options import add_config, add_json, print_json
from platewire.config.load import load
from platewire.config.tree import Config
from platewire.database.erasure import ERASED, DatabaseErasure, new_pseudonym, normal
from platewire.errors import ConfigError, LogError
from platewire.eventlog.lock import holder
from platewire.eventlog.upkeep.erase import Erased, erase
from platewire.lists.settings import FILE_NAME, Mode
from platewire.runtime.clock import SystemClock

WORDS = """\
{plate}: replaced by {name} in {passages} passages with {events} events;
{pictures} pictures deleted; removed from {mentions} events of other plates."""
PROOF = "Verification: searched {files} files of {size} bytes for {spellings} spellings: {said}."
SHORT = (
    "Verification: the plate is too short for a search of all bytes; searched all columns: {said}."
)
BEYOND = """\
Not searched: backups, and data that other systems have received. For PostgreSQL also: the
write-ahead log, archives, replicas and backups of the database server."""


class Report(Struct, frozen=True, kw_only=True):
    """What was done. `name` is what stands in the plate's place."""

    name: str
    log: Erased
    outputs: dict[str, DatabaseErasure]
    """Those that store what they get, by name."""


def add_tasks(tasks: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    for task, told in (
        ("erase", "erase a plate everywhere; its passages remain, without plate and vehicle data"),
        ("pseudonymise", "replace a plate by a random pseudonym in its passages"),
    ):
        parser = tasks.add_parser(task, help=told)
        add_config(parser)
        add_json(parser)
        parser.add_argument(
            "plate", metavar="PLATE", help="plate such as BU9042; spaces are ignored"
        )
        parser.set_defaults(run=run, task=task)


def run(options: argparse.Namespace) -> int:
    """1 where the plate is still somewhere."""
    config = load(options.config)
    plate = normal(options.plate)
    name = ERASED if options.task == "erase" else new_pseudonym()
    if process := holder(config.log.folder):
        raise LogError(
            f"platewire (process {process}) is using the folder {config.log.folder}; stop it, run "
            "this command again, then start it"
        )
    leave_lists(config, plate)
    there = asyncio.run(erase_there(config, plate, name))
    done = erase(config.log.folder, plate, name, SystemClock().now())
    report = Report(name=name, log=done, outputs=there)
    if options.json:
        print_json(report)
    else:
        tell(plate, report)
    return 1 if done.left or any(each.left for each in there.values()) else 0


def leave_lists(config: Config, plate: str) -> None:
    """ConfigError where a list that is used has it: whether a gate stays shut for somebody is
    decided by who keeps the list. From a list that no configuration names it goes here."""
    if not (config.log.folder / FILE_NAME).exists():
        return
    with open_store(config) as store:
        names = sorted({each.list for each in store.candidates(plate, Mode.EXACT)})
        if used := [name for name in names if name in {each.name for each in config.list}]:
            commands = ", ".join(f"platewire lists remove {name} {plate}" for name in used)
            raise ConfigError(
                f"{plate} is on the lists: {', '.join(used)}; nothing was changed. Remove it "
                f"first ({commands}), then run this command again"
            )
        for name in names:
            store.remove(name, [plate])


async def erase_there(config: Config, plate: str, name: str) -> dict[str, DatabaseErasure]:
    """In all outputs that store what they get."""
    now = SystemClock().now()
    found = {each.name: await each.erase(plate, name, now) for each in config.output}
    return {output: there for output, there in found.items() if there is not None}


def tell(plate: str, report: Report) -> None:
    done = report.log
    print(
        WORDS.format(
            plate=plate,
            name=report.name,
            passages=done.passages,
            events=done.events,
            pictures=done.pictures,
            mentions=done.mentions,
        )
    )
    said = "not found" if not done.left else "still in " + ", ".join(done.left)
    proof = PROOF if done.searched_for else SHORT
    print(
        proof.format(
            files=done.files_searched,
            size=done.bytes_searched,
            spellings=done.searched_for,
            said=said,
        )
    )
    for output, there in report.outputs.items():
        found = "not found" if not there.left else "still in " + ", ".join(there.left)
        print(
            f'output "{output}": {there.passages} passages with {there.events} events, '
            f"{there.pictures} pictures; verification: {found}"
        )
    print(BEYOND)
