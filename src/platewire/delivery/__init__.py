"""One output: from its cursor in the event log to the third party, with retries. At least once.

A delivery is one loop made of parts, each a file:

    loop        the parts together, what runs beside what, what the API may ask
    reading     log -> schedule: what was asked for and is not too old
    schedule    what is sent next: lanes, and the passages that wait; `order` of what
    circuit     is it this event, or is the other side away?
    sending     a send from its beginning to its end
    failures    what an error means for the event, and for all that follow
    progress    how far it has come, kept in the log; `window`, `lag`
    records     attempts and dead letters
    health      whether it may send, and what the board shows

Beside the loop: `replay` sends old entries again (`choice`: which of them, `selection`: what was
asked for when), `test_events` sends test events.
"""

from platewire.delivery.loop import Delivery
from platewire.delivery.replay import ReplayResult, replay

__all__ = ["Delivery", "ReplayResult", "replay"]
