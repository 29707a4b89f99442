"""`platewire lists …`: what is on the lists, put on and taken off, in and out as files.

Works on the lists' file, beside a running server or without one: what it writes holds there at
once.
"""

import argparse
import contextlib
import csv
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

from msgspec import Struct
from tqdm import tqdm

from platewire.access import Listed
from platewire.cli.terminal.options import (
    add_config,
    add_json,
    add_limit,
    no_live_file,
    print_json,
)
from platewire.cli.terminal.progress import bar
from platewire.cli.terminal.times import TIMES, time_of, zone_of
from platewire.config.load import load
from platewire.config.tree import Config
from platewire.country import normalize
from platewire.errors import ConfigError
from platewire.lists.entry import FIELDS, ListEntry, checked, typed
from platewire.lists.file_import import Import, Preview, Reading, RejectedRow
from platewire.lists.files import writing
from platewire.lists.files.dates import Order
from platewire.lists.files.record import guarded
from platewire.lists.look_up import Rules, look_up
from platewire.lists.settings import FILE_NAME, ListSettings
from platewire.lists.store import Store
from platewire.runtime.clock import SystemClock

PAGE = 1000
"""Entries read at once: few statements for a long list, little memory for one page."""
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t"}


def add_arguments(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("lists", help="manage plate lists: allow, block and watch lists")
    tasks = parser.add_subparsers(dest="task", required=True, metavar="TASK")
    _add_show(tasks.add_parser("show", help="show all lists, or the entries of one"))
    _add_add(tasks.add_parser("add", help="add a plate to a list, or change its entry"))
    _add_remove(tasks.add_parser("remove", help="remove plates from a list"))
    _add_import(tasks.add_parser("import", help="import a file into a list: preview, then apply"))
    _add_export(tasks.add_parser("export", help="export a list as CSV or XLSX"))
    _add_check(tasks.add_parser("check", help="show which lists match a plate, by camera and time"))


def _add_show(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    add_json(parser)
    parser.add_argument("list", nargs="?", metavar="LIST", help="name of the list")
    parser.add_argument(
        "--plate",
        type=normalize,
        default="",
        metavar="TEXT",
        help="only plates that start with this text",
    )
    add_limit(parser, 100)
    parser.add_argument(
        "--after",
        type=normalize,
        default="",
        metavar="PLATE",
        help="cursor: only plates after this one",
    )
    parser.set_defaults(run=show)


def _add_add(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument("list", metavar="LIST", help="name of the list")
    parser.add_argument("plate", metavar="PLATE", help="the plate as written on the vehicle")
    helps = {
        "valid_from": "start of validity: " + TIMES,
        "valid_to": "end of validity; a day counts to its end",
        "weekdays": "weekdays, such as mon-fri or sat,sun",
        "hours": "time of day, such as 08:00-18:00 or 22:00-06:00",
        "cameras": "camera names, comma-separated (default: all)",
        "holder": "holder of the plate",
        "note": "free text",
        "group": "group of the holder, such as a department or tenant",
        "card_facility": "facility code of the access card",
        "card_number": "number of the access card",
        "card_bits": "Wiegand bits of the card: 26, 34 or 64",
    }
    for name, text in helps.items():
        flag = f"--{name.removeprefix('valid_').replace('_', '-')}"
        parser.add_argument(flag, dest=name, default="", metavar="TEXT", help=text)
    parser.set_defaults(run=add)


def _add_remove(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument("list", metavar="LIST", help="name of the list")
    parser.add_argument("plates", nargs="+", metavar="PLATE", help="plates in any notation")
    parser.set_defaults(run=remove)


def _add_import(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    add_json(parser)
    parser.add_argument("list", metavar="LIST", help="name of the list")
    parser.add_argument("file", type=Path, metavar="FILE", help="CSV or XLSX file")
    parser.add_argument(
        "--apply",
        action="store_true",
        help="import the valid rows; without it, only a preview is shown",
    )
    parser.add_argument(
        "--replace",
        action="store_true",
        help="remove plates from the list that the file does not contain",
    )
    _add_reading(parser)
    parser.add_argument(
        "--rejected", type=Path, metavar="FILE", help="write all rejected rows to this CSV file"
    )
    parser.set_defaults(run=import_file)


def _add_reading(parser: argparse.ArgumentParser) -> None:
    """What to say of a file that cannot be found out for certain."""
    parser.add_argument(
        "--encoding", metavar="NAME", help="encoding of a text file (default: detected)"
    )
    parser.add_argument(
        "--sheet", metavar="NAME", help="sheet of the workbook; required if it has several"
    )
    parser.add_argument(
        "--column",
        action="append",
        default=[],
        metavar="FIELD=HEADING",
        help="column of a field, by its heading or its number from 1; repeatable",
    )
    parser.add_argument(
        "--ignore-column",
        action="append",
        default=[],
        metavar="HEADING",
        help="ignore a column even if it may limit the validity of entries; repeatable",
    )
    parser.add_argument("--no-headings", action="store_true", help="the file has no header row")
    parser.add_argument(
        "--date-order",
        choices=get_args(Order),
        help="order of day and month in dates such as 01/02/2027 (default: detected)",
    )
    parser.add_argument(
        "--allow-rejected",
        action="store_true",
        help="replace the list even if most rows are rejected",
    )


def reading_of(options: argparse.Namespace) -> Reading:
    return Reading(
        encoding=options.encoding,
        sheet=options.sheet,
        columns=options.column,
        ignored=options.ignore_column,
        headings=not options.no_headings,
        date_order=options.date_order,
        rejected_allowed=options.allow_rejected,
    )


def _add_export(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument("list", metavar="LIST", help="name of the list")
    parser.add_argument(
        "file",
        nargs="?",
        type=Path,
        metavar="FILE",
        help="output file, XLSX if its name ends in .xlsx, otherwise CSV (default: CSV to "
        "standard output)",
    )
    parser.add_argument(
        "--delimiter", choices=DELIMITERS, default="comma", help="default: %(default)s"
    )
    parser.set_defaults(run=export)


def _add_check(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    add_json(parser)
    parser.add_argument("plate", metavar="PLATE", help="plate in any notation")
    parser.add_argument("--camera", default="", metavar="NAME", help="check for this camera")
    parser.add_argument("--at", metavar="TIME", help=f"check at this time: {TIMES} (default: now)")
    parser.set_defaults(run=check)


# --- the tasks ----------------------------------------------------------------------------------


class Overview(Struct, frozen=True):
    """A list in a line of `lists show --json`."""

    name: str
    kind: str
    mode: str
    entries: int


def show(options: argparse.Namespace) -> int:
    """0 when there was anything to show, 1 when there was nothing."""
    config = load(options.config)
    with opened(config) as store:
        if options.list is None:
            return _show_all(config, store, as_json=options.json)
        name = named(config, options.list).name
        entries = store.page(name, after=options.after, limit=options.limit, prefix=options.plate)
        for entry in entries:
            print_json(entry) if options.json else print(line_of(entry))
        if len(entries) == options.limit:
            more = f"next page: --after {entries[-1].text}"
            print(f"platewire: stopped after {options.limit} entries; {more}", file=sys.stderr)
        return int(not entries)


def _show_all(config: Config, store: Store, *, as_json: bool) -> int:
    for each in config.list:
        view = Overview(each.name, each.kind.value, each.mode.value, store.count(each.name))
        if as_json:
            print_json(view)
        else:
            print(f"{view.name:<20} {view.kind:<6} {view.mode:<11} {view.entries:>9} entries")
    for name in sorted(set(store.names()) - {each.name for each in config.list}):
        if count := store.count(name):
            print(
                f"platewire: {count} entries stored for the list {name}, which is not configured",
                file=sys.stderr,
            )
    return int(not config.list)


def add(options: argparse.Namespace) -> int:
    config = load(options.config)
    name = named(config, options.list).name
    now, zone = SystemClock().now(), zone_of(config)
    fields = typed({field: getattr(options, field) for field in FIELDS}, zone, now)
    entry = checked(fields, [camera.name for camera in config.camera])
    with opened(config) as store:
        changed = store.put(name, [entry])
    print(f"{entry.plate}: {'changed' if changed else 'added'} on {name}")
    return 0


def remove(options: argparse.Namespace) -> int:
    """0 when all were on the list, 1 when one was not."""
    config = load(options.config)
    name = named(config, options.list).name
    with opened(config) as store:
        gone = store.remove(name, options.plates)
    print(f"{gone} of {len(options.plates)} removed from {name}")
    return int(gone < len({normalize(plate) for plate in options.plates}))


def import_file(options: argparse.Namespace) -> int:
    """0 when all rows are good, 1 when some were rejected or something has to be answered."""
    config = load(options.config)
    name = named(config, options.list).name
    cameras = [camera.name for camera in config.camera]
    for path in filter(None, (options.file, options.rejected)):
        no_live_file(path, config.log.folder)
    total = options.file.stat().st_size if options.file.exists() else None
    with (
        opened(config) as store,
        bar(total, f"import {options.file.name}", "B") as progress,
        rejections(options.rejected, options.file) as reject,
    ):
        job = Import(
            store,
            name,
            cameras,
            manner="replace" if options.replace else "merge",
            progress=lambda done: print_progress(progress, done),
            reject=reject,
        )
        preview = job.run(options.file, apply=options.apply, reading=reading_of(options))
    print_json(preview) if options.json else print(words(preview))
    return int(preview.rejected > 0 or bool(preview.questions))


def export(options: argparse.Namespace) -> int:
    config = load(options.config)
    name = named(config, options.list).name
    delimiter = DELIMITERS[options.delimiter]
    with opened(config) as store:
        if options.file is None:
            writing.write(entries_of(store, name), sys.stdout, delimiter)
            return 0
        no_live_file(options.file, config.log.folder)
        count = write_file(entries_of(store, name), options.file, delimiter)
    print(f"{count} entries of {name} exported to {options.file}")
    return 0


def check(options: argparse.Namespace) -> int:
    """0 when it stands on a list here and now, 1 when it does not."""
    config = load(options.config)
    at = time_of(config, "--at", options.at) or SystemClock().now()
    text = normalize(options.plate)
    if not text:
        raise ConfigError(f"invalid plate {options.plate!r}: it has no letters or digits")
    rules = Rules({each.name: each for each in config.list}, zone_of(config))
    with opened(config) as store:
        found = look_up(store, rules, text, options.camera, at)
    for each in found:
        print_json(each) if options.json else print(described(each))
    if not found:
        print(f"platewire: {text} is not on any list", file=sys.stderr)
    return int(not any(not each.refusal for each in found))


# --- what they share ----------------------------------------------------------------------------


@contextlib.contextmanager
def opened(config: Config) -> Iterator[Store]:
    store = Store(config.log.folder / FILE_NAME, SystemClock().now())
    try:
        yield store
    finally:
        store.close()


def named(config: Config, name: str) -> ListSettings:
    there = {each.name: each for each in config.list}
    if name not in there:
        known = ", ".join(there) or "none; add a [[list]] to the configuration"
        raise ConfigError(f'no list "{name}"; configured lists: {known}')
    return there[name]


def entries_of(store: Store, name: str) -> Iterator[ListEntry]:
    """All of them, page by page."""
    after = ""
    while page := store.page(name, after=after, limit=PAGE):
        yield from page
        after = page[-1].text


def write_file(entries: Iterator[ListEntry], path: Path, delimiter: str) -> int:
    """Writes a workbook or a CSV, by the file name; returns the number of entries."""
    if path.suffix.lower() == ".xlsx":
        if delimiter != DELIMITERS["comma"]:
            raise ConfigError(
                f"--delimiter applies to CSV only, and {path} is a workbook; remove it"
            )
        with path.open("wb") as workbook:
            return writing.write_workbook(entries, workbook)
    # Excel detects UTF-8 by the byte order mark.
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        return writing.write(entries, file, delimiter)


def print_progress(progress: "tqdm[Any]", done: int) -> None:
    progress.update(done - progress.n)


@contextlib.contextmanager
def rejections(path: Path | None, source: Path) -> Iterator[Callable[[RejectedRow], None]]:
    """Takes rejected rows to a file, where one is named."""
    if path is None:
        yield lambda row: None
        return
    if path.exists() and path.samefile(source):
        raise ConfigError(f"--rejected {path} is the import file itself; name another file")
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.writer(file)
        columns = RejectedRow.__struct_fields__
        table.writerow(columns)
        yield lambda row: table.writerow([guarded(str(getattr(row, c))) for c in columns])


def line_of(entry: ListEntry) -> str:
    span = f"{entry.valid_from}..{entry.valid_to}" if entry.valid_from or entry.valid_to else ""
    card = " ".join(filter(None, (entry.card_facility, entry.card_number)))
    bits = f"card {card} ({entry.card_bits} bits)" if entry.card_bits else ""
    what = (entry.cameras, entry.holder, entry.note, entry.group, bits)
    rest = (span, entry.weekdays, entry.hours, *what)
    return f"{entry.plate:<12} " + "  ".join(filter(None, rest))


def described(each: Listed) -> str:
    hit = each.hit
    said = f"no match now: {each.refusal}" if each.refusal else "matches now"
    return f"{hit.name} ({hit.kind}): {hit.entry}, {hit.mode}; {said}"


def words(preview: Preview) -> str:
    """What would become of the file, or what has."""
    done = "" if preview.applied else "would be "
    lines = [
        f"row {row.row}: {row.field or 'row'} {row.value!r}: {row.reason}; {row.remedy}"
        for row in preview.rejected_rows
    ]
    if preview.rejected > len(lines):
        lines.append(f"and {preview.rejected - len(lines)} more; write all with --rejected FILE")
    if preview.skipped:
        lines.append(f"ignored columns: {', '.join(preview.skipped)}")
    lines += [f"assumed: {said}" for said in preview.assumed]
    place = f"sheet {preview.sheet}" if preview.sheet else preview.encoding
    lines.append(
        f"{preview.rows} rows ({place}), {preview.rejected} rejected; on "
        f"{preview.list} {preview.added} {done}added, {preview.changed} {done}changed, "
        f"{preview.removed} {done}removed, {preview.same} unchanged"
    )
    lines += [f"decision needed: {question}" for question in preview.questions]
    if not preview.applied:
        lines.append(
            "nothing has been changed yet"
            + ("" if preview.questions else "; import the valid rows with --apply")
        )
    return "\n".join(lines)
