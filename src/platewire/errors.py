"""Every error that platewire raises on purpose; one class per decision the caller takes.

PlatewireError
├── ConfigError     the configuration cannot be used; ends the command with exit code 2
├── Unavailable     the other side cannot be reached now; try again, perhaps not before a time
│   └── Refused     it answers, and refuses what it may refuse everybody; try again, as it mends
├── Rejected        the other side will never accept this event; keep it with the reason, go on
├── Paused          the other side wants no more events at all until a person looks (HTTP 410)
├── QueryTooLong    a search was given up; ask for less at a time
├── PictureError    this picture or frame cannot be used; count it, go on with the next
└── LogError        the event log, or another of our databases, cannot be used until a person acts
    ├── LogWaits    it cannot be used just now (locked, no descriptor, a folder that is not there, a
    │   │           disk that failed once): say so, and try the same again
    │   └── LogFull no space is left; the same
    ├── LogVersion  the database was written by a newer platewire
    └── LogGone     the files under the open log are others now; nothing more can be kept in it

A message names the camera, output or file, the value seen, and the remedy.
Programmer errors are not in this tree: they crash.
"""

PROVING_SECONDS = 60.0
"""Between two attempts with what may be a wrong password: accounts get locked after a few of them
within minutes, usually five or ten."""


class PlatewireError(Exception):
    """Base of all errors that a user can act on; its text is shown without a traceback."""


class ConfigError(PlatewireError):
    """The configuration cannot be used. The message names the path of the setting."""


class Unavailable(PlatewireError):
    """The other side cannot be reached or cannot answer now.

    `retry_after` is the least number of seconds to wait, where the other side named one.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Refused(Unavailable):
    """The other side refuses, and not because of what this event is: no right, no such path. All
    are held; where others are accepted, it was this event after all.

    `least_wait` is the least number of seconds between two attempts, where asking often does harm.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        answer: str = "",
        least_wait: float = 0.0,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.answer = answer
        self.least_wait = least_wait


class Rejected(PlatewireError):
    """This event will never be accepted. `answer` is the start of what the other side said."""

    def __init__(self, message: str, *, status: int | None = None, answer: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.answer = answer


class Paused(PlatewireError):
    """The other side wants nothing more; the output stands still until a person resumes it."""


class PictureError(PlatewireError):
    """This picture or frame cannot be decoded or encoded."""


class QueryTooLong(PlatewireError):
    """What was asked of the database takes too long; nothing is wrong with it."""

    @classmethod
    def after(cls, seconds: float) -> "QueryTooLong":
        return cls(
            f"the search was given up after {seconds:g} s: ask for less at a time, by time, camera "
            "or more characters of the plate"
        )


class LogError(PlatewireError):
    """The event log cannot be opened, read or written."""


class LogWaits(LogError):
    """It cannot be used just now, and may be again by itself.

    The same call may be repeated: an event that was kept after all is not kept twice.
    """


class LogFull(LogWaits):
    """No space is left where the event log lies; nothing was written."""


class LogVersion(LogError):
    """The database was written by a newer platewire; it is left untouched."""


class LogGone(LogError):
    """The database or its journal was replaced, truncated or deleted under the running log. Final:
    only opening it anew finds out what is there."""
