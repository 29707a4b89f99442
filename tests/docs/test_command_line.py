"""The command-line page is what the commands say of themselves."""

import argparse
import os
import sys
from pathlib import Path

from platewire.cli.main import parser

PAGE = Path(__file__).parents[2] / "docs" / "command_line.md"
WRITTEN_BY = (3, 11)
"""The Python whose lines and columns the page has."""
MARK = "<!-- written by PLATEWIRE_WRITE_DOCS=1 pytest tests/docs -->\n"


def commands(top: argparse.ArgumentParser) -> list[tuple[str, argparse.ArgumentParser]]:
    """Every command and subcommand with its parser, in order."""
    found = []
    for action in top._subparsers._group_actions if top._subparsers else []:
        choices = action.choices if isinstance(action.choices, dict) else {}
        for name, sub in choices.items():
            found += [(name, sub), *((f"{name} {inner}", p) for inner, p in commands(sub))]
    return found


def help_of(sub: argparse.ArgumentParser) -> str:
    sub.formatter_class = lambda prog: argparse.HelpFormatter(prog, width=96)
    return sub.format_help()


def reference() -> str:
    blocks = [
        f"## `platewire {name}`\n\n```text\n{help_of(sub)}```\n" for name, sub in commands(parser())
    ]
    return MARK + "\n" + "\n".join(blocks)


def test_the_page_is_current() -> None:
    head, _, _ = PAGE.read_text("utf-8").partition(MARK)
    if os.environ.get("PLATEWIRE_WRITE_DOCS"):
        PAGE.write_text(head + reference(), "utf-8")
    there, here = PAGE.read_text("utf-8"), head + reference()
    if sys.version_info[:2] == WRITTEN_BY:
        assert there == here
    else:
        # Where lines break and columns begin differs from one Python's argparse to another's.
        assert there.split() == here.split()
