"""The files of platewire/bi for Power BI and Grafana, with the names of one database in them."""

import re
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from platewire.cli.database.paste import Reader
from platewire.errors import ConfigError
from platewire.web.settings import WebSettings

NAME = re.compile(r"\b(HOST|PORT|DATABASE|SCHEMA|USER|WEB)\b")
"""What stands in the files for a name. Passwords are in none of them."""


def write_files(reader: Reader, web: WebSettings, folder: Path) -> None:
    """Writes over what is there. Raises ConfigError where it cannot."""
    names = {
        "HOST": reader.host,
        "PORT": str(reader.port),
        "DATABASE": reader.database,
        "SCHEMA": reader.schema,
        "USER": reader.user,
        "WEB": web.public_url or f"{'https' if web.tls else 'http'}://{web.listen}",
    }
    try:
        copy(files("platewire") / "bi", folder, names)
    except OSError as error:
        raise ConfigError(f"{folder}: {error.strerror}; use another folder") from error


def copy(source: Traversable, target: Path, names: dict[str, str]) -> None:
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        for each in source.iterdir():
            copy(each, target / each.name, names)
        return
    text = NAME.sub(lambda match: names[match[0]], source.read_text("utf-8"))
    target.write_text(text, "utf-8")
