"""A server that answers as Plate Recognizer documents Snapshot: multipart in, results out."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import cv2
import numpy as np

from platewire.model import Pixels

TOKEN = "s3cret"
PATH = "/v1/plate-reader/"


def result(plate: str = "pl8rec", **other: Any) -> dict[str, Any]:
    """One result, in the vendor's example's shape."""
    return {
        "box": {"xmin": 200, "ymin": 230, "xmax": 440, "ymax": 290},
        "plate": plate,
        "region": {"code": "us-ca", "score": 0.179},
        "score": 0.902,
        "dscore": 0.757,
        "candidates": [{"plate": plate, "score": 0.902}, {"plate": "plbrec", "score": 0.758}],
        "vehicle": {
            "score": 0.709,
            "type": "Sedan",
            "box": {"xmin": 100, "ymin": 71, "xmax": 590, "ymax": 373},
        },
        **other,
    }


class Posted(NamedTuple):
    """What arrived: fields in order, the picture, its file name."""

    fields: list[tuple[str, str]]
    pixels: Pixels
    filename: str


class SnapshotServer:
    """`answers` are given first, one for each post: status, headers, body; then `results`."""

    def __init__(self) -> None:
        self.results: list[dict[str, Any]] | None = None
        """None: one plate where the picture has any contrast in its middle, as a plate would."""
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        self.posted: list[Posted] = []
        self.asked = 0
        self.silent = threading.Event()
        """Set: requests are taken and not answered, until it is cleared by `stop`."""
        self.go_on = threading.Event()
        self.accepts_token = True
        self.url = ""

    def answer(self, posted: Posted) -> tuple[int, dict[str, str], bytes]:
        if self.answers:
            return self.answers.pop(0)
        height, width = posted.pixels.shape[:2]
        middle = posted.pixels[height // 3 : -height // 3, width // 3 : -width // 3]
        seen = self.results if self.results is not None else [result()] * int(np.ptp(middle) > 99)
        said = {
            "processing_time": 44.071,
            "results": seen,
            "filename": "1809_oHlaQ.jpg",
            "version": 1,
            "camera_id": dict(posted.fields).get("camera_id"),
            "timestamp": dict(posted.fields).get("timestamp"),
            "image_width": width,
            "image_height": height,
        }
        return 201, {}, json.dumps(said).encode()


@contextmanager
def running() -> Iterator[SnapshotServer]:
    server = SnapshotServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.reply(405, {}, b'{"detail":"Method \\"GET\\" not allowed."}')

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            posted = taken_apart(self.headers["Content-Type"], body)
            self.reply(*server.answer(posted), posted)

        def reply(
            self, status: int, headers: dict[str, str], body: bytes, posted: Posted | None = None
        ) -> None:
            server.asked += 1
            if server.silent.is_set():
                server.go_on.wait()
                self.close_connection = True
                return
            if self.headers["Authorization"] != f"Token {TOKEN}" or not server.accepts_token:
                status, body = 403, b'{"detail":"Invalid token."}'
            elif posted is not None:
                server.posted.append(posted)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            """Nothing on the console."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listening.daemon_threads = True
    server.url = f"http://127.0.0.1:{listening.server_port}{PATH}"
    thread = threading.Thread(target=listening.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        server.go_on.set()
        listening.shutdown()
        thread.join()
        listening.server_close()


def taken_apart(content_type: str, body: bytes) -> Posted:
    message = BytesParser(policy=HTTP).parsebytes(
        b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body
    )
    fields, pixels, filename = [], None, ""
    for part in message.iter_parts():
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        name = part.get_param("name", header="content-disposition")
        if part.get_filename():
            assert name == "upload"
            filename = str(part.get_filename())
            pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
        else:
            fields.append((str(name), content.decode()))
    assert pixels is not None
    return Posted(fields, np.asarray(pixels, np.uint8), filename)
