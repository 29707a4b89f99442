"""Headers of each attempt to send an event over HTTP, in every format.

    date                    current time of this computer's clock
    platewire-attempt       number of the attempt, from 1
    platewire-age-ms        age of the event, by a monotonic clock; absent if unknown, and then the
                            event is stale
    platewire-redelivery    `true` if the event may have been sent before, and so may arrive after a
                            newer one of its passage; otherwise absent
    platewire-test          `true` for a test event; otherwise absent

A gate that uses the age does not need a synchronized clock. The headers are not signed.
"""

import math
from datetime import datetime
from email.utils import format_datetime

from platewire.model import Entry

DATE = "date"
ATTEMPT = "platewire-attempt"
AGE = "platewire-age-ms"
REDELIVERY = "platewire-redelivery"
TEST = "platewire-test"
NAMES = (DATE, ATTEMPT, AGE, REDELIVERY, TEST)


def headers(entry: Entry, now: datetime, age_seconds: float) -> dict[str, str]:
    """`now` in UTC; `age_seconds` is infinite if unknown."""
    said = {DATE: format_datetime(now, usegmt=True), ATTEMPT: str(entry.attempt)}
    if math.isfinite(age_seconds):
        said[AGE] = str(round(1000 * age_seconds))
    if entry.again:
        said[REDELIVERY] = "true"
    if entry.event.test:
        said[TEST] = "true"
    return said
