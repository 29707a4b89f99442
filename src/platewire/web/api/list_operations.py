"""The operations on plate lists and relay decisions, as `operations` lists them."""

from typing import Any

from platewire.lists.file_import import Preview
from platewire.web.api import list_api
from platewire.web.api.describing import described, described_get
from platewire.web.api.list_shapes import (
    CheckQuery,
    DecisionPage,
    DecisionsQuery,
    EntriesBody,
    EntriesQuery,
    ImportQuery,
    ListChange,
    ListEntryPage,
    ListsOfPlate,
    ListViews,
    PlatesBody,
)
from platewire.web.api.operation import Handler, Operation, ResponseSpec
from platewire.web.problem import Problem

LIST = {"name": (str, "Configured name of the list")}
OUTPUT = {"name": (str, "Configured name of the output")}
PLATE = {"plate": (str, "The plate, in any notation")}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PROBLEM = "application/problem+json"


def _get(path: str, handler: Handler, summary: str, answer: ResponseSpec, **more: Any) -> Operation:
    return described_get(path, handler, "Lists", summary, answer, **more)


def _post(
    path: str, handler: Handler, summary: str, answer: ResponseSpec, **more: Any
) -> Operation:
    wrong = {415: ResponseSpec("Unsupported content type", Problem, PROBLEM)}
    return described("POST", path, handler, "Lists", summary, {200: answer}, also=wrong, **more)


LIST_OPERATIONS: tuple[Operation, ...] = (
    _get(
        "/lists",
        list_api.list_lists,
        "List all plate lists with their number of entries",
        ResponseSpec("The plate lists", ListViews),
    ),
    _get(
        "/lists/check/{plate}",
        list_api.check_plate,
        "Find the lists that match a plate, how it matches, and whether the entry is valid now",
        ResponseSpec("The matching lists", ListsOfPlate),
        parts=PLATE,
        query=CheckQuery,
    ),
    _get(
        "/lists/{name}/entries",
        list_api.list_entries,
        "List the entries of a list, sorted by plate",
        ResponseSpec("One page of entries", ListEntryPage),
        parts=LIST,
        query=EntriesQuery,
    ),
    _post(
        "/lists/{name}/entries",
        list_api.put_entries,
        "Add entries to a list or replace entries with the same plate; takes effect at once",
        ResponseSpec("How many were added or replaced", ListChange),
        parts=LIST,
        body=EntriesBody,
    ),
    _post(
        "/lists/{name}/remove",
        list_api.remove_entries,
        "Remove plates from a list; takes effect at once",
        ResponseSpec("How many were removed", ListChange),
        parts=LIST,
        body=PlatesBody,
    ),
    _post(
        "/lists/{name}/import",
        list_api.import_entries,
        "Import a CSV or XLSX file into a list, all valid rows in one transaction; without "
        "`apply` only a preview, with the rejected rows and the questions that need an answer "
        "first",
        ResponseSpec("The result or preview of the import", Preview),
        parts=LIST,
        query=ImportQuery,
        upload=("text/csv", XLSX),
    ),
    _get(
        "/outputs/{name}/decisions",
        list_api.list_decisions,
        "List the decisions of a relay with their reasons, newest first",
        ResponseSpec("One page of decisions", DecisionPage),
        parts=OUTPUT,
        query=DecisionsQuery,
    ),
)
