"""The engine under test, loaded once."""

from collections.abc import Iterator

import pytest

from platewire.recognition.engines.rapidocr import RapidOcr, RapidOcrSettings


@pytest.fixture(scope="session")
def engine() -> Iterator[RapidOcr]:
    built = RapidOcrSettings().build()
    yield built
    built.close()
