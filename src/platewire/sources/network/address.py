"""URLs of cameras: contain no password, and are never shown with one."""

import re
from urllib.parse import urlsplit

from platewire.errors import ConfigError
from platewire.runtime.secret import reveal

_PASSWORD = re.compile(r"(?i)\b([a-z_]*(?:pass|pwd|token|secret|key)[a-z]*)=[^&/]*")


class Credentials(tuple[str, str]):
    """User and password in plain text; shows neither when printed."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Credentials(…)"


def checked(camera: str, url: str) -> str:
    """The address; ConfigError when it carries a user or password in the clear."""
    try:
        parts = urlsplit(url)
        named = parts.hostname and parts.port != 0
    except ValueError as error:
        raise ConfigError(f"camera {camera}: invalid `url`: {error}") from error
    if "@" in parts.netloc:
        raise ConfigError(
            f"camera {camera}: `url` contains a user or password in plain text; remove them and "
            'set `username = "env:CAMERA_USER"` and `password = "env:CAMERA_PASSWORD"` '
            "instead"
        )
    if not named:
        raise ConfigError(f"camera {camera}: `url` contains no host: {without_secrets(url)}")
    return url


def without_secrets(url: str) -> str:
    """The address as messages may show it: some cameras want the password in path or query."""
    return _PASSWORD.sub(r"\1=…", url)


def credentials(camera: str, username: str | None, password: str | None) -> Credentials | None:
    """What the secrets say; None when neither is set. ConfigError when one is missing."""
    if username is None and password is None:
        return None
    if username is None:
        raise ConfigError(f"camera {camera}: `password` is set without `username`; set both")
    return Credentials((reveal(username), reveal(password) if password is not None else ""))
