"""`platewire database erase | pseudonymise`: one plate, everywhere, with the proof."""

import argparse
import asyncio

from msgspec import Struct

from platewire.cli.lists import opened
from platewire.cli.options import add_config, add_json, print_json
from platewire.clock import SystemClock
from platewire.config.load import load
from platewire.config.tree import Config
from platewire.database.erasure import ERASED, ErasedThere, new_pseudonym, normal
from platewire.errors import ConfigError, LogError
from platewire.eventlog.erase import Erased, erase
from platewire.eventlog.lock import holder
from platewire.lists.settings import FILE_NAME, Mode
from platewire.transfers.database import PostgresqlTransfer, address, configured, import_driver

WORDS = """\
{plate}: {passages} passages with {events} events now say {name}; {pictures} pictures were deleted;
it was taken out of {mentions} events of other plates."""
PROOF = (
    "Proof: {files} files of {size} bytes were searched for {spellings} spellings of it: {said}."
)
SHORT = "It is too short to be searched for byte by byte; all columns were searched: {said}."
BEYOND = """\
Not searched: backups, and what third parties have received. In PostgreSQL not: the server's
write-ahead log, archives, replicas and backups."""


class Report(Struct, frozen=True, kw_only=True):
    """What was done. `name` is what stands in the plate's place."""

    name: str
    log: Erased
    postgresql: dict[str, ErasedThere]
    """By transfer."""


def add_tasks(tasks: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    for task, told in (
        ("erase", "take a plate out of everything; its passages stay, without plate and vehicle"),
        ("pseudonymise", "give the passages of a plate a name that says nothing of it"),
    ):
        parser = tasks.add_parser(task, help=told)
        add_config(parser)
        add_json(parser)
        parser.add_argument("plate", metavar="PLATE", help="such as BU9042, spaces do not matter")
        parser.set_defaults(run=run, task=task)


def run(options: argparse.Namespace) -> int:
    """1 where the plate is still somewhere."""
    config = load(options.config)
    plate = normal(options.plate)
    name = ERASED if options.task == "erase" else new_pseudonym()
    if process := holder(config.log.folder):
        raise LogError(
            f"platewire (process {process}) uses the folder {config.log.folder}, and has the "
            "newest events in memory; stop it first, start it again afterwards"
        )
    leave_lists(config, plate)
    there = {
        transfer.name: asyncio.run(erase_there(transfer, plate, name))
        for transfer in config.transfer
        if isinstance(transfer, PostgresqlTransfer)
    }
    done = erase(config.log.folder, plate, name, SystemClock().now())
    report = Report(name=name, log=done, postgresql=there)
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
    with opened(config) as store:
        names = sorted({each.list for each in store.candidates(plate, Mode.EXACT)})
        if used := [name for name in names if name in {each.name for each in config.list}]:
            commands = ", ".join(f"platewire lists remove {name} {plate}" for name in used)
            raise ConfigError(
                f"{plate} is on the lists: {', '.join(used)}; nothing was changed. Take it off "
                f"first ({commands}), then do this again"
            )
        for name in names:
            store.remove(name, [plate])


async def erase_there(settings: PostgresqlTransfer, plate: str, name: str) -> ErasedThere:
    with configured(settings):
        import_driver()
        place = address(settings)
    from platewire.database.postgresql import erase as there
    from platewire.database.postgresql.connection import connect, explained
    from platewire.database.postgresql.migrate import migrate

    with explained(f'transfer "{settings.name}": {place.shown}'):
        connection = await connect(place)
        try:
            await migrate(connection, settings.schema)
            now = SystemClock().now()
            return await there.erase(connection, settings.schema, plate, name, now)
        finally:
            await connection.close()


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
    said = "it is nowhere" if not done.left else "it is still in " + ", ".join(done.left)
    proof = PROOF if done.searched_for else SHORT
    print(
        proof.format(
            files=done.files_searched,
            size=done.bytes_searched,
            spellings=done.searched_for,
            said=said,
        )
    )
    for transfer, there in report.postgresql.items():
        found = "nowhere" if not there.left else "still in " + ", ".join(there.left)
        print(
            f'transfer "{transfer}": {there.passages} passages with {there.events} events, '
            f"{there.pictures} pictures; the plate is {found}"
        )
    print(BEYOND)
