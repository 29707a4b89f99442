"""Errors of the operating system in words."""

import asyncio
import errno
import socket

import pytest

from platewire.runtime.system_error import in_words


async def test_a_refused_connection_names_the_address() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))  # bound, not listening: connections are refused
        port = reserved.getsockname()[1]
        with pytest.raises(ConnectionRefusedError) as caught:
            await asyncio.open_connection("127.0.0.1", port)
    assert in_words(caught.value) == f"connection refused by 127.0.0.1:{port}"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            OSError(
                "Multiple exceptions: [Errno 111] Connect call failed ('::1', 9, 0, 0), "
                "[Errno 111] Connect call failed ('127.0.0.1', 9)"
            ),
            "connection refused by [::1]:9",
        ),
        (
            OSError(errno.EHOSTUNREACH, "Connect call failed ('192.0.2.7', 80)"),
            "no route to host at 192.0.2.7:80",
        ),
        (ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"), "connection reset"),
        (
            OSError(errno.EADDRINUSE, "error while attempting to bind on address ('::', 80)"),
            "address already in use",
        ),
        (OSError(errno.ENOSPC, "No space left on device"), "No space left on device"),
        (OSError("[Errno 5] Input/output error"), "Input/output error"),
        (ConnectionError(), "ConnectionError"),
    ],
)
def test_the_words_of_an_error(error: OSError, words: str) -> None:
    assert in_words(error) == words
