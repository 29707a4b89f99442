"""American spelling in identifiers, comments, texts and docs, as the APIs that we use spell."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BRITISH = re.compile(
    r"colour|\bgrey|grey\b|neighbour|recognis|(?<![a-z])centred?(?![a-z])|licence|behaviour"
    r"|normalis|initialis|serialis|synchronis|favour|labelled(?!by)|signalled|modelled|travelled"
    r"|judgement|(?<![a-z])tyres?(?![a-z])|(?<![a-z])(?:milli|centi|kilo)?metres?(?![a-z])"
    r"|(?<![a-z.])cancelled(?![a-z(])",
    re.IGNORECASE,
)
FOLDERS = ("benchmarks", "docs", "examples", "scripts", "src", "tests", "training")
NOT_OURS = (
    *("docs/decisions/", "tests/foreign/", "tests/test_spelling.py"),
    "CHANGELOG.md",  # What a release said stays as it was.
)
EXCEPTIONS = {
    "benchmarks/clips.py": {"colour", "grey"},  # The fields and values of the data set.
    "src/platewire/lists/files/heading_words.py": {"licence"},  # Headings of others' tables.
    "tests/lists/files/test_headings.py": {"licence"},
    "src/platewire/web/console/static/console.css": {"grey"},  # A color that cameras report.
    "src/platewire/delivery/sending.py": {"cancelled"},  # asyncio's word, in a message.
    "tests/delivery/test_loop.py": {"cancelled"},
    "src/platewire/eventlog/upkeep/believed_time.py": {"synchronis"},
    "src/platewire/recognition/engines/remote.py": {"licence"},
}
"""Files, and the words that they may spell otherwise."""
SUFFIXES = {".py", ".md", ".toml", ".html", ".css", ".js", ".json", ".sql", ".yml", ".yaml", ""}


def british(text: str) -> list[tuple[int, str]]:
    """Line number and word of each British spelling in `text`."""
    return [
        (number, match[0].lower())
        for number, line in enumerate(text.splitlines(), 1)
        for match in BRITISH.finditer(line)
    ]


def ours() -> Iterator[str]:
    """The texts that the project writes, as paths from the root."""
    paths = [*ROOT.glob("*"), *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*"))]
    for path in sorted(paths):
        name = path.relative_to(ROOT).as_posix()
        if not name.startswith(NOT_OURS) and path.suffix in SUFFIXES and path.is_file():
            yield name


def test_spelling_is_american() -> None:
    found = [
        f"{name}:{number}: {word}"
        for name in ours()
        for number, word in british((ROOT / name).read_text("utf-8", errors="replace"))
        if word not in EXCEPTIONS.get(name, set())
    ]
    assert not found, "write color, gray, center, license, recognize ...:\n" + "\n".join(found)


@pytest.mark.parametrize(
    "text",
    ["a colour", "box.centre", "LICENCES", "is cancelled by", "half a metre", "_judgement", "Grey"],
)
def test_british_words_are_found(text: str) -> None:
    assert british(text)


@pytest.mark.parametrize("text", ["task.cancelled()", "aria-labelledby", "CancelledError", "meter"])
def test_other_words_are_not(text: str) -> None:
    assert not british(text)
