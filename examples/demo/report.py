"""What `--once` prints at its end: the passages, the counts of the receivers, the verdict."""

import os
from collections.abc import Mapping, Sequence

from examples.demo import receivers, verdict
from examples.demo.receivers import Record
from examples.demo.site import Site
from platewire.testing.scene import TruePassage

KINDS = ("new", "updated", "lost")
HEADS = (
    "plate",
    "country",
    "color",
    "going",
    "new",
    "updated",
    "lost",
    "first read as",
    "expected",
)
DIFFERENCES_SHOWN = 30


def once(site: Site, truth: Sequence[TruePassage], troubles: Sequence[str]) -> int:
    """Prints all of it; 0 when everybody agrees, else 1. `troubles` are what outputs said."""
    received = receivers.received(site)
    rows = verdict.matched(verdict.passages(received[receivers.NAMES[0]]), truth)
    print()
    print_table(HEADS, [cells(row) for row in rows])
    print_table(("receiver", *KINDS, "all"), counts(received))
    found = [*troubles, *verdict.differences(received, truth)]
    where = f"Logs and data of this run: {os.path.relpath(site.folder)}"
    if not found:
        print(f"All three receivers agree, with each other and with the ground truth. {where}")
        return 0
    print("Differences found:")
    for line in found[:DIFFERENCES_SHOWN]:
        print(f"  - {line}")
    if len(found) > DIFFERENCES_SHOWN:
        print(f"  ... and {len(found) - DIFFERENCES_SHOWN} more")
    print(where)
    return 1


def cells(row: verdict.Row) -> tuple[str, ...]:
    if row.seen is None:
        assert row.true is not None
        true = row.true
        return (true.text, true.country, true.color, true.direction, *[""] * 4, "yes, MISSED")
    last = row.seen.last
    return (
        last["plate"],
        last["country"] or "?",
        last["color"] or "?",
        last["direction"],
        *(str(row.seen.count(kind)) for kind in KINDS),
        row.seen.misread,
        "yes" if row.true else "NO",
    )


def counts(received: Mapping[str, Sequence[Record]]) -> list[tuple[str, ...]]:
    return [
        (name, *(str(sum(one["kind"] == kind for one in some)) for kind in KINDS), str(len(some)))
        for name, some in received.items()
    ]


def print_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    for line in (heads, ["-" * width for width in widths], *rows):
        fitted = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        print("  " + "  ".join(fitted).rstrip())
    print(flush=True)
