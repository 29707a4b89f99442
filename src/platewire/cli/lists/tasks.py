"""What `platewire lists` does: show, add and remove entries, import and export, check a plate.

Works on the lists' file, beside a running server or without one: what it writes is valid there at
once.
"""

import argparse
import contextlib
import csv
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct
from tqdm import tqdm

from platewire.cli.lists.words import described, line_of, words
from platewire.cli.terminal.options import (
    no_live_file,
    print_json,
)
from platewire.cli.terminal.progress import bar
from platewire.cli.terminal.times import time_of, zone_of
from platewire.config.load import load
from platewire.config.tree import Config
from platewire.country import normalize
from platewire.errors import ConfigError
from platewire.lists.entry import FIELDS, ListEntry, list_entry, typed
from platewire.lists.file_import import Import, Reading, RejectedRow
from platewire.lists.files import writing
from platewire.lists.files.record import guarded
from platewire.lists.look_up import Rules, look_up
from platewire.lists.settings import FILE_NAME, ListSettings
from platewire.lists.store import Store
from platewire.runtime.clock import SystemClock

PAGE = 1000
"""Entries read at once: few statements for a long list, little memory for one page."""
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t"}


class Overview(Struct, frozen=True):
    """A list in a line of `lists show --json`."""

    name: str
    kind: str
    mode: str
    entries: int


def show(options: argparse.Namespace) -> int:
    """0 when there was anything to show, 1 when there was nothing."""
    config = load(options.config)
    with open_store(config) as store:
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
    entry = list_entry(fields, [camera.name for camera in config.camera])
    with open_store(config) as store:
        changed = store.put(name, [entry])
    print(f"{entry.plate}: {'changed' if changed else 'added'} on {name}")
    return 0


def remove(options: argparse.Namespace) -> int:
    """0 when all were on the list, 1 when one was not."""
    config = load(options.config)
    name = named(config, options.list).name
    with open_store(config) as store:
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
        open_store(config) as store,
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
    with open_store(config) as store:
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
    with open_store(config) as store:
        found = look_up(store, rules, text, options.camera, at)
    for each in found:
        print_json(each) if options.json else print(described(each))
    if not found:
        print(f"platewire: {text} is not on any list", file=sys.stderr)
    return int(not any(not each.refusal for each in found))


# --- what they share ----------------------------------------------------------------------------


@contextlib.contextmanager
def open_store(config: Config) -> Iterator[Store]:
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
