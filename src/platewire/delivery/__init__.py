"""One output: delivers events from its cursor in the log to the receiver, with retries, at least
once.

A delivery is a loop with these parts, one file each:

    loop        combines the parts; the tasks, and what the API may call
    reading     log -> schedule: selected events that are not too old
    schedule    the next event to send: lanes, and waiting passages; `order` decides what waits
    circuit     circuit breaker: is the event at fault, or is the receiver down?
    sending     one send from start to end
    failures    what an error means for the event, and for all later ones
    progress    the cursor, stored in the log; `window`, `lag`
    records     attempts and dead letters
    health      whether it may send, and the state on the board

Beside the loop, `replay` sends stored events again (`choice` and `selection` decide which), and
`test_events` sends test events.
"""

from platewire.delivery.loop import Delivery
from platewire.delivery.replay import ReplayResult, replay

__all__ = ["Delivery", "ReplayResult", "replay"]
