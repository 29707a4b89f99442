"""`platewire lists …`: what is on the lists, put on and taken off, in and out as CSV.

Works on the lists' file, beside a running server or without one: what it writes holds there at
once.
"""

import argparse
import contextlib
import csv
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct
from tqdm import tqdm

from platewire.cli.options import add_config, add_json, print_json
from platewire.cli.progress import bar
from platewire.clock import SystemClock
from platewire.config.load import load
from platewire.config.tree import Config
from platewire.country import normalize
from platewire.errors import ConfigError
from platewire.lists import csv_text
from platewire.lists.csv_import import Import, Preview, RejectedRow
from platewire.lists.entry import FIELDS, ListEntry, checked
from platewire.lists.look_up import Rules, look_up
from platewire.lists.settings import FILE_NAME, ListSettings
from platewire.lists.store import Store
from platewire.model import Listed

PAGE = 1000
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t"}


def add_arguments(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("lists", help="the lists of plates: allow, block, watch")
    tasks = parser.add_subparsers(dest="task", required=True, metavar="TASK")
    _add_show(tasks.add_parser("show", help="all lists, or the entries of one"))
    _add_add(tasks.add_parser("add", help="put a plate on a list, or change its entry"))
    _add_remove(tasks.add_parser("remove", help="take plates off a list"))
    _add_import(tasks.add_parser("import", help="a CSV file into a list: look first, then apply"))
    _add_export(tasks.add_parser("export", help="a list as a CSV file"))
    _add_check(tasks.add_parser("check", help="on which lists a plate stands, here and now"))


def _add_show(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    add_json(parser)
    parser.add_argument("list", nargs="?", metavar="LIST", help="name of the list")
    parser.add_argument(
        "--plate", type=normalize, default="", metavar="TEXT", help="only plates that begin so"
    )
    parser.add_argument("--limit", type=int, default=100, metavar="N", help="how many at most")
    parser.set_defaults(run=show)


def _add_add(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument("list", metavar="LIST", help="name of the list")
    parser.add_argument("plate", metavar="PLATE", help="the plate, as it is written")
    helps = {
        "valid_from": "first day, or local time: 2026-01-31, 2026-01-31T08:00",
        "valid_to": "last day, or local time at which it ends",
        "weekdays": "such as mon-fri or sat,sun",
        "hours": "such as 08:00-18:00, or 22:00-06:00",
        "cameras": "names, with spaces between",
        "holder": "whose it is",
        "note": "anything",
    }
    for name, text in helps.items():
        flag = f"--{name.removeprefix('valid_')}"
        parser.add_argument(flag, dest=name, default="", metavar="TEXT", help=text)
    parser.set_defaults(run=add)


def _add_remove(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument("list", metavar="LIST", help="name of the list")
    parser.add_argument("plates", nargs="+", metavar="PLATE", help="plates, however written")
    parser.set_defaults(run=remove)


def _add_import(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    add_json(parser)
    parser.add_argument("list", metavar="LIST", help="name of the list")
    parser.add_argument("file", type=Path, metavar="FILE", help="a CSV file")
    parser.add_argument(
        "--apply", action="store_true", help="take the good rows; without it nothing is changed"
    )
    parser.add_argument(
        "--replace", action="store_true", help="plates that the file does not have leave the list"
    )
    parser.add_argument("--encoding", metavar="NAME", help="of the file (default: found out)")
    parser.add_argument(
        "--rejected", type=Path, metavar="FILE", help="write all rejected rows there, as CSV"
    )
    parser.set_defaults(run=import_file)


def _add_export(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument("list", metavar="LIST", help="name of the list")
    parser.add_argument(
        "file", nargs="?", type=Path, metavar="FILE", help="where to (default: standard output)"
    )
    parser.add_argument(
        "--delimiter", choices=DELIMITERS, default="comma", help="default: %(default)s"
    )
    parser.set_defaults(run=export)


def _add_check(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    add_json(parser)
    parser.add_argument("plate", metavar="PLATE", help="the plate, however written")
    parser.add_argument("--camera", default="", metavar="NAME", help="at this camera")
    parser.add_argument(
        "--at", metavar="TIME", help="local time at the site: 2026-01-31T08:00 (default: now)"
    )
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
        entries = store.page(name, after="", limit=options.limit, prefix=options.plate)
        for entry in entries:
            print_json(entry) if options.json else print(line_of(entry))
        if len(entries) == options.limit:
            print(f"platewire: the first {options.limit}; see --limit", file=sys.stderr)
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
                f"platewire: {count} entries are kept of a list {name} that no [[list]] names",
                file=sys.stderr,
            )
    return int(not config.list)


def add(options: argparse.Namespace) -> int:
    config = load(options.config)
    name = named(config, options.list).name
    fields = {field: getattr(options, field) for field in FIELDS}
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
    print(f"{gone} of {len(options.plates)} were on {name} and are off it now")
    return int(gone < len({normalize(plate) for plate in options.plates}))


def import_file(options: argparse.Namespace) -> int:
    """0 when all rows are good, 1 when some were rejected."""
    config = load(options.config)
    name = named(config, options.list).name
    cameras = [camera.name for camera in config.camera]
    total = options.file.stat().st_size if options.file.exists() else None
    with (
        opened(config) as store,
        bar(total, f"import {options.file.name}", "B") as progress,
        rejections(options.rejected) as reject,
    ):
        job = Import(
            store,
            name,
            cameras,
            manner="replace" if options.replace else "merge",
            progress=lambda done: print_progress(progress, done),
            reject=reject,
        )
        preview = job.run(options.file, apply=options.apply, encoding=options.encoding)
    print_json(preview) if options.json else print(words(preview))
    return int(preview.rejected > 0)


def export(options: argparse.Namespace) -> int:
    config = load(options.config)
    name = named(config, options.list).name
    delimiter = DELIMITERS[options.delimiter]
    with opened(config) as store:
        if options.file is None:
            csv_text.write(entries_of(store, name), sys.stdout, delimiter)
            return 0
        # The mark is what Excel needs to know UTF-8 by.
        with options.file.open("w", encoding="utf-8-sig", newline="") as file:
            count = csv_text.write(entries_of(store, name), file, delimiter)
    print(f"{count} entries of {name} are in {options.file}")
    return 0


def check(options: argparse.Namespace) -> int:
    """0 when it stands on a list here and now, 1 when it does not."""
    config = load(options.config)
    zone = ZoneInfo(config.site.time_zone)
    text = normalize(options.plate)
    if not text:
        raise ConfigError(f"{options.plate!r} has neither letter nor digit; write a plate")
    rules = Rules({each.name: each for each in config.list}, zone)
    with opened(config) as store:
        found = look_up(store, rules, text, options.camera, moment(options.at, zone))
    for each in found:
        print_json(each) if options.json else print(standing(each))
    if not found:
        print(f"platewire: {text} is on no list", file=sys.stderr)
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
        raise ConfigError(f'there is no list "{name}"; there are: {known}')
    return there[name]


def entries_of(store: Store, name: str) -> Iterator[ListEntry]:
    """All of them, page by page."""
    after = ""
    while page := store.page(name, after=after, limit=PAGE):
        yield from page
        after = page[-1].text


def moment(text: str | None, zone: ZoneInfo) -> datetime:
    if text is None:
        return SystemClock().now()
    try:
        given = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError(f"--at {text!r} is no time; write it like 2026-01-31T08:00") from error
    return given if given.tzinfo else given.replace(tzinfo=zone)


def print_progress(progress: "tqdm[Any]", done: int) -> None:
    progress.update(done - progress.n)


@contextlib.contextmanager
def rejections(path: Path | None) -> Iterator[Callable[[RejectedRow], None]]:
    """Takes rejected rows to a file, where one is named."""
    if path is None:
        yield lambda row: None
        return
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.writer(file)
        columns = RejectedRow.__struct_fields__
        table.writerow(columns)
        yield lambda row: table.writerow([csv_text.guarded(str(getattr(row, c))) for c in columns])


def line_of(entry: ListEntry) -> str:
    span = f"{entry.valid_from}..{entry.valid_to}" if entry.valid_from or entry.valid_to else ""
    rest = (span, entry.weekdays, entry.hours, entry.cameras, entry.holder, entry.note)
    return f"{entry.plate:<12} " + "  ".join(filter(None, rest))


def standing(each: Listed) -> str:
    hit = each.hit
    said = f"not here and now: {each.refusal}" if each.refusal else "holds"
    return f"{hit.name} ({hit.kind}): {hit.entry}, {hit.mode}; {said}"


def words(preview: Preview) -> str:
    """What would become of the file, or what has."""
    done = "" if preview.applied else "would be "
    lines = [
        f"row {row.row}: {row.field or 'row'} {row.value!r}: {row.reason}; {row.remedy}"
        for row in preview.rejected_rows
    ]
    if preview.rejected > len(lines):
        lines.append(f"and {preview.rejected - len(lines)} more; --rejected FILE has them all")
    if preview.passed_over:
        lines.append(f"columns passed over: {', '.join(preview.passed_over)}")
    lines.append(
        f"{preview.rows} rows ({preview.encoding}), {preview.rejected} rejected; on "
        f"{preview.list} {preview.added} {done}added, {preview.changed} {done}changed, "
        f"{preview.removed} {done}removed, {preview.same} the same"
    )
    if not preview.applied:
        lines.append("nothing is changed yet; --apply takes the good rows")
    return "\n".join(lines)
