"""`$filter` text -> syntax tree. Pure: knows no property, no type and no SQL.

A part of the grammar of OASIS "OData Version 4.01. Part 2: URL Conventions" (5.1.1) and its "ABNF
Construction Rules": `or`, `and`, `not`, `eq ne gt ge lt le in`, parentheses, functions, and
literals: null, booleans, numbers, strings ('' is a quote), GUIDs, dates and times with an offset.
Left out is what our entities have no use for: arithmetic, lambdas, paths, casts, durations.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

LENGTH_MAX = 8000
"""Maximum length of a filter in characters."""
TOKENS_MAX = 1000
"""Tokens of an expression, at most: above what BI tools send, a bound on time."""
DEPTH_MAX = 40
"""Nested parentheses, at most: keeps the parser's recursion far from Python's limit."""
COMPARISONS = ("eq", "ne", "gt", "ge", "lt", "le")

Value = None | bool | int | Decimal | str | UUID | datetime


class SyntaxFault(ValueError):
    """Syntax error in a filter; the message gives the position and what was expected."""


@dataclass(frozen=True, slots=True)
class Literal:
    value: Value


@dataclass(frozen=True, slots=True)
class Name:
    """A property."""

    name: str


@dataclass(frozen=True, slots=True)
class Function:
    name: str
    arguments: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    operator: str
    left: "Node"
    right: "Node"


@dataclass(frozen=True, slots=True)
class In:
    left: "Node"
    choices: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class Not:
    inner: "Node"


@dataclass(frozen=True, slots=True)
class BooleanOperation:
    """All of them (`and`) or any of them (`or`)."""

    operator: str
    parts: tuple["Node", ...]


Node = Literal | Name | Function | Comparison | In | Not | BooleanOperation

# Longest first, as digits begin many of them.
TOKEN = re.compile(
    r"""
    (?P<space>[ \t]+)
  | (?P<guid>[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}(?!\w))
  | (?P<time>\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(?::\d\d(?:\.\d{1,12})?)?(?:[Zz]|[+-]\d\d:\d\d))
  | (?P<local>\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[ +-]\d\d:?\d\d|[ ]?[Zz])?)
  | (?P<date>\d{4}-\d\d-\d\d(?![\dTt]))
  | (?P<number>[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?!\w))
  | (?P<odata3>(?:datetime|datetimeoffset|guid)'[^']*')
  | (?P<string>'(?:[^']|'')*')
  | (?P<word>[A-Za-z_]\w*)
  | (?P<mark>[(),])
    """,
    re.VERBOSE | re.ASCII,
)
DIGITS_MAX = 40
"""Characters of a number, at most: above any exact decimal, a bound on the time of converting
it."""


def _local_remedy(match: re.Match[str]) -> str:
    """For a time without an offset, or not in OData syntax."""
    day, clock = match.group()[:10], re.split(r"[ +Zz-]", match.group()[11:])[0]
    utc = f"use UTC, such as {day}T{clock}Z"
    if re.search(r"T\S+ \d\d:?\d\d$", match.group(), re.IGNORECASE):
        return (
            f"contains a space instead of a plus sign, which must be escaped in a URL; use "
            f"{day}T{clock}%2B{match.group()[-5:]}, "
            f"or {utc}"
        )
    with_offset = "with the offset of your time zone, such as +02:00, written %2B02:00 in a URL"
    return f"has no UTC offset in OData syntax; {utc}, or {with_offset}"


def _odata3_remedy(match: re.Match[str]) -> str:
    plain = match.group().partition("'")[2].rstrip("'")
    if match.group().startswith("guid"):
        return f"is OData 3 syntax; write it without type name and quotes, {plain}"
    return (
        f"is OData 3 syntax; write it without type name and quotes, in UTC, such as {plain[:19]}Z"
    )


REMEDIES = {"local": _local_remedy, "odata3": _odata3_remedy}
"""Hints for common mistakes of clients that are not OData 4."""


class Token(NamedTuple):
    kind: str
    text: str
    at: int


def parse(text: str) -> Node:
    """SyntaxFault for what is not in the grammar."""
    parser = Parser(tokens(text))
    node = parser.disjunction(0)
    parser.end()
    return node


def tokens(text: str) -> list[Token]:
    if len(text) > LENGTH_MAX:
        raise SyntaxFault(f"longer than {LENGTH_MAX} characters")
    found, at = [], 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            raise SyntaxFault(f"syntax error at position {at + 1}: {text[at : at + 20]!r}")
        found.append(Token(match.lastgroup or "", match.group(), at))
        at = match.end()
        if remedy := REMEDIES.get(found[-1].kind):
            raise SyntaxFault(f"{match.group()!r} at position {match.start() + 1} {remedy(match)}")
    if len(found) > TOKENS_MAX:
        raise SyntaxFault(f"more than {TOKENS_MAX} tokens; split the request")
    return found


class Parser:
    """Recursive descent, one method per level of precedence, lowest first."""

    def __init__(self, found: Sequence[Token]) -> None:
        self._tokens = [token for token in found if token.kind != "space"]
        self._next = 0

    def end(self) -> None:
        if self._next < len(self._tokens):
            raise self._unexpected("and, or, or the end")

    def disjunction(self, depth: int) -> Node:
        if depth > DEPTH_MAX:
            raise SyntaxFault(f"parentheses nested more than {DEPTH_MAX} levels deep")
        parts = [self._conjunction(depth)]
        while self._take_word("or"):
            parts.append(self._conjunction(depth))
        return parts[0] if len(parts) == 1 else BooleanOperation("or", tuple(parts))

    def _conjunction(self, depth: int) -> Node:
        parts = [self._negation(depth)]
        while self._take_word("and"):
            parts.append(self._negation(depth))
        return parts[0] if len(parts) == 1 else BooleanOperation("and", tuple(parts))

    def _negation(self, depth: int) -> Node:
        if self._take_word("not"):
            # Binds closer than a comparison; what is compared is never a boolean expression here.
            return Not(self._comparison(depth + 1))
        return self._comparison(depth)

    def _comparison(self, depth: int) -> Node:
        left = self._operand(depth)
        if self._take_word("in"):
            return In(left, self._choices())
        for operator in COMPARISONS:
            if self._take_word(operator):
                return Comparison(operator, left, self._operand(depth))
        return left

    def _choices(self) -> tuple[Literal, ...]:
        self._expect("(")
        found = [self._literal()]
        while self._take(","):
            found.append(self._literal())
        self._expect(")")
        return tuple(found)

    def _literal(self) -> Literal:
        node = self._operand(0)
        if not isinstance(node, Literal):
            raise SyntaxFault("`in` must be followed by values in parentheses")
        return node

    def _operand(self, depth: int) -> Node:
        if self._take("("):
            node = self.disjunction(depth + 1)
            self._expect(")")
            return node
        token = self._peek()
        if token is None or token.kind == "mark":
            raise self._unexpected("a property, a function or a value")
        self._next += 1
        if token.kind != "word":
            return Literal(value_of(token))
        if token.text in ("true", "false", "null"):
            return Literal({"true": True, "false": False, "null": None}[token.text])
        return self._called(token.text, depth) if self._take("(") else Name(token.text)

    def _called(self, name: str, depth: int) -> Function:
        if self._take(")"):
            return Function(name, ())
        arguments = [self.disjunction(depth + 1)]
        while self._take(","):
            arguments.append(self.disjunction(depth + 1))
        self._expect(")")
        return Function(name, tuple(arguments))

    # --- one token ------------------------------------------------------------------------------

    def _peek(self) -> Token | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def _take(self, mark: str) -> bool:
        token = self._peek()
        found = token is not None and token.kind == "mark" and token.text == mark
        self._next += found
        return found

    def _take_word(self, word: str) -> bool:
        token = self._peek()
        found = token is not None and token.kind == "word" and token.text == word
        self._next += found
        return found

    def _expect(self, mark: str) -> None:
        if not self._take(mark):
            raise self._unexpected(repr(mark))

    def _unexpected(self, expected: str) -> SyntaxFault:
        token = self._peek()
        seen = "the end" if token is None else f"{token.text!r} at position {token.at + 1}"
        return SyntaxFault(f"expected {expected}, not {seen}")


def value_of(token: Token) -> Value:
    match token.kind:
        case "string":
            return token.text[1:-1].replace("''", "'")
        case "guid":
            return UUID(token.text)
        case "number":
            return _number(token.text)
        case _:
            return _moment(token.text)


def _number(text: str) -> int | Decimal:
    if len(text) > DIGITS_MAX:
        raise SyntaxFault(f"the number {text[:DIGITS_MAX]}... has too many digits")
    return int(text) if re.fullmatch(r"[+-]?\d+", text) else Decimal(text)


def _moment(text: str) -> datetime:
    """A date is its beginning in UTC."""
    try:
        # Beyond microseconds nothing is kept.
        moment = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text.upper()))
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise SyntaxFault(f"invalid date or time {text}: {error}") from error
