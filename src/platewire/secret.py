"""Secrets are named in the configuration, never written there: `env:NAME` or `file:PATH`."""

import hashlib
import hmac
import os
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from platewire.errors import ConfigError

Secret = Annotated[str, Meta(pattern=r"^(env|file):.+", examples=["env:GATE_TOKEN"])]
"""A setting that names where a secret lies; `reveal` fetches it when it is needed."""


def reveal(secret: str) -> str:
    """The secret's text without surrounding white space; ConfigError when it is not there."""
    kind, _, where = secret.partition(":")
    if kind == "env":
        if (value := os.environ.get(where)) is None:
            raise ConfigError(f"secret {secret}: the environment variable {where} is not set")
        return value.strip()
    if kind == "file":
        try:
            return Path(where).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"secret {secret}: the file cannot be read: {error}") from error
    raise ConfigError("a secret is written as env:NAME or file:PATH, not in the clear")


def same(given: str, held: str) -> bool:
    """Compares in constant time whatever the lengths are."""
    return hmac.compare_digest(_digest(given), _digest(held))


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()
