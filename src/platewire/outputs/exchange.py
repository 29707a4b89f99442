"""The request and response of one attempt, reported by the protocol code, stored by the delivery.

An output over HTTP reports the head of its request and the start of the response; the delivery
stores both with the attempt. Secrets are masked here, before anything is stored: header values are
shown only if the header is known to contain no secret.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field

from platewire.runtime.secret import MASK, masked
from platewire.wire import attempt, facts

ANSWER_CHARACTERS_MAX = 4096
"""Characters of a receiver's answer that are kept with an attempt: enough for an error page's
words."""
SHOWN_HEADERS = frozenset(
    {
        "accept",
        "accept-encoding",
        "content-encoding",
        "content-length",
        "content-type",
        "user-agent",
        "webhook-id",
        "webhook-timestamp",
        *attempt.NAMES,
        *facts.NAMES,
    }
)
SHOWN_PREFIXES = ("ce-",)


@dataclass(slots=True)
class Exchange:
    """The last request of an attempt; formatted only on demand."""

    method: str = ""
    address: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int | None = None
    text: str = ""

    @property
    def request(self) -> str:
        """Method, address and headers."""
        if not self.method:
            return ""
        lines = (f"{name}: {display_header(name, value)}" for name, value in self.headers.items())
        return masked("\n".join((f"{self.method} {self.address}", *lines)))

    @property
    def answer(self) -> str:
        """The start of it; a receiver may have repeated what is secret."""
        return masked(self.text)


CURRENT: ContextVar[Exchange | None] = ContextVar("exchange", default=None)


def into(exchange: Exchange) -> Exchange:
    """From now on, in this task, what is told is written there."""
    CURRENT.set(exchange)
    return exchange


def tell_request(method: str, address: str, headers: Mapping[str, str]) -> None:
    """`address` without what is secret in it."""
    if (exchange := CURRENT.get()) is not None:
        exchange.method, exchange.address, exchange.headers = method, address, headers
        exchange.status, exchange.text = None, ""


def tell_answer(status: int, text: str) -> None:
    if (exchange := CURRENT.get()) is not None:
        exchange.status, exchange.text = status, text[:ANSWER_CHARACTERS_MAX]


def display_header(name: str, value: str) -> str:
    name = name.lower()
    return value if name in SHOWN_HEADERS or name.startswith(SHOWN_PREFIXES) else MASK
