"""`platewire lists …`: the arguments of its tasks."""

import argparse
from pathlib import Path
from typing import get_args

from platewire.cli.lists import tasks
from platewire.cli.terminal.options import (
    add_config,
    add_json,
    add_limit,
)
from platewire.cli.terminal.times import TIMES
from platewire.country import normalize
from platewire.lists.files.dates import Order


def add_arguments(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("lists", help="manage plate lists: allow, block and watch lists")
    verbs = parser.add_subparsers(dest="task", required=True, metavar="TASK")
    _add_show(verbs.add_parser("show", help="show all lists, or the entries of one"))
    _add_add(verbs.add_parser("add", help="add a plate to a list, or change its entry"))
    _add_remove(verbs.add_parser("remove", help="remove plates from a list"))
    _add_import(verbs.add_parser("import", help="import a file into a list: preview, then apply"))
    _add_export(verbs.add_parser("export", help="export a list as CSV or XLSX"))
    _add_check(verbs.add_parser("check", help="show which lists match a plate, by camera and time"))


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
    parser.set_defaults(run=tasks.show)


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
    parser.set_defaults(run=tasks.add)


def _add_remove(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument("list", metavar="LIST", help="name of the list")
    parser.add_argument("plates", nargs="+", metavar="PLATE", help="plates in any notation")
    parser.set_defaults(run=tasks.remove)


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
    parser.set_defaults(run=tasks.import_file)


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
        "--delimiter", choices=tasks.DELIMITERS, default="comma", help="default: %(default)s"
    )
    parser.set_defaults(run=tasks.export)


def _add_check(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    add_json(parser)
    parser.add_argument("plate", metavar="PLATE", help="plate in any notation")
    parser.add_argument("--camera", default="", metavar="NAME", help="check for this camera")
    parser.add_argument("--at", metavar="TIME", help=f"check at this time: {TIMES} (default: now)")
    parser.set_defaults(run=tasks.check)
