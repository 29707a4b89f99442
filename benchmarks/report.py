"""A benchmark's result as a section of docs/benchmarks.md; sections of other benchmarks stay."""

import os
import platform
import re
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

HEAD = "# Benchmarks\n\nWritten by `python3 run.py bench`; ratios within one run are what counts.\n"


@dataclass
class Table:
    title: str
    columns: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def text(self) -> str:
        lines = [" | ".join(self.columns), " | ".join("---" for _ in self.columns)]
        lines += [" | ".join(row) for row in self.rows]
        table = "\n".join(f"| {line} |" for line in lines)
        return "\n\n".join([f"## {self.title}", machine(), table, *self.notes])


def machine() -> str:
    """Date, processor count, Python, and how much a fixed task varied just now."""
    today = datetime.now(UTC).date().isoformat()
    return (
        f"{today}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python "
        f"{platform.python_version()}; machine noise (slowest by fastest of nine rounds of a "
        f"fixed task): {noise():.2f}"
    )


def noise(rounds: int = 9) -> float:
    spans = []
    for _ in range(rounds):
        started = time.perf_counter()
        sum(number * number for number in range(200_000))
        spans.append(time.perf_counter() - started)
    return max(spans) / min(spans)


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Median with the smallest and largest, as `1.23 (1.10-1.40)`."""
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:.{digits}f} ({low:.{digits}f}-{high:.{digits}f})"


def resident_kib(which: Literal["VmRSS", "VmHWM"], pid: int | str = "self") -> int:
    """Memory a process holds now, or has held at most, from Linux's /proc/PID/status. Not
    `ru_maxrss`: that is inherited from the process that started it."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{which}:"))


def rewrite(page: Path, name: str, table: Table) -> None:
    """Replaces the section between the markers of this benchmark, or adds it at the end."""
    old = page.read_text("utf-8") if page.exists() else HEAD
    start, end = f"<!-- {name} -->", f"<!-- end {name} -->"
    section = f"{start}\n{table.text()}\n{end}"
    pattern = re.compile(re.escape(start) + ".*?" + re.escape(end), re.DOTALL)
    if pattern.search(old):
        new = pattern.sub(lambda _: section, old)
    else:
        new = old.rstrip() + "\n\n" + section + "\n"
    page.write_text(new, "utf-8")
