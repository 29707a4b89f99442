"""How many files and sockets this process may have open, and how many of them come from outside.

What the server needs for itself comes first: a log that cannot open its files loses more than a
client that has to come again.
"""

import contextlib

SOFT_MAX = 65_536
"""More is not asked for: nothing here needs it, and some systems clear a table of that length."""
OWN = 128
"""Log, lists, pictures, libraries, and what a search or an export has open."""
EACH = 16
"""For each camera and each output: decoders, connections side by side, name look-ups."""
INBOUND_MIN = 32
"""So many come in whatever is left; below it the server could not be operated."""
UNLIMITED = SOFT_MAX
"""What is counted with where the system has no such limit (Windows)."""


def raise_soft_limit() -> int:
    """Sets the soft limit to the hard one, at most to SOFT_MAX; the limit that holds now."""
    try:
        import resource
    except ImportError:
        return UNLIMITED
    soft, hard = (_finite(each) for each in resource.getrlimit(resource.RLIMIT_NOFILE))
    wanted = min(hard, SOFT_MAX)
    if wanted <= soft:
        return min(soft, SOFT_MAX)
    with contextlib.suppress(OSError, ValueError):  # a system may keep a lower limit of its own
        _, unchanged = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, unchanged))
        return wanted
    return soft


def inbound(limit: int, *, cameras: int, outputs: int) -> int:
    """How many connections all listeners together may hold."""
    return max(INBOUND_MIN, limit - OWN - EACH * (cameras + outputs))


def _finite(limit: int) -> int:
    return SOFT_MAX if limit < 0 else limit
