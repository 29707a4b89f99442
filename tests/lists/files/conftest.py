"""A list to import into, and the import of a few bytes."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from platewire.lists.entry import ListEntry
from platewire.lists.file_import import Import, Manner, Preview, Reading
from platewire.lists.store import Store

LIST = "staff"


class Importer:
    """Imports into one list, of cameras `gate` and `yard`."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(folder / "lists.db", datetime(2026, 5, 4, tzinfo=UTC))
        self.path = folder / "in.file"

    def __call__(
        self,
        content: str | bytes,
        *,
        apply: bool = True,
        manner: Manner = "replace",
        **more: object,
    ) -> Preview:
        self.path.write_bytes(content.encode() if isinstance(content, str) else content)
        reading = Reading(**more)  # type: ignore[arg-type]
        job = Import(self.store, LIST, ("gate", "yard"), manner=manner)
        return job.run(self.path, apply=apply, reading=reading)

    @property
    def entries(self) -> list[ListEntry]:
        return self.store.page(LIST, after="", limit=10_000)

    @property
    def plates(self) -> list[str]:
        return [entry.text for entry in self.entries]


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Importer]:
    importer = Importer(tmp_path)
    yield importer
    importer.store.close()
