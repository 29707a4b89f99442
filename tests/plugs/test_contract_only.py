"""Nothing outside their rooms asks for a concrete output, source or engine.

What the rest of the program needs to know of a plug is declared in its contract, with a default, so
that a plug of another package is no exception anywhere.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "platewire"
ROOMS = ("app", "camera", "cli", "config", "delivery", "exports", "lists", "web")
PLUG_ROOMS = ("platewire.outputs", "platewire.sources", "platewire.recognition")
SHARED = frozenset(
    {
        "platewire.outputs.builtin",
        "platewire.outputs.exchange",
        "platewire.outputs.http.response",
        "platewire.outputs.http.heartbeat",
        "platewire.outputs.output",
        "platewire.outputs.selector",
        "platewire.recognition.builtin",
        "platewire.recognition.engine",
        "platewire.recognition.picture_settings",
        "platewire.recognition.pictures",
        "platewire.recognition.pool",
        "platewire.recognition.refused",
        "platewire.recognition.stopwatch",
        "platewire.sources.builtin",
        "platewire.sources.probe",
        "platewire.sources.source",
    }
)
"""Modules of the plug rooms that hold no plug."""
USED = {"cli/recognition/recordings.py": "platewire.sources.file"}
"""Code that reads a clip named on the command line builds the source for it."""
NO_PLUGS = {
    "config/reference.py": {"__name__"},
    "web/api/operation.py": {"holder"},
    "web/guard.py": {"slot"},
    "web/serve.py": {"servers", "TCP_USER_TIMEOUT"},
}
"""Attributes by name of what is no plug."""
REMEDY = "declare what is asked in the contract, with a default"

Fault = tuple[int, str]


def faults(text: str, file: str = "") -> Iterator[Fault]:
    """Line and what is wrong there."""
    tree = ast.parse(text)
    plug_names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            modules = [node.module, *(f"{node.module}.{each.name}" for each in node.names)]
            if node.module.startswith(PLUG_ROOMS):
                plug_names |= {each.asname or each.name for each in node.names}
                if not SHARED & set(modules) and node.module != USED.get(file):
                    yield node.lineno, f"imports {node.module}"
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        if node.func.id in ("isinstance", "issubclass"):
            asked = {each.id for each in ast.walk(node.args[1]) if isinstance(each, ast.Name)}
            for name in sorted(asked & plug_names):
                yield node.lineno, f"asks {node.func.id} of {name}"
        if node.func.id in ("getattr", "hasattr") and isinstance(node.args[1], ast.Constant):
            name = str(node.args[1].value)
            if name not in NO_PLUGS.get(file, ()):
                yield node.lineno, f"asks {node.func.id} for {name!r}"


def files() -> list[Path]:
    return [file for room in ROOMS for file in sorted((SOURCE / room).rglob("*.py"))]


def test_no_plug_is_asked_for_its_type_or_for_an_attribute_by_name() -> None:
    found = [
        f"src/platewire/{file.relative_to(SOURCE)}:{line} {what}; {REMEDY}"
        for file in files()
        for line, what in faults(file.read_text("utf-8"), str(file.relative_to(SOURCE)))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("from platewire.outputs.tcp.listener import TcpSettings", "imports platewire.outputs.tcp"),
        ("from platewire.sources.rtsp import RtspSettings", "imports platewire.sources.rtsp"),
        (
            "from platewire.outputs.output import Output\nisinstance(x, str | Output)",
            "asks isinstance of Output",
        ),
        ("getattr(output, 'lanes', 1)", "asks getattr for 'lanes'"),
        ("if hasattr(engine, 'examine'): ...", "asks hasattr for 'examine'"),
    ],
)
def test_a_new_one_is_found(text: str, said: str) -> None:
    assert [said in what for _, what in faults(text)] == [True]


def test_what_is_allowed_is_used() -> None:
    """No exception stays in the lists above after its reason has gone."""
    texts = {str(file.relative_to(SOURCE)): file.read_text("utf-8") for file in files()}
    assert all(module in texts[file] for file, module in USED.items())
    for file, names in NO_PLUGS.items():
        assert all(f'"{name}"' in texts[file] for name in names), file
