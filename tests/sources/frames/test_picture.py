"""How many invalid pictures in a row are borne."""

import pytest

from platewire.errors import Unavailable
from platewire.sources.frames.picture import BROKEN_IN_A_ROW, BrokenPictures


def test_the_first_broken_picture_is_told_at_once_later_ones_when_they_repeat() -> None:
    with pytest.raises(Unavailable, match="camera gate sent invalid images: why; do"):
        BrokenPictures("gate", "do this").bad("why")
    pictures = BrokenPictures("gate", "do this")
    for _ in range(3):
        pictures.good()
        for _ in range(BROKEN_IN_A_ROW - 1):
            pictures.bad("why")
    with pytest.raises(Unavailable):
        pictures.bad("why")
