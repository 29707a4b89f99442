"""The programs that the demo starts, and their orderly end, whatever happens to the demo."""

import subprocess
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).resolve().parents[2]
GRACE_SECONDS = 15
TAIL_LINES = 12


class Ended(Exception):
    """A program ended that should run on; the text holds the end of what it printed."""


class Processes:
    """Each program's output goes to `NAME.log` in `folder`. Leaving the context ends them all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> "Processes":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """The last one started ends first, so that the server hands over what it still has."""
        for name in reversed(self._running):
            end(self._running[name])

    def start(self, name: str, command: list[str]) -> None:
        """In a session of its own, so that Ctrl-C reaches the demo alone."""
        with self._log(name).open("wb") as output:
            self._running[name] = subprocess.Popen(
                command,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def check(self) -> None:
        """Raises Ended when one of them has."""
        for name, process in self._running.items():
            if (code := process.poll()) is not None:
                raise Ended(f"{name} ended with {code}. Its last lines:\n{self._tail(name)}")

    def _log(self, name: str) -> Path:
        return self._folder / f"{name}.log"

    def _tail(self, name: str) -> str:
        lines = self._log(name).read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(f"    {line}" for line in lines[-TAIL_LINES:])


def end(process: "subprocess.Popen[bytes]") -> None:
    """Asks, waits, and only then insists. SIGINT would not do: a shell without job control lets its
    background jobs ignore it, and what they start inherits that."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
