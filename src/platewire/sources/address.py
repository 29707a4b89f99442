"""Addresses of cameras: no password may stand in them, and none may reach a message."""

import re
from urllib.parse import quote, urlsplit, urlunsplit

from platewire.errors import ConfigError
from platewire.secret import reveal

_PASSWORD = re.compile(r"(?i)\b([a-z_]*(?:pass|pwd|token|secret|key)[a-z]*)=[^&/]*")


class Credentials(tuple[str, str]):
    """User and password, revealed; shows neither when printed."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Credentials(…)"


def checked(camera: str, url: str) -> str:
    """The address; ConfigError when it carries a user or password in the clear."""
    try:
        parts = urlsplit(url)
        named = parts.hostname and parts.port != 0
    except ValueError as error:
        raise ConfigError(f"camera {camera}: `url` is no address: {error}") from error
    if "@" in parts.netloc:
        raise ConfigError(
            f"camera {camera}: `url` holds a user or password in the clear; take them out and set "
            '`username = "env:CAMERA_USER"` and `password = "env:CAMERA_PASSWORD"` instead'
        )
    if not named:
        raise ConfigError(f"camera {camera}: `url` names no computer: {shown(url)}")
    return url


def shown(url: str) -> str:
    """The address as messages may show it: some cameras want the password in path or query."""
    return _PASSWORD.sub(r"\1=…", url)


def credentials(camera: str, username: str | None, password: str | None) -> Credentials | None:
    """What the secrets say; None when neither is set. ConfigError when one is missing."""
    if username is None and password is None:
        return None
    if username is None:
        raise ConfigError(f"camera {camera}: `password` is set but `username` is not")
    return Credentials((reveal(username), reveal(password) if password is not None else ""))


def with_credentials(url: str, who: Credentials | None) -> str:
    """The address as FFmpeg wants it. Never to be written anywhere."""
    if who is None:
        return url
    parts = urlsplit(url)
    user, password = (quote(part, safe="") for part in who)
    return urlunsplit(parts._replace(netloc=f"{user}:{password}@{parts.netloc}"))
