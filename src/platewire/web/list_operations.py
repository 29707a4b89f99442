"""The operations on lists, and on the decisions of relays, as `operations` lists them."""

from typing import Any

from platewire.lists.csv_import import Preview
from platewire.web import list_api
from platewire.web.describing import described, described_get
from platewire.web.list_shapes import (
    CheckQuery,
    DecisionPage,
    DecisionsQuery,
    EntriesBody,
    EntriesQuery,
    ImportQuery,
    ListChange,
    ListEntryPage,
    ListViews,
    PlatesBody,
    Standings,
)
from platewire.web.operation import Answer, Handler, Operation
from platewire.web.problem import Problem

LIST = {"name": (str, "Configured name of the list")}
TRANSFER = {"name": (str, "Configured name of the transfer")}
PLATE = {"plate": (str, "The plate, however written")}
PROBLEM = "application/problem+json"


def _get(path: str, handler: Handler, summary: str, answer: Answer, **more: Any) -> Operation:
    return described_get(path, handler, "Lists", summary, answer, **more)


def _post(path: str, handler: Handler, summary: str, answer: Answer, **more: Any) -> Operation:
    wrong = {415: Answer("The body is of another kind", Problem, PROBLEM)}
    return described("POST", path, handler, "Lists", summary, {200: answer}, also=wrong, **more)


LIST_OPERATIONS: tuple[Operation, ...] = (
    _get(
        "/lists",
        list_api.list_lists,
        "All lists of plates, and how long they are",
        Answer("The lists", ListViews),
    ),
    _get(
        "/lists/check/{plate}",
        list_api.check_plate,
        "On which lists a plate stands, how it matches, and whether that holds now",
        Answer("The lists that know it", Standings),
        parts=PLATE,
        query=CheckQuery,
    ),
    _get(
        "/lists/{name}/entries",
        list_api.list_entries,
        "Entries of a list, by plate",
        Answer("Some entries", ListEntryPage),
        parts=LIST,
        query=EntriesQuery,
    ),
    _post(
        "/lists/{name}/entries",
        list_api.put_entries,
        "Puts entries on a list, each in the place of one with the same plate; holds at once",
        Answer("What became of them", ListChange),
        parts=LIST,
        body=EntriesBody,
    ),
    _post(
        "/lists/{name}/remove",
        list_api.remove_entries,
        "Takes plates off a list; holds at once",
        Answer("How many were on it", ListChange),
        parts=LIST,
        body=PlatesBody,
    ),
    _post(
        "/lists/{name}/import",
        list_api.import_entries,
        "A CSV file into a list, all good rows at once; without `apply` only what would become "
        "of it, with the rows that are rejected",
        Answer("What becomes of the file", Preview),
        parts=LIST,
        query=ImportQuery,
        upload="text/csv",
    ),
    _get(
        "/transfers/{name}/decisions",
        list_api.list_decisions,
        "Each yes and no of a relay with its reason, newest first",
        Answer("Some decisions", DecisionPage),
        parts=TRANSFER,
        query=DecisionsQuery,
    ),
)
