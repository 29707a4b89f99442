"""Node-RED as a receiver: its own nodes for HTTP, forms with files, and TCP read what is sent."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.foreign.everywhere import readers
from tests.foreign.everywhere.facts import Facts
from tests.foreign.everywhere.test_same_everywhere import EVENTS, PLATE, agrees, sending, until
from tests.foreign.node_red.running import Flow, kept, node_red

SOME = EVENTS[:20]
SECONDS = 60.0


def node(identity: str, kind: str, to: str = "", **more: Any) -> Mapping[str, Any]:
    place = {"z": "tab", "x": 1, "y": 1}  # Without one it is a node of the configuration.
    return {"id": identity, "type": kind, **place, "wires": [[to] if to else []], **more}


def keeping(path: Path, function: str) -> Flow:
    """From a node `keep`, what the function makes of the message is written as a line."""
    return [
        {"id": "tab", "type": "tab", "label": "test"},
        node("keep", "function", "json", func=function, outputs=1),
        node("json", "json", "file", property="payload", action="str"),
        node(
            "file", "file", filename=str(path), filenameType="str", appendNewline=True,
            overwriteFile="false", encoding="utf8",
        ),
    ]  # fmt: skip


def web(path: Path) -> Flow:
    """Answers 200 and keeps the body as Node-RED has parsed it, and the pictures of a form."""
    files = "(msg.req.files || []).map(f => [f.fieldname, f.buffer.toString('hex')])"
    return [
        *keeping(path, f"msg.payload = {{body: msg.payload, files: {files}}}; return msg;"),
        {**node("in", "http in", url="/events", method="post", upload=True),
         "wires": [["keep", "answer"]]},
        node("answer", "http response", statusCode="200"),
    ]  # fmt: skip


def native(told: Mapping[str, Any]) -> Facts:
    return readers.native(told["body"])


def axis(told: Mapping[str, Any]) -> Facts:
    return readers.axis(json.dumps(told["body"]).encode())


def form(told: Mapping[str, Any]) -> Facts:
    files = {name: bytes.fromhex(content) for name, content in told["files"]}
    assert files["image"] == PLATE
    return readers.native(json.loads(files["event"]))


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        ({"format": "native"}, native),
        ({"format": "axis"}, axis),
        ({"format": "native", "body": "multipart"}, form),
    ],
)
async def test_http(tmp_path: Path, raw: Mapping[str, str], read: Any) -> None:
    path = tmp_path / "kept.jsonl"
    async with node_red(tmp_path, web(path)) as url:
        async with sending(SOME, type="http", url=f"{url}/events", lanes=1, **raw) as sender:
            await sender.send()
        await until(lambda: len(kept(path)) == len(SOME))
    agrees([read(told) for told in kept(path)], SOME)


async def test_json_lines(tmp_path: Path) -> None:
    """Its TCP node connects to platewire, and parts the stream at line ends."""
    path = tmp_path / "kept.jsonl"
    async with sending(SOME, type="json_lines", listen="127.0.0.1:0") as sender:
        host, port = sender.output.address
        connecting = node(
            "in", "tcp in", "keep", server="client", host=host, port=str(port),
            datamode="stream", datatype="utf8", newline="\\n",
        )  # fmt: skip
        flow = [*keeping(path, "msg.payload = JSON.parse(msg.payload); return msg;"), connecting]
        async with node_red(tmp_path, flow):
            clients = sender.output.listener.clients
            await until(lambda: any(client.subscribed for client in clients))
            await sender.send()
            await until(lambda: len(kept(path)) > len(SOME))
    agrees([readers.native(told) for told in kept(path) if "hello" not in told], SOME)
