"""A filter finds what OData says it means: against an evaluation by the book, with nulls."""

import operator
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from platewire.web.odata.condition import condition, milliseconds
from platewire.web.odata.fault import Fault
from platewire.web.odata.grammar import (
    BooleanOperation,
    Comparison,
    Function,
    In,
    Literal,
    Name,
    Node,
    Not,
)
from platewire.web.odata.model import PASSAGES, Type
from tests.web.odata.test_grammar import written

START = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
NOW = datetime(2026, 6, 1, tzinfo=UTC)
PROPERTIES: dict[str, Sequence[Any]] = {
    "plate": ("A1", "a1", "", "100%", "O'_B"),
    "country": (None, "DE", "A1"),
    "reads": (-1, 0, 7),
    "plate_confidence": (0.5, 7.0),
    "color_confidence": (None, 0.5),
    "test": (False, True),
    "first_seen_at": (START, START + timedelta(days=31)),
}
LITERALS: dict[str, st.SearchStrategy[Any]] = {
    "plate": st.sampled_from(["A1", "a", "", "%", "_", "'", "zz"]),
    "reads": st.integers(-2, 8) | st.just(2**70) | st.decimals(-1, 8, places=1),
    "test": st.booleans(),
    "first_seen_at": st.sampled_from(
        [START, START + timedelta(days=31), *(START + timedelta(microseconds=n) for n in (-1, 1))]
    ),
}
LIKE = {"country": "plate", "plate_confidence": "reads", "color_confidence": "reads"}


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    """Every value of each property beside many of the others."""
    longest = 60
    return [
        {name: values[(at * (3 + 2 * k) + at // 5) % len(values)] for k, (name, values) in
         enumerate(PROPERTIES.items())}
        for at in range(longest)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def connection(rows: list[dict[str, Any]]) -> apsw.Connection:
    connection = apsw.Connection(":memory:")
    properties = [PASSAGES.find(name) for name in PROPERTIES]
    columns = ", ".join(one.column for one in properties if one)
    connection.execute(f"CREATE TABLE anpr_passage (n INTEGER PRIMARY KEY, {columns})")
    for at, row in enumerate(rows):
        bound = [milliseconds(it) if isinstance(it, datetime) else it for it in row.values()]
        marks = ", ".join("?" * len(bound))
        connection.execute(f"INSERT INTO anpr_passage VALUES ({at}, {marks})", bound)
    return connection


def found(connection: apsw.Connection, text: str) -> list[int]:
    sql = condition(PASSAGES, text, NOW)
    cursor = connection.execute(
        f"SELECT n FROM anpr_passage WHERE {sql.text} ORDER BY n", sql.values
    )
    return [n for (n,) in cursor]


# --- by the book ---------------------------------------------------------------------------------

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "gt": operator.gt, "ge": operator.ge, "lt": operator.lt, "le": operator.le,
}  # fmt: skip
STRING_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "contains": lambda a, b: b in a,
    "startswith": lambda a, b: a.startswith(b),
    "endswith": lambda a, b: a.endswith(b),
    "indexof": lambda a, b: a.find(b),
    "concat": lambda a, b: a + b,
    "length": len,
    "tolower": str.lower,
    "toupper": str.upper,
}


def meant(node: Node, row: dict[str, Any]) -> Any:
    """True, False, None or a value."""
    match node:
        case Literal(value):
            return value
        case Name(name):
            return row[name]
        case Not(inner):
            value = meant(inner, row)
            return None if value is None else not value
        case Comparison("eq", left, right):
            return meant(left, row) == meant(right, row)
        case Comparison("ne", left, right):
            return meant(left, row) != meant(right, row)
        case Comparison(sign, left, right):
            pair = (meant(left, row), meant(right, row))
            return False if None in pair else OPERATORS[sign](*pair)
        case In(left, choices):
            return any(meant(left, row) == choice.value for choice in choices)
        case Function(name, arguments):
            return called(name, [meant(argument, row) for argument in arguments])
        case BooleanOperation(sign, parts):
            values = [meant(part, row) for part in parts]
            decisive = sign == "or"
            if decisive in values:
                return decisive
            return None if None in values else not decisive


def called(name: str, values: list[Any]) -> Any:
    if None in values:
        return None
    if name in STRING_FUNCTIONS:
        return STRING_FUNCTIONS[name](*values)
    return getattr(values[0], name)


# --- filters by chance ---------------------------------------------------------------------------

texts = st.sampled_from(["plate", "country"]).map(Name) | LITERALS["plate"].map(Literal)
strings = texts | st.builds(
    lambda name, a: Function(name, (a,)), st.sampled_from(["tolower", "toupper"]), texts
)
wholes = st.builds(lambda a: Function("length", (a,)), strings) | st.builds(
    lambda name: Function(name, (Name("first_seen_at"),)),
    st.sampled_from(["year", "month", "day", "hour", "minute", "second"]),
)


def compared(name: str) -> st.SearchStrategy[Node]:
    values = LITERALS[LIKE.get(name, name)] | st.none()
    signs = ["eq", "ne"] if name == "test" else ["eq", "ne", "gt", "ge", "lt", "le"]
    sides = st.tuples(st.just(Name(name)), st.builds(Literal, values))
    either = sides | sides.map(lambda it: it[::-1])
    plain = st.builds(lambda sign, it: Comparison(sign, *it), st.sampled_from(signs), either)
    several = st.lists(st.builds(Literal, values), min_size=1, max_size=3)
    return plain | several.map(lambda it: In(Name(name), tuple(it)))


leaves: st.SearchStrategy[Node] = st.one_of(
    *[compared(name) for name in PROPERTIES],
    st.just(Name("test")),
    st.builds(
        lambda name, a, b: Function(name, (a, b)),
        st.sampled_from(["contains", "startswith", "endswith"]),
        strings,
        strings,
    ),
    st.builds(
        lambda sign, a, n: Comparison(sign, a, Literal(n)),
        st.sampled_from(["eq", "gt", "le"]),
        wholes,
        st.integers(0, 5) | st.just(2026),
    ),
    st.builds(
        lambda a, b, n: Comparison("eq", Function("indexof", (a, b)), Literal(n)),
        strings,
        strings,
        st.integers(-1, 2),
    ),
)
filters = st.recursive(
    leaves,
    lambda inner: (
        st.builds(Not, inner)
        | st.builds(
            BooleanOperation,
            st.sampled_from(("and", "or")),
            st.lists(inner, min_size=2, max_size=3).map(tuple),
        )
    ),
    max_leaves=6,
)


@settings(max_examples=200)
@given(tree=filters)
def test_filters_find_what_they_mean(
    tree: Node, connection: apsw.Connection, rows: list[dict[str, Any]]
) -> None:
    expected = [at for at, row in enumerate(rows) if meant(tree, row) is True]
    assert found(connection, written(tree)) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("plate", "is not a boolean"),
        ("'a'", "is not a boolean"),
        ("number eq 'A'", "no property 'number'"),
        ("plate eq 1", "cannot be compared"),
        ("reads eq '1'", "cannot be compared"),
        ("passage eq 'x'", "cannot be compared"),
        ("first_seen_at gt 5", "cannot be compared"),
        ("test gt false", "booleans support only eq and ne"),
        ("contains(plate)", "2 argument"),
        ("contains(plate, 5)", "argument 2 of contains must be Edm.String"),
        ("geo.distance(plate, plate)", "position 4"),
        ("matchesPattern(plate, 'a')", "unknown function 'matchesPattern'"),
        ("reads eq 1e999", "too large"),
        ("plate eq 'A", "position 10"),
    ],
)
def test_what_makes_no_sense_is_refused(text: str, said: str) -> None:
    with pytest.raises(Fault, match=said) as raised:
        condition(PASSAGES, text, NOW)
    assert (raised.value.status, raised.value.target) == (400, "$filter")


def test_values_are_never_pasted() -> None:
    sql = condition(PASSAGES, "plate eq 'x'' OR 1=1 --' and reads lt 5", NOW)
    assert "1=1" not in sql.text
    assert sql.values == ("x' OR 1=1 --", 5)


def test_now_and_date(connection: apsw.Connection, rows: list[dict[str, Any]]) -> None:
    assert found(connection, "first_seen_at lt now()") == list(range(len(rows)))
    days = found(connection, "date(first_seen_at) eq 2026-01-02")
    assert days == [at for at, row in enumerate(rows) if row["first_seen_at"] == START]
    assert condition(PASSAGES, "first_seen_at lt now()", NOW).type is Type.BOOLEAN
    assert condition(PASSAGES, "reads eq 1.0", NOW).values == (float(Decimal(1)),)
