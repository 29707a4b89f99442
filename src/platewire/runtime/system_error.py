"""Errors of the operating system as short English words, for messages that people read.

`[Errno 111] Connect call failed ('192.0.2.7', 80)` becomes `connection refused by 192.0.2.7:80`.
"""

import errno
import re

WORDS = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "connection reset",
    errno.ECONNABORTED: "connection aborted",
    errno.EPIPE: "connection closed",
    errno.ETIMEDOUT: "connection timed out",
    errno.EHOSTUNREACH: "no route to host",
    errno.EHOSTDOWN: "host is down",
    errno.ENETUNREACH: "network unreachable",
    errno.EADDRINUSE: "address already in use",
    errno.EADDRNOTAVAIL: "this computer does not have this address",
    errno.EACCES: "permission denied",
}
_NUMBER = re.compile(r"\[Errno (-?\d+)\] ?")
_ADDRESS = re.compile(r"Connect call failed \('([^']+)', (\d+)")


def in_words(error: BaseException) -> str:
    """What failed, without numbers of the system. Of several failed addresses, the first."""
    text = str(getattr(error, "strerror", None) or error)
    what = WORDS.get(_number(error, text)) or _NUMBER.sub("", text).strip() or type(error).__name__
    found = _ADDRESS.search(text)
    if found is None:
        return what
    link = "by" if what == WORDS[errno.ECONNREFUSED] else "at"
    return f"{what} {link} {_place(*found.groups())}"


def _number(error: BaseException, text: str) -> int:
    """asyncio gives several failed addresses as one error without a number of its own."""
    number = getattr(error, "errno", None)
    if number is None and (found := _NUMBER.search(text)):
        number = int(found.group(1))
    return number or 0


def _place(host: str, port: str) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
