"""The contracts of the plugs, one sentence each: a check that fails begins with the broken one."""

from typing import Final

# --- outputs -------------------------------------------------------------------------------------

LEAVING: Final = "only Unavailable, Rejected and Paused leave `connect` and `send`"
DELIVERED: Final = "`send` returns only after the receiver has accepted the events"
REJECTED: Final = "a permanent refusal of an event raises Rejected"
UNAVAILABLE: Final = "a receiver that cannot be reached or cannot accept now raises Unavailable"
UNREADABLE: Final = "an answer that cannot be understood raises Unavailable or Rejected"
NO_RETRY: Final = "an output does not retry: one `send` is one attempt"
ALL_IN_ORDER: Final = "all events of a `send` arrive once and in order"
TESTS: Final = "an output does not filter: test events arrive"
REPLAYED: Final = "an output does not filter: replayed events arrive"
OPENS_ONCE: Final = "an output that opens something sends each event at most once, and no replay"
PICTURE: Final = "the selected picture is sent with the event"
NO_PICTURE: Final = "an event whose picture was deleted is sent without it"
MESSAGE: Final = "an error message names the output, what is wrong and what to do"
SIDE_BY_SIDE: Final = "as many `send`s as `lanes` run side by side and do not affect each other"
RECONNECT: Final = "`connect` starts afresh: after it, events arrive once and in order again"
NOT_BLOCKED: Final = "the event loop is never blocked"
CANCELED: Final = "a canceled `send` ends at once with CancelledError"
CLOSE: Final = "`close` may be called without `connect`, and again, and raises nothing"
NOTHING_LEFT: Final = "`close` leaves nothing running"
CLIENTS: Final = "one client's failure does not affect the output or other clients"

# --- sources -------------------------------------------------------------------------------------

FIRST_NUMBER: Final = "the first frame has the number `first_number`"
NUMBERS: Final = "numbers rise, also over connections"
TIMES: Final = "times are aware, in UTC, and do not go back"
PIXELS: Final = "pixels are contiguous BGR bytes, height x width x 3"
CAMERA: Final = "each frame has the name of its camera"
COMPLETE: Final = "a source that is not live hands out every frame"
ENDS: Final = "`frames` ends when the recording ends"
LIVE: Final = "`live` is True for a camera, False for a recording"
COUNTED: Final = "`dropped` and `broken` count every frame that is not handed out, and only rise"
CLOSED: Final = "a closed iterator releases the camera and gives no more frames"
SOURCE_LEAVING: Final = "only Unavailable and ConfigError leave `frames`"
SOURCE_UNAVAILABLE: Final = "a camera that is absent, silent or sends no picture raises Unavailable"
SOURCE_MESSAGE: Final = "an error message names the camera, what is wrong and what to do"

# --- engines -------------------------------------------------------------------------------------

READS: Final = "reads have the frame's time and number, valid text and confidences from 0 to 1"
PLAIN: Final = "a picture without a plate gives no reads"
BOXES: Final = "boxes lie inside the frame"
STATELESS: Final = "an engine keeps nothing between frames"
ANY_THREAD: Final = "`read` works on another thread than the one that built the engine"
CALLS_AT_ONCE: Final = "as many `read`s as `calls_at_once` run side by side"
BAD_FRAME: Final = "a frame that cannot be used gives no reads or raises PictureError"
ENGINE_CLOSE: Final = "`close` may be called again and raises nothing"
EXAMINE: Final = "`examine` agrees with `read`, with a stopwatch or without"
