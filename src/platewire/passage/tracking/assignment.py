"""Minimum-cost assignment of rows to columns, at most one column per row."""

import math
from collections.abc import Sequence

FORBIDDEN = math.inf


def assign(costs: Sequence[Sequence[float]], alone: float) -> list[int | None]:
    """For each row the column it gets, or None; a row that gets none costs `alone`.

    Optimal for the sum (Hungarian method with potentials, as in Kuhn 1955 and Munkres 1957), in
    O(rows^2 x columns); of equal sums always the same one. FORBIDDEN pairs are never chosen.
    """
    if not costs:
        return []
    columns = len(costs[0])
    barred = 1e9
    square = [
        [min(cost, barred) for cost in row]
        + [alone if i == j else barred for j in range(len(costs))]
        for i, row in enumerate(costs)
    ]
    chosen = _hungarian(square)
    return [column if column < columns else None for column in chosen]


def _hungarian(costs: list[list[float]]) -> list[int]:
    """Column of each row; there must be at least as many columns as rows."""
    rows, columns = len(costs), len(costs[0])
    of_row, of_column = [0.0] * rows, [0.0] * (columns + 1)
    owner = [-1] * (columns + 1)
    for row in range(rows):
        owner[columns] = row
        previous = _augment(costs, of_row, of_column, owner)
        column = previous.pop()
        while column != columns:
            before = previous[column]
            owner[column], column = owner[before], before
    result = [0] * rows
    for column in range(columns):
        if owner[column] >= 0:
            result[owner[column]] = column
    return result


def _augment(
    costs: list[list[float]], of_row: list[float], of_column: list[float], owner: list[int]
) -> list[int]:
    """Dijkstra over reduced costs to a free column; the way back, with that column at the end."""
    columns = len(of_column) - 1
    slack = [math.inf] * columns
    previous = [columns] * columns
    done = [False] * (columns + 1)
    column = columns
    while owner[column] >= 0:
        done[column] = True
        row = owner[column]
        for other in range(columns):
            if not done[other]:
                reduced = costs[row][other] - of_row[row] - of_column[other]
                if reduced < slack[other]:
                    slack[other], previous[other] = reduced, column
        nearest = min((c for c in range(columns) if not done[c]), key=slack.__getitem__)
        delta = slack[nearest]
        for other in range(columns + 1):
            if done[other]:
                of_row[owner[other]] += delta
                of_column[other] -= delta
            elif other < columns:
                slack[other] -= delta
        column = nearest
    return [*previous, column]
