"""The photos that may be learned from: the indexes of their folder, without the excluded ones.

`excluded_photos.txt` names the photos that carry the mark of a picture agency, found by looking at
contact sheets of all photos of `openlpr`. Their repository is under Apache-2.0, but it cannot give
away what belongs to the agency.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SOURCES = ("openlpr", "romania", "kaggle_cars")
LISTED = Path(__file__).with_name("excluded_photos.txt")


def agencies() -> dict[str, str]:
    """The agency whose mark a photo carries, by the photo's file relative to the data folder."""
    pairs = (line.split(" ", 1) for line in LISTED.read_text("utf-8").splitlines())
    return dict(pairs)


EXCLUDED = frozenset(agencies())


def entries(folder: Path, source: str) -> Iterator[dict[str, Any]]:
    """The lines of one source's index that may be used."""
    lines = (folder / f"{source}.jsonl").read_text("utf-8").splitlines()
    return (entry for entry in map(json.loads, lines) if entry["file"] not in EXCLUDED)
