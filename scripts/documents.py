"""The documents that are generated from the code: written, or compared with what they should be.

    python3 run.py docs              writes those that differ
    python3 run.py docs --check      names those that differ, and ends with 1

A new generated document is one line in `DOCUMENTS`. Each page that has prose of its own keeps it
above `MARK`; what is below is replaced.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from platewire.cli.main import parser
from platewire.config.reference_page import page
from platewire.wire import native
from scripts.environment import ROOT

MARK = "<!-- below: written by `python3 run.py docs` -->\n"
HELP_COLUMNS = 96
WRAPPED_BY = (3, 11)
"""The Python whose argparse breaks the lines of the command reference; others break elsewhere."""


class Document(NamedTuple):
    text: Callable[[], str]
    """The whole document, or what belongs below `MARK`."""
    below_mark: bool = False
    python: tuple[int, int] | None = None
    """The only Python that writes it, where the result depends on that."""


def main(arguments: Sequence[str]) -> int:
    options = argparse.ArgumentParser(prog="run.py docs", description=__doc__.partition("\n")[0])
    options.add_argument("--check", action="store_true", help="only compare, write nothing")
    check = options.parse_args(arguments).check
    differing = 0
    for name, document in DOCUMENTS.items():
        here = document.python in (None, sys.version_info[:2])
        if not here:
            print(f"{name}: left as it is, only Python {told(document.python)} writes it")
        elif not is_current(ROOT / name, document):
            differing += 1
            print(f"{name}: {'differs; run `python3 run.py docs`' if check else 'written'}")
            if not check:
                (ROOT / name).write_text(expected(ROOT / name, document), "utf-8")
    print(f"{len(DOCUMENTS)} documents, {differing or 'none'} {'differ' if check else 'written'}")
    return 1 if check and differing else 0


def told(python: tuple[int, int] | None) -> str:
    return ".".join(map(str, python or ()))


def is_current(file: Path, document: Document) -> bool:
    """Of words alone where another Python would break the lines elsewhere."""
    there, right = file.read_text("utf-8"), expected(file, document)
    if document.python in (None, sys.version_info[:2]):
        return there == right
    return there.split() == right.split()


def expected(file: Path, document: Document) -> str:
    if not document.below_mark:
        return document.text()
    prose, mark, _ = file.read_text("utf-8").partition(MARK)
    if not mark:
        raise ValueError(f"{file} has no line {MARK.strip()!r}; add it where the prose ends")
    return prose + MARK + "\n" + document.text()


# --- what is generated ---------------------------------------------------------------------------


def schema() -> str:
    return json.dumps(native.json_schema(), indent=2) + "\n"


def command_reference() -> str:
    return "\n".join(
        f"## `platewire {name}`\n\n```text\n{help_of(sub)}```\n" for name, sub in commands(parser())
    )


def commands(top: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every command and subcommand with its parser, in order."""
    for action in top._subparsers._group_actions if top._subparsers else []:
        choices = action.choices if isinstance(action.choices, dict) else {}
        for name, sub in choices.items():
            yield name, sub
            yield from ((f"{name} {inner}", each) for inner, each in commands(sub))


def help_of(sub: argparse.ArgumentParser) -> str:
    sub.formatter_class = lambda prog: argparse.HelpFormatter(prog, width=HELP_COLUMNS)
    return sub.format_help()


DOCUMENTS: Mapping[str, Document] = {
    "docs/command_line.md": Document(command_reference, below_mark=True, python=WRAPPED_BY),
    "docs/configuration.md": Document(page),
    "docs/event.schema.json": Document(schema),
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
