"""A schema's migration steps: `.sql` files `0001_name.sql`, `0002_name.sql` ... in a folder."""

from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Step:
    version: int
    name: str
    sql: str


def steps_of(package: str) -> tuple[Step, ...]:
    """All steps in the package's folder `migrations`, in order; their versions are 1, 2, 3 ..."""
    folder = files(package) / "migrations"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return tuple(
        Step(int(name[:4]), name[5:-4], (folder / name).read_text("utf-8")) for name in names
    )
