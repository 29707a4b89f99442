"""Every error that platewire raises on purpose; one class per decision of the caller.

PlatewireError
├── ConfigError     the configuration is invalid; ends the command with exit code 2
├── Unavailable     the receiver or camera cannot be reached now; retry, with a minimum wait if
stated
│   ├── NoClient    no client is connected to an output that listens
│   └── Refused     the receiver refuses, probably every event; retry until a person corrects it
├── Rejected        the receiver will never accept this event; store it with the reason, continue
├── Paused          the receiver accepts no more events until a person resumes (HTTP 410)
├── QueryTooLong    a search was canceled; narrow it
├── PictureError    this picture or frame cannot be used; count it, continue with the next
└── LogError        the event log or another database is unusable until a person acts
    ├── LogWaits    it is unusable now (locked, out of file descriptors, missing folder, a single
    │   │           disk error): report it, and retry the same call
    │   └── LogFull no disk space is left; likewise
    ├── LogVersion  the database was written by a newer platewire
    └── LogGone     the files of the open log were deleted or replaced; nothing more can be stored

A message names the camera, output or file, the value seen, and the remedy.
Programming errors are not in this tree: they crash.
"""

PROVING_SECONDS = 60.0
"""Seconds between two attempts with a possibly wrong password: accounts are usually locked after
five or ten attempts within minutes."""


class PlatewireError(Exception):
    """Base of all errors that a user can act on; its text is shown without a traceback."""


class ConfigError(PlatewireError):
    """The configuration is invalid. The message names the path of the setting."""


class Unavailable(PlatewireError):
    """The receiver or camera cannot be reached or cannot answer now.

    `retry_after` is the minimum wait in seconds, if the receiver stated one.
    """

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Refused(Unavailable):
    """The receiver refuses, but not because of this event: no permission, no such path. All events
    wait; if the receiver accepts others, it was because of this event.

    `least_wait` is the minimum time in seconds between two attempts, where frequent ones do harm.
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


class NoClient(Unavailable):
    """No client is connected to an output that listens, so nobody received the event."""


class Rejected(PlatewireError):
    """This event will never be accepted. `answer` is the start of the response."""

    def __init__(self, message: str, *, status: int | None = None, answer: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.answer = answer


class Paused(PlatewireError):
    """The receiver accepts nothing more; the output is paused until a person resumes it."""


class PictureError(PlatewireError):
    """This picture or frame cannot be decoded or encoded."""


class QueryTooLong(PlatewireError):
    """A query takes too long; the database itself is healthy."""

    @classmethod
    def after(cls, seconds: float) -> "QueryTooLong":
        return cls(
            f"the search was canceled after {seconds:g} s: narrow it by time or camera, "
            "or use more "
            "characters of the plate"
        )


class LogError(PlatewireError):
    """The event log cannot be opened, read or written."""


class LogWaits(LogError):
    """The log is unusable now, but may recover by itself.

    The same call may be repeated: an event that was stored after all is not stored twice.
    """


class LogFull(LogWaits):
    """No disk space is left for the event log; nothing was written."""


class LogVersion(LogError):
    """The database was written by a newer platewire; it is left untouched."""


class LogGone(LogError):
    """The database or its journal was replaced, truncated or deleted under the running log. Final:
    only opening it anew finds out what is there."""
