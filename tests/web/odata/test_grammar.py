"""The filter's grammar: what is written is read back, and nothing else is taken."""

import contextlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from platewire.web.odata.grammar import (
    COMPARISONS,
    BooleanOperation,
    Comparison,
    Function,
    In,
    Literal,
    Name,
    Node,
    Not,
    SyntaxFault,
    Value,
    parse,
)

WORDS = {"and", "or", "not", "in", "eq", "ne", "gt", "ge", "lt", "le", "true", "false", "null"}
names = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True).filter(lambda it: it not in WORDS)
moments = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001
    lambda it: it.replace(tzinfo=UTC)
)
values = (
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64)
    | st.decimals(allow_nan=False, allow_infinity=False, places=3, max_value=10**9)
    | st.text(max_size=12)
    | st.uuids()
    | moments
)
literals = st.builds(Literal, values)
operands = literals | st.builds(Name, names)


def deeper(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    arguments = st.lists(operands | inner, max_size=3).map(tuple)
    joined = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        st.builds(Comparison, st.sampled_from(COMPARISONS), operands | inner, operands | inner),
        st.builds(In, operands, st.lists(literals, min_size=1, max_size=3).map(tuple)),
        st.builds(Not, inner),
        st.builds(Function, names, arguments),
        st.builds(BooleanOperation, st.sampled_from(("and", "or")), joined),
    )


trees = st.recursive(operands, deeper, max_leaves=8)


def written(node: Node) -> str:
    """With parentheses around all that is not a single word."""
    match node:
        case Literal(value):
            return spelled(value)
        case Name(name):
            return name
        case Function(name, arguments):
            return f"{name}({','.join(map(written, arguments))})"
        case Comparison(operator, left, right):
            return f"{closed(left)} {operator} {closed(right)}"
        case In(left, choices):
            return f"{closed(left)} in ({', '.join(map(written, choices))})"
        case Not(inner):
            return f"not {closed(inner)}"
        case BooleanOperation(operator, parts):
            return f" {operator} ".join(map(closed, parts))


def closed(node: Node) -> str:
    simple = isinstance(node, Literal | Name | Function)
    return written(node) if simple else f"({written(node)})"


def spelled(value: Value) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case str():
            return "'" + value.replace("'", "''") + "'"
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case Decimal():
            return f"{value:f}"
        case _:
            return str(value)


@given(trees)
def test_what_is_written_is_read(tree: Node) -> None:
    assert parse(written(tree)) == tree


@given(trees)
def test_spaces_do_not_matter(tree: Node) -> None:
    assert parse(f"  ({written(tree)} )\t") == tree


@given(st.text("abz019'(),. -+T:Zeinqodr\"%;*\x00", max_size=40))
def test_anything_else_is_refused_in_words(text: str) -> None:
    with contextlib.suppress(SyntaxFault):
        parse(text)


def test_precedence() -> None:
    assert parse("a eq 1 or b eq 2 and not c eq 3") == BooleanOperation(
        "or",
        (
            Comparison("eq", Name("a"), Literal(1)),
            BooleanOperation(
                "and",
                (
                    Comparison("eq", Name("b"), Literal(2)),
                    Not(Comparison("eq", Name("c"), Literal(3))),
                ),
            ),
        ),
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("2026-01-31T08:00Z", datetime(2026, 1, 31, 8, tzinfo=UTC)),
        ("2026-01-31t08:00z", datetime(2026, 1, 31, 8, tzinfo=UTC)),
        ("2026-01-31T08:00:01.5+02:00", datetime(2026, 1, 31, 6, 0, 1, 500_000, tzinfo=UTC)),
        ("2026-01-31T08:00:00.1234567Z", datetime(2026, 1, 31, 8, 0, 0, 123456, tzinfo=UTC)),
        ("0198c4a2-0000-7000-8000-00000000000A", UUID("0198c4a2-0000-7000-8000-00000000000a")),
        ("-1.5e3", Decimal("-1.5e3")),
        ("'O''Neil'", "O'Neil"),
        ("''", ""),
    ],
)
def test_literals(text: str, value: Value) -> None:
    assert parse(text) == Literal(value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not the end"),
        ("plate eq", "not the end"),
        ("plate = 'A'", "position 7"),
        ("plate eq 'A", "position 10"),
        ("(plate eq 'A'", r"'\)'"),
        ("plate eq 'A' plate", "and, or, or the end"),
        ("plate in ()", "a value"),
        ("plate in (plate)", "followed by values"),
        ("contains(plate,", "not the end"),
        ("a eq 2026-13-01", "invalid date or time"),
        (
            "a ge 2026-01-31T08:00",
            "'2026-01-31T08:00' at position 6 has no UTC offset.*T08:00Z, or",
        ),
        ("a ge 2026-01-31T08:00:01.5 and b eq 1", r"such as 2026-01-31T08:00:01\.5Z, or with"),
        ("a ge 2026-01-31 08:00:00", "such as 2026-01-31T08:00:00Z"),
        ("a ge 2026-01-31T08:00:00+0200", "such as 2026-01-31T08:00:00Z, or with the offset"),
        ("a ge 2026-01-31T08:00:00 02:00", "plus sign.* use 2026-01-31T08:00:00%2B02:00, or"),
        ("a ge datetime'2026-01-31T08:00:00'", "OData 3 syntax.*such as 2026-01-31T08:00:00Z"),
        ("a ge datetimeoffset'2026-01-31T08:00:00+02:00'", "such as 2026-01-31T08:00:00Z"),
        ("a eq guid'0198c4a2-0000-7000-8000-00000000000a'", "quotes, 0198c4a2-0000-7000-8000-0"),
        ("a eq 2026-01-01T25:00:00Z", "invalid date or time"),
        ("plate eq 'A'; DROP TABLE event", "position 13"),
        ("(" * 50 + "a" + ")" * 50, "parentheses nested more than 40"),
        ("a or " * 600 + "a", "1000 tokens"),
        ("'" + "x" * 9000 + "'", "8000 characters"),
        ("1" * 50, "too many digits"),
        ("not " * 100 + "a", "position|expected|not"),
    ],
)
def test_what_is_wrong_is_said(text: str, said: str) -> None:
    with pytest.raises(SyntaxFault, match=said):
        parse(text)


def test_times_keep_their_order() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    assert parse(spelled(at + timedelta(hours=1))) != parse(spelled(at))
