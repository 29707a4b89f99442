"""Which read's images represent a passage, and when a better one is worth an event.

A picture that shows the published text goes before one that shows another; among those, plate area
times confidence decides. The best may change with every read at no cost; only a picture at least
twice as good as the one last published is an `updated` of its own. A vehicle driving up to the
camera doubles its plate's area a few times, so that makes a few events, not one for each frame.
"""

from platewire.model import Read
from platewire.passage.text import distance

BETTER = 1.1
"""Factor of quality from which on another read's picture stands for the passage; below it is
noise."""
NOTABLY_BETTER = 2.0
"""Factor of quality from which on a better picture is worth an event of its own; less would send
many."""


def quality(read: Read) -> float:
    """Plate area in square pixels times confidence; without a box, the confidence."""
    return max(read.box.area, 1.0) * read.confidence


def is_better(read: Read, than: Read, text: str) -> bool:
    """Whether `read` shows the plate `text` better than the best so far."""
    apart, apart_before = distance(read.text, text), distance(than.text, text)
    if apart != apart_before:
        return apart < apart_before
    return quality(read) > BETTER * quality(than)


def is_notably_better(read: Read, quality_shown: float) -> bool:
    return quality(read) >= NOTABLY_BETTER * quality_shown
