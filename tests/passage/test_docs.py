"""The page on passages says what the code does."""

import re
from pathlib import Path

from platewire.passage.estimate import FIELDS
from platewire.passage.lifecycle import MOVES, Happening, State

PAGE = (Path(__file__).parents[2] / "docs" / "passages.md").read_text("utf-8")


def test_the_table_of_states_is_the_one_in_the_code() -> None:
    states = "|".join(State)
    rows = re.findall(rf"^\| ({states}) \| (\w+) \| (\w+) \| ([\w, ]*)\|$", PAGE, re.MULTILINE)
    told = {
        (State(state), Happening(happening)): (State(to), tuple(emits.replace(",", "").split()))
        for state, happening, to, emits in rows
    }
    assert told == {pair: (to, tuple(map(str, kinds))) for pair, (to, kinds) in MOVES.items()}


def test_every_field_that_may_be_named_as_changed_is_named() -> None:
    for path in (*FIELDS.values(), "images"):
        assert f"`{path}`" in PAGE
