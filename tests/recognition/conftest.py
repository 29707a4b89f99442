"""The engine under test, loaded once."""

from collections.abc import Iterator

import pytest

from platewire.recognition.rapidocr import RapidOcr, RapidOcrEngine


@pytest.fixture(scope="session")
def engine() -> Iterator[RapidOcr]:
    built = RapidOcrEngine().build()
    yield built
    built.close()
