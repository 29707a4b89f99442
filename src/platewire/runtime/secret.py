"""Secrets are named in the configuration, never written there: `env:NAME` or `file:PATH`.

What was once revealed is remembered, so that it can be taken out of what others say: a receiver may
repeat our request in its answer, and answers are shown to people.
"""

import hashlib
import hmac
import os
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from msgspec import Meta

from platewire.errors import ConfigError

Secret = Annotated[str, Meta(pattern=r"^(env|file):.+", examples=["env:GATE_TOKEN"])]
"""A setting that names where a secret lies; `reveal` fetches it when it is needed."""


MASK = "***"
MASKED_CHARACTERS_MIN = 6
"""Shorter ones are not looked for: they would be found everywhere."""
REMEMBERED_MAX = 1000
"""Secrets that are masked in messages, at most; a bound on memory, far above any configuration."""

_remembered: dict[str, None] = {}


def reveal(secret: str) -> str:
    """The secret's text without surrounding white space; ConfigError when it is not there."""
    text = _revealed(secret)
    remember(text)
    return text


def remember(text: str) -> None:
    """A secret, or what was made of one and is as good, such as a header."""
    if len(text) >= MASKED_CHARACTERS_MIN and text not in _remembered:
        if len(_remembered) >= REMEMBERED_MAX:
            _remembered.pop(next(iter(_remembered)))
        _remembered[text] = None


def masked(text: str) -> str:
    """Without any secret that was revealed, plain or as part of a URL."""
    if not text:
        return text
    for secret in sorted(_remembered, key=len, reverse=True):
        for spelled in {secret, quote(secret, safe="")}:
            text = text.replace(spelled, MASK)
    return text


def _revealed(secret: str) -> str:
    kind, _, where = secret.partition(":")
    if kind == "env":
        if (value := os.environ.get(where)) is None:
            raise ConfigError(f"secret {secret}: the environment variable {where} is not set")
        return value.strip()
    if kind == "file":
        try:
            return Path(where).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"secret {secret}: the file is not readable: {error}") from error
    raise ConfigError("a secret must be a reference: env:NAME or file:PATH")


def same(given: str, held: str) -> bool:
    """Compares in constant time whatever the lengths are."""
    return hmac.compare_digest(_digest(given), _digest(held))


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()
