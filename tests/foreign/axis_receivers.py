"""Receivers of the camera family's packets, after what their authors publish.

Each reads the keys that the original reads and fails where it fails; none is more lenient.
"""

import base64
import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from aiohttp import web
from flask import Flask, request

# --- ParkPow's Axis receiver (parkpow/deep-license-plate-recognition, parkpow/axis-lpr) -----------


def parkpow(visits: list[dict[str, Any]]) -> Flask:
    """Flask; answers 400 without both files, and for each key that it does not find."""
    app = Flask("axis-lpr")

    @app.post("/")
    def process_files() -> tuple[str, int]:
        for name in ("event", "image"):
            if name not in request.files:
                return f"{name.title()} file missing", 400
        try:
            event = json.loads(request.files["event"].read())
            visits.append(_parkpow_visit(event, request.files["image"].read()))
        except Exception as error:
            return f"Error uploading files: {error}", 400
        return "Files uploaded successfully", 200

    return app


def _parkpow_visit(event: Mapping[str, Any], image: bytes) -> dict[str, Any]:
    box = event["plateCoordinates"]
    return {
        "camera": event["camera_info"]["SerialNumber"],
        "image": base64.b64encode(image).decode(),
        "plate": event["plateUTF8"],
        "score": event["plateConfidence"],
        "box": (box[0], box[1], box[0] + box[2], box[1] + box[3]),
        "time": datetime.fromtimestamp(int(event["capture_timestamp"]) / 1000, UTC),
    }


# --- the Python sample of AXIS License Plate Verifier's documentation -----------------------------


def axis_sample(taken: list[tuple[dict[str, Any], dict[str, bytes]]]) -> web.Application:
    """aiohttp; takes every part for a file, so that one without a file name is an error 500."""

    async def handle_files(asked: web.Request) -> web.Response:
        event: dict[str, Any] = {}
        files: dict[str, bytes] = {}
        for name, part in (await asked.post()).items():
            files[name] = part.file.read()  # type: ignore[union-attr]
            if name == "event":
                event = json.loads(files[name])
        taken.append((event, files))
        return web.Response()

    app = web.Application(client_max_size=32 << 20)
    app.router.add_post("/", handle_files)
    return app


# --- the vendor's own receiver (ffgroup-usa/mmrapi, in Go) ----------------------------------------


class _Geotag(msgspec.Struct):
    lat: float = 0
    lon: float = 0


class _VehicleInfo(msgspec.Struct):
    make: str = ""
    model: str = ""
    color: str = ""
    type: str = ""
    confidencemmr: str = ""
    confidencecolor: str = ""


class _CameraInfo(msgspec.Struct):
    serialnumber: str = ""
    ipaddress: str = ""


class _Embedded(msgspec.Struct):
    imagetype: str = ""
    imageformat: str = ""
    binaryimage: str = ""


class MmrEvent(msgspec.Struct):
    """The types of its structure: a number where it has a string is an error there too. Keys count
    in any case, so they are in lower case here."""

    carid: str = ""
    plateutf8: str = ""
    platetext: str = ""
    plateregion: str = ""
    plateregioncode: str = ""
    platecountry: str = ""
    plateconfidence: str = ""
    carstate: str = ""
    datetime: str = ""
    capture_timestamp: str = ""
    sensorproviderid: str = ""
    packetcounter: str = ""
    geotag: _Geotag | None = None
    vehicle_info: _VehicleInfo | None = None
    camera_info: _CameraInfo | None = None
    imagefile: str = ""
    imagefile2: str = ""
    imagearray: Sequence[_Embedded] = ()

    @property
    def plate(self) -> str:
        return self.plateutf8 or self.platetext


def mmr_api(taken: list[tuple[MmrEvent, dict[str, bytes]]]) -> web.Application:
    """Does not look at the names of fields: JSON is what is called .json, and pictures are told
    apart by their file names."""

    async def handle(asked: web.Request) -> web.Response:
        raw, pictures = b"", {}
        if asked.content_type.startswith("multipart/"):
            for part in (await asked.post()).values():
                if not isinstance(part, web.FileField):
                    continue
                name, data = part.filename.lower(), part.file.read()
                if name.endswith(".json"):
                    raw = data
                elif name.endswith((".jpg", ".jpeg", ".png")):
                    pictures[_mmr_type(name)] = data
        else:
            raw = await asked.read()
        if not raw:
            return web.json_response({"success": False, "message": "no JSON data"}, status=400)
        try:
            event = msgspec.convert(_lower_keys(json.loads(raw)), MmrEvent)
        except (ValueError, msgspec.ValidationError) as error:
            return web.json_response({"success": False, "message": str(error)}, status=400)
        for image in event.imagearray:
            pictures[image.imagetype] = base64.b64decode(image.binaryimage)
        taken.append((event, pictures))
        return web.json_response({"success": True, "plate": event.plate})

    app = web.Application(client_max_size=32 << 20)
    app.router.add_post("/api", handle)
    return app


def _mmr_type(name: str) -> str:
    if "lpup" in name or "plate" in name:
        return "plate"
    return "vehicle" if "roi" in name or "vehicle" in name else "uploaded"


def _lower_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {key.lower(): _lower_keys(part) for key, part in value.items()}
    return [_lower_keys(part) for part in value] if isinstance(value, list) else value


# --- a receiver of camera events over TCP (Childcity/CS_IpCameraServer, in C++) -------------------

CHILDCITY_BYTES = 1024
"""Its buffer. What comes in one read is a message, whole or not."""
_CHILDCITY_COLUMNS = (
    "packetCounter",
    "datetime",
    "plateText",
    "plateCountry",
    "plateConfidence",
    "carState",
    "carMoveDirection",
    "carID",
    "GEOtarget",
    "sensorProviderID",
)


class Childcity:
    """Keeps its events in SQLite, with values that it puts into the statement as they are."""

    def __init__(self) -> None:
        self.database = sqlite3.connect(":memory:")
        self.database.execute(
            f"CREATE TABLE ip_camera_events ({', '.join(_CHILDCITY_COLUMNS)}, rawJson)"
        )
        self.warnings: list[str] = []

    def close(self) -> None:
        self.database.close()

    def take(self, read: bytes) -> None:
        text = read.translate(None, b"\0\r\n").decode()
        try:
            self._take(text)
        except (ValueError, sqlite3.Error) as error:
            if text:  # it knows of connections without a word
                self.warnings.append(f"unexpected data: {error}")

    def _take(self, text: str) -> None:
        event = json.loads(text)
        if not event.get("plateText") or not event.get("plateConfidence"):
            raise ValueError("not an event")
        values = [str(event.get(name, "")) for name in _CHILDCITY_COLUMNS]
        quoted = ", ".join(f"'{value}'" for value in [*values, text])
        self.database.execute(f"INSERT INTO ip_camera_events VALUES ({quoted})")

    def plates(self) -> list[str]:
        return [
            plate for (plate,) in self.database.execute("SELECT plateText FROM ip_camera_events")
        ]
