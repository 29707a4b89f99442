"""Which PostgreSQL output a command means, and which server that is."""

import re

from platewire.config.tree import Config
from platewire.errors import ConfigError
from platewire.outputs.output import OutputSettings

DEFAULT_PORT = 5432
"""PostgreSQL's, where a URL names none."""


def output_of(config: Config, name: str | None) -> OutputSettings:
    """The one that is named, or the only one there is."""
    there = [each for each in config.output if each.has_database]
    chosen = [each for each in there if name in (None, each.name)]
    if len(chosen) == 1:
        return chosen[0]
    names = ", ".join(each.name for each in there) or "none"
    if name is not None:
        raise ConfigError(f'no PostgreSQL output "{name}"; configured PostgreSQL outputs: {names}')
    raise ConfigError(
        f"choose a PostgreSQL output with --output; configured PostgreSQL outputs: {names}"
    )


def first_host(url: str) -> tuple[str, int]:
    """Host and port of the first server that a URL names."""
    hosts = re.sub(r"^\w+://(?:[^/?]*@)?", "", url).partition("/")[0]
    match = re.fullmatch(r"(\[[^]]*\]|[^:]*)(?::(\d+))?", hosts.partition(",")[0])
    host, port = match.groups() if match else ("", None)
    return host.strip("[]") or "localhost", int(port or DEFAULT_PORT)
