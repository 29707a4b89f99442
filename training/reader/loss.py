"""How far the reader's answer is from the truth.

CTC learns the text of a line. Where the renderer knows the place of each character, the columns are
learned one by one as well: CTC alone reads nothing for a long time.
"""

from typing import TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import (
    binary_cross_entropy_with_logits,
    cross_entropy,
    ctc_loss,
    nll_loss,
)

from training.reader.network import Answer
from training.reader.samples import UNKNOWN, Batch

GAP_WEIGHT = 0.4
"""Of a column without a character; there are more of them than of all characters."""
SMOOTHING = 0.05
"""Of the labels of country and region."""
COUNTRY_WEIGHT, REGION_WEIGHT, LINES_WEIGHT, PLATE_WEIGHT = 0.3, 0.1, 0.1, 0.3
Number = TypeVar("Number", bound=np.generic)


def losses(answer: Answer, batch: Batch) -> dict[str, Tensor]:
    """The weighted parts by name; `answer` is of 32-bit logits."""
    device = answer.symbols.device

    def moved(values: npt.NDArray[Number]) -> Tensor:
        return torch.from_numpy(values).to(device)

    spelled = answer.symbols.log_softmax(dim=2)
    return {
        "columns": column_loss(spelled, moved(batch.columns)),
        "ctc": text_loss(spelled, moved(batch.texts), moved(batch.lengths)),
        "country": COUNTRY_WEIGHT * class_loss(answer.country, moved(batch.countries)),
        "region": REGION_WEIGHT * class_loss(answer.region, moved(batch.regions)),
        "lines": LINES_WEIGHT * lines_loss(answer.two_lines[:, 0], moved(batch.two_lines)),
        "plate": PLATE_WEIGHT
        * binary_cross_entropy_with_logits(answer.plate[:, 0], moved(batch.plates)),
    }


def column_loss(spelled: Tensor, columns: Tensor) -> Tensor:
    weights = torch.ones(spelled.shape[2], device=spelled.device)
    weights[0] = GAP_WEIGHT
    return nll_loss(spelled.flatten(0, 1), columns.flatten(), weights, ignore_index=UNKNOWN)


def text_loss(spelled: Tensor, texts: Tensor, lengths: Tensor) -> Tensor:
    steps = torch.full((len(spelled),), spelled.shape[1], dtype=torch.long)
    return ctc_loss(spelled.transpose(0, 1), texts, steps, lengths.cpu(), zero_infinity=True)


def class_loss(logits: Tensor, truth: Tensor) -> Tensor:
    """The mean over the samples whose class is known; 0 where none is."""
    total = cross_entropy(
        logits, truth, ignore_index=UNKNOWN, label_smoothing=SMOOTHING, reduction="sum"
    )
    return total / (truth != UNKNOWN).sum().clamp(min=1)


def lines_loss(logits: Tensor, two_lines: Tensor) -> Tensor:
    known = two_lines >= 0
    total = binary_cross_entropy_with_logits(logits[known], two_lines[known], reduction="sum")
    return total / known.sum().clamp(min=1)
