"""The changelog's fragments in `changelog.d/`: their form. towncrier collects them at a release.

.venv/bin/python -m scripts.changelog        as the step `changelog` of `python run.py check`

Ends with 1 where a fragment has an unknown kind, a wrong name or a wrong form
(`changelog.d/README.md` states both).
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from scripts.environment import ROOT

FOLDER = "changelog.d"
NOT_FRAGMENTS = frozenset({"README.md", "template.md"})
SUBJECT = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
COLUMNS_MAX = 100


def main(root: Path = ROOT) -> int:
    found = list(problems(root))
    for each in found:
        print(f"changelog: {each}")
    print(f"changelog: {len(fragments(root))} fragments; problems: {len(found) or 'none'}")
    return 1 if found else 0


def fragments(root: Path) -> list[Path]:
    """All files of the folder but those that explain it, by name."""
    files = (root / FOLDER).iterdir()
    return sorted(each for each in files if each.name not in NOT_FRAGMENTS)


def kinds(root: Path) -> list[str]:
    """As pyproject.toml names them for towncrier, in the order of a version's section."""
    with (root / "pyproject.toml").open("rb") as file:
        types = tomllib.load(file)["tool"]["towncrier"]["type"]
    return [str(each["directory"]) for each in types]


def problems(root: Path) -> Iterator[str]:
    """A sentence for each thing that is wrong: the file, what it has, what to do."""
    known = kinds(root)
    for file in fragments(root):
        for problem in (*_of_name(file.name, known), *_of_text(file.read_text("utf-8"))):
            yield f"{FOLDER}/{file.name}: {problem}"


def _of_name(name: str, known: list[str]) -> Iterator[str]:
    subject, _, rest = name.partition(".")
    kind, _, suffix = rest.partition(".")
    if kind not in known or suffix != "md":
        yield f"the name is not SUBJECT.KIND.md with a KIND of {', '.join(known)}; rename it"
    if not SUBJECT.fullmatch(subject):
        yield f"the subject {subject!r} is not lowercase words joined by hyphens; rename it"


def _of_text(text: str) -> Iterator[str]:
    lines = text.strip().splitlines()
    if not lines:
        yield "it is empty; write what is different for the user"
        return
    if any(not line.strip() for line in lines):
        yield "it has several paragraphs; use one, or one file for each change"
    if re.match(r"[-*#]\s|[a-z]", lines[0]):
        yield f"it begins with {lines[0][:20]!r}; begin with a capital letter or with code"
    if not lines[-1].rstrip("*`)").endswith("."):
        yield f"it ends with {lines[-1][-20:]!r}; end with a full stop"
    for line in lines:
        if len(line) > COLUMNS_MAX:
            yield f"a line has {len(line)} characters; break it at {COLUMNS_MAX}"


if __name__ == "__main__":
    sys.exit(main())
