"""Node-RED itself, installed once from npm's registry, with a flow of the test's own."""

import asyncio
import contextlib
import json
import os
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.ports import free_port
from tests.support.counterparts import NPM, need

HERE = Path(__file__).parent
PROGRAM = HERE / "node_modules" / "node-red" / "red.js"
INSTALL = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
SECONDS = 60.0

Flow = Sequence[Mapping[str, Any]]


def installed() -> None:
    """Skips the test where it cannot be had, fails it on CI."""
    need(NPM)
    if PROGRAM.exists():
        return
    done = subprocess.run(INSTALL, cwd=HERE, capture_output=True, text=True, check=False)
    if done.returncode:
        told = f"npm cannot install Node-RED: {done.stderr.strip()[-300:]}"
        pytest.fail(told) if os.environ.get("CI") else pytest.skip(told)


@contextlib.asynccontextmanager
async def node_red(folder: Path, flow: Flow) -> AsyncIterator[str]:
    """Its address, once the flow runs."""
    installed()
    port = free_port()
    (folder / "flows.json").write_text(json.dumps(flow))
    (folder / "settings.js").write_text(
        "module.exports = {uiHost: '127.0.0.1', flowFile: 'flows.json', credentialSecret: false, "
        "telemetry: {enabled: false}, editorTheme: {tours: false}}"
    )
    process = await asyncio.create_subprocess_exec(
        *("node", str(PROGRAM), "--userDir", str(folder), "--port", str(port)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    drained = None
    try:
        async with asyncio.timeout(SECONDS):
            await _until_started(process)
        assert process.stdout is not None
        drained = asyncio.create_task(process.stdout.read())
        yield f"http://127.0.0.1:{port}"
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
        if drained is not None:
            await drained


async def _until_started(process: asyncio.subprocess.Process) -> None:
    assert process.stdout is not None
    said = b""
    while b"Started flows" not in said:
        line = await process.stdout.readline()
        assert line, said.decode("utf-8", "replace")
        said += line


def kept(path: Path) -> list[dict[str, Any]]:
    """What the flow wrote, one JSON object a line."""
    return (
        [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []
    )
