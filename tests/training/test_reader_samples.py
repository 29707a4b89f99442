"""What the reader's training learns from: columns of rendered plates, cuts of real ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.reader.classes import HEIGHT, STEPS, SYMBOLS, WIDTH
from training.reader.real import RealCrop, augmented, tight
from training.reader.samples import UNKNOWN, batch_of, columns_of, photographed, rendered
from training.render.plate import draw

seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=40, deadline=None)


def spelled(columns: np.ndarray[tuple[int], np.dtype[np.int64]]) -> str:
    known = columns[columns != UNKNOWN]
    kept = known[np.flatnonzero(np.diff(known, prepend=-1))]
    return "".join(SYMBOLS[index] for index in kept)


@pytest.mark.usefixtures("typefaces")
@given(seeds)
@few
def test_columns_spell_the_text_but_for_close_twins(seed: int) -> None:
    """Of a plate seen from the front; two equal neighbors may touch, others never change."""
    plate = draw(np.random.default_rng(seed))
    found = spelled(columns_of(plate, plate.character_boxes, plate.pixels.shape[1]))
    singled = "".join(
        char for at, char in enumerate(plate.text) if at == 0 or char != plate.text[at - 1]
    )
    assert set(found) == set(plate.text)
    assert len(found) >= len(singled) - 1


@pytest.mark.usefixtures("typefaces")
@given(seeds)
@few
def test_a_sample_has_the_networks_shape(seed: int) -> None:
    random = np.random.default_rng(seed)
    sample = rendered(draw(random), random)
    assert sample.picture.shape == (HEIGHT, WIDTH, 3)
    assert sample.columns.shape == (2 * STEPS,)
    assert ((sample.columns == UNKNOWN) | (sample.columns >= 0)).all()


@given(seeds, st.integers(12, 80), st.integers(40, 300))
@few
def test_a_real_crop_is_cut_and_learned_without_columns(seed: int, tall: int, wide: int) -> None:
    random = np.random.default_rng(seed)
    pixels = random.integers(0, 255, (tall * 2, wide + tall, 3)).astype(np.uint8)
    crop = RealCrop(pixels, (tall / 2, tall / 2, float(wide), float(tall)), "AB12CDE")
    assert augmented(crop, random).size > 0
    assert tight(crop).shape[0] >= tall
    batch = batch_of([photographed(crop, random)])
    assert (batch.columns == UNKNOWN).all()
    assert batch.lengths.tolist() == [7]
