"""What each format says, read by nothing of ours: the standard library and Werkzeug's forms.

Every reader asks for its keys by name, so a key that is missing fails as it would at a receiver.
"""

import io
import json
import re
import struct
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import unquote
from xml.etree import ElementTree

from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from tests.foreign.everywhere.facts import Facts

MILESTONE = "{urn:milestone-systems}"


class Form(NamedTuple):
    fields: Mapping[str, str]
    files: Mapping[str, tuple[str, bytes]]
    """Name of the file and its content, by the name of the field."""


def form(content_type: str, body: bytes) -> Form:
    built = EnvironBuilder(method="POST", input_stream=io.BytesIO(body), content_type=content_type)
    environ = built.get_environ()
    environ["CONTENT_LENGTH"] = str(len(body))
    with Request(environ) as request:
        files = {name: (file.filename or "", file.read()) for name, file in request.files.items()}
        return Form(dict(request.form), files)


def milliseconds(text: str) -> int:
    """Of an ISO 8601 time with its offset."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


# --- ours ----------------------------------------------------------------------------------------


def native(told: Mapping[str, Any]) -> Facts:
    plate, vehicle = told["plate"], told["vehicle"]
    return {
        "kind": told["kind"],
        "id": told["id"],
        "passage": told["passage"],
        "number": told["passage_number"],
        "revision": told["revision"],
        "plate": plate["text"],
        "raw": plate["raw"],
        "own letters": plate["unicode"],
        "country": plate["country"] or "",
        "confidence": plate["confidence"],
        "box": tuple(plate["box"]),
        "direction": told["direction"],
        "camera": told["camera"],
        "zone": told["zone"] or "",
        "occurred": milliseconds(told["occurred_at"]),
        "first seen": milliseconds(told["first_seen_at"]),
        "last seen": milliseconds(told["last_seen_at"]),
        **{name: _value(vehicle[name]) for name in ("make", "model", "type", "color")},
        "lists": [hit["name"] for hit in told["lists"]],
        "reads": told["reads"],
    }


def cloudevent_binary(headers: Mapping[str, str], body: bytes) -> Facts:
    told = native(json.loads(body))
    attributes = {
        name: unquote(headers[f"ce-{name}"]) for name in ("id", "type", "subject", "time")
    }
    _agree(attributes, told)
    return told


def cloudevent_structured(body: bytes) -> Facts:
    envelope = json.loads(body)
    told = native(envelope["data"])
    _agree(envelope, told)
    return told


def _agree(attributes: Mapping[str, str], told: Facts) -> None:
    assert attributes["id"] == told["id"]
    assert attributes["type"] == f"io.platewire.passage.{told['kind']}"
    assert attributes["subject"] == told["passage"]
    assert milliseconds(attributes["time"]) == told["occurred"]


def generic_line(line: bytes) -> Facts:
    _, kind, plate, country, camera, lists, direction, number = line.decode().split(";")
    return {
        "kind": kind,
        "plate": plate,
        "country": country,
        "camera": camera,
        "lists": [each for each in lists.split(",") if each],
        "direction": direction,
        "number": int(number),
    }


# --- NumberOk and its family ---------------------------------------------------------------------


def numberok_1_0(body: bytes) -> Facts:
    told = json.loads(body)
    return {
        "kind": {"new": "new", "updated": "updated", "lost": "lost"}[told["carState"]],
        "own letters": told["plateText"],
        "country alpha3": told["plateCountry"],
        "confidence": float(told["plateConfidence"]),
        "direction": told["carMoveDirection"],
        "box": tuple(told["plateCoordinates"]),
        "number": int(told["carID"]),
        "packet time": _numberok_time(told["datetime"]),
        "sensor": told["sensorProviderID"],
    }


def numberok_1_6(body: bytes) -> Facts:
    told = json.loads(body)
    assert int(told["capture_ts"]) == int(told["capture_timestamp"]) * 1_000_000
    assert told["plateUnicode"] == told["plateUTF8"] == told["plateText"]
    return {
        **numberok_1_0(body),
        "plate": told["plateASCII"],
        "packet time": int(told["capture_timestamp"]),
        "zone index": int(told["roiID"]) - 1,
    }


def axis(body: bytes) -> Facts:
    told = json.loads(body)
    told["carState"] = {"new": "new", "update": "updated", "lost": "lost"}[told["carState"]]
    told["datetime"] += "+0000"  # local time of the site, which is UTC here
    vehicle = told.get("vehicle_info", {})
    return {
        **numberok_1_6(json.dumps(told).encode()),
        "make": vehicle.get("make", ""),
        "model": vehicle.get("model", ""),
        "type": vehicle.get("type", "").lower(),
        "color": vehicle.get("color", "").lower(),
        "list": told["plateList"],
    }


def _numberok_time(text: str) -> int:
    found = re.fullmatch(r"(\d{8} \d{6})(\d{3})\+0000", text)
    assert found is not None, text
    second = datetime.strptime(found[1], "%Y%m%d %H%M%S").replace(tzinfo=UTC)
    return round(second.timestamp()) * 1000 + int(found[2])


def numberok_packets(stream: bytes) -> Iterator[tuple[Facts, bytes]]:
    """What a client of NumberOk's TCP server reads: facts and picture of each packet."""
    while stream:
        kind, length = struct.unpack_from("<II", stream)
        assert kind == 0x21
        text, _, picture = stream[8 : 8 + length].partition(b"\0\0")
        stream = stream[8 + length :]
        yield (
            _numberok_pairs(dict(pair.split("=", 1) for pair in text.decode().split("\x05"))),
            picture,
        )


def _numberok_pairs(pairs: Mapping[str, str]) -> Facts:
    movements = {"Undetermined": ("unknown", "0"), "In": ("in", "2"), "Out": ("out", "8")}
    direction, bits = movements[pairs["MovementType"]]
    assert pairs["uMovementType"] == bits
    assert pairs["SystemId"] == "7"
    assert (pairs["EventClass"], pairs["EventType"]) == ("Status", "IAService.LPR")
    return {
        "kind": {"Detected": "new", "Updated": "updated", "Lost": "lost"}[pairs["State"]],
        "number": int(pairs["RuntimeID"]),
        "direction": direction,
        "frame": int(pairs["FrameTimeStampMs"]),
        "plate": pairs["PlateNumber"],
        "raw": pairs["RawPlateNumber"],
        "own letters": bytes.fromhex(pairs["UnicodePlateNumber"]).decode("utf-16-be"),
        "zone index": int(pairs["ZoneIndex"]),
        "channel": int(pairs["ChannelIndex"]),
        "id": pairs["EventId"],
        "passage": pairs["PassageId"],
        "revision": int(pairs["Revision"]),
        "country alpha3": pairs.get("Country", ""),
        "confidence": float(pairs["Confidence"]),
        "make": pairs.get("CarBrand", ""),
        "model": pairs.get("CarModel", ""),
        "type": pairs.get("CarType", ""),
        "color": pairs.get("CarColor", ""),
        "box": tuple(int(edge) for edge in pairs["PlateRect"].split(",")),
    }


# --- other vendors -------------------------------------------------------------------------------


def plate_recognizer(text: str | bytes) -> Facts:
    told = json.loads(text)
    (result,) = told["data"]["results"]
    box, added = result["box"], told["platewire"]
    (make,) = result["model_make"] or [{"make": "", "model": ""}]
    (color,) = result["color"] or [{"color": ""}]
    return {
        "kind": added["kind"],
        "id": added["id"],
        "number": added["passage_number"],
        "direction": added["direction"],
        "lists": added["lists"],
        "plate": result["plate"].upper(),
        "score": result["score"],
        "country": result["region"]["code"].upper(),
        "box": (box["xmin"], box["ymin"], box["xmax"] - box["xmin"], box["ymax"] - box["ymin"]),
        "camera": told["data"]["camera_id"],
        "occurred": milliseconds(told["data"]["timestamp"]),
        "make": make["make"],
        "model": make["model"],
        "color": color["color"],
        "type": result.get("vehicle", {}).get("type", ""),
    }


def genetec(body: bytes) -> Facts:
    told = json.loads(body)
    attributes = told["Attributes"]
    stamp = f"{told['DateUtc']} {told['TimeUtc']} +0000"
    at = datetime.strptime(stamp, "%m/%d/%Y %H:%M:%S %z")
    return {
        "kind": told["platewire"]["kind"],
        "plate": told["Plate"],
        "country": told["State"],
        "percent": int(told["ConfidenceScore"]),
        "camera": told["CameraName"],
        "passage": told["VehicleID"],
        "occurred second": round(at.timestamp()),
        "make": attributes.get("Vehicle Make", ""),
        "model": attributes.get("Vehicle Model", ""),
        "type": attributes.get("Vehicle Type", ""),
        "color": attributes.get("Vehicle Color", ""),
        "is listed": told["IsHit"] == "Yes",
    }


def onvif(body: bytes) -> Facts:
    told = json.loads(body)
    plate = told["Data"]["LicensePlateInfo"]["LicensePlateInfo"]
    code = plate.get("CountryCode", "")
    return {
        "kind": told["platewire"]["kind"],
        "id": told["platewire"]["id"],
        "number": told["platewire"]["passage_number"],
        "occurred": milliseconds(told["UtcTime"]),
        "channel": int(told["Source"]["VideoSource"]) - 1,
        "plate": plate["PlateNumber"]["#text"],
        "likelihood": plate["PlateNumber"]["@Likelihood"],
        "country": code if isinstance(code, str) else code["#text"],
    }


def auto_intellect(element: bytes) -> Facts:
    read = ElementTree.fromstring(element).attrib
    at = datetime.fromisoformat(read["time"]).replace(tzinfo=UTC)
    return {
        "kind": read["kind"],
        "id": read["event-id"],
        "number": int(read["passage"]),
        "direction": {"in": "in", "out": "out", "none": "unknown"}[read["direction"]],
        "channel": int(read["cam-id"]) - 1,
        "occurred": round(at.timestamp() * 1000),
        "plate": read["plate"],
        "country alpha3": read["plate_mask"],
        "percent": int(read["confidence"]),
    }


def auto_intellect_line(line: bytes) -> Facts:
    at = datetime.strptime(line[:14].decode("ascii"), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    return {
        "occurred second": round(at.timestamp()),
        "channel": int(line[14:16]) - 1,
        "plate": line[16:].decode("ascii"),
    }


def milestone(body: bytes) -> Facts:
    root = ElementTree.fromstring(body)
    color = root.findtext(f"{MILESTONE}ObjectList/{MILESTONE}Object/{MILESTONE}Color") or ""

    def text(*path: str) -> str:
        found = root.findtext("/".join(MILESTONE + each for each in path))
        assert found is not None, path
        return found

    return {
        **native(json.loads(text("Vendor", "CustomData"))),
        "id": text("EventHeader", "ID"),
        "occurred": milliseconds(text("EventHeader", "Timestamp")),
        "plate": text("EventHeader", "CustomTag"),
        "camera": text("EventHeader", "Source", "Name"),
        "confidence": float(text("ObjectList", "Object", "Confidence")),
        "color": color,
    }


def nx_event(query: Mapping[str, str]) -> Facts:
    kind, *words = query["description"].split(", ")
    return {
        "kind": kind,
        "occurred": int(query["timestamp"]),
        "camera": query["source"],
        "plate": query["caption"],
        "number": int(words[-1].removeprefix("passage ")),
    }


def nx_bookmark(body: bytes) -> Facts:
    told = json.loads(body)
    return {
        "kind": told["description"].split(", ")[0],
        "plate": told["name"],
        "first seen": told["startTimeMs"],
        "lists": [tag for tag in told["tags"] if tag != "ANPR"],
        "number": int(told["description"].split("passage ")[1]),
    }


def two_n(body: bytes) -> Facts:
    told = json.loads(body)
    return {
        "id": told["lprUuid"],
        "number of 31 bits": told["lprID"],
        "plate": told["plateText"],
        "direction": {0: "unknown", 2: "in", 3: "out"}[told["lprDir"]],
    }


def one_c(body: bytes) -> Iterator[Facts]:
    for told in json.loads(body)["passages"]:
        yield {
            "kind": told["kind"],
            "id": told["id"],
            "passage": told["passage"],
            "number": told["passage_number"],
            "revision": told["revision"],
            "plate": told["plate"],
            "country": told["country"],
            "direction": told["direction"],
            "camera": told["camera"],
            "zone": told["zone"],
            "occurred second": milliseconds(told["occurred_at"] + "+00:00") // 1000,
            "make": told["vehicle_make"],
            "model": told["vehicle_model"],
            "type": told["vehicle_type"],
            "color": told["vehicle_color"],
            "lists": [each for each in told["lists"].split(", ") if each],
            "reads": told["reads"],
        }


# --- databases -----------------------------------------------------------------------------------


def event_row(row: Mapping[str, Any]) -> Facts:
    """Of `anpr_event`."""
    return {
        "kind": row["kind"],
        "id": str(row["id"]),
        "passage": str(row["passage"]),
        "number": row["passage_number"],
        "revision": row["revision"],
        "plate": row["plate"],
        "raw": row["plate_raw"],
        "own letters": row["plate_unicode"],
        "country": row["country"] or "",
        "confidence": row["plate_confidence"],
        "direction": row["direction"],
        "camera": row["camera"],
        "zone": row["zone"] or "",
        "occurred": row["occurred_ms"],
        "first seen": row["first_seen_ms"],
        "last seen": row["last_seen_ms"],
        **{name: row[name] or "" for name in ("make", "model", "type", "color")},
        "lists": [each for each in (row["lists"] or "").split(", ") if each],
        "reads": row["reads"],
    }


def lprevents_row(row: Mapping[str, Any]) -> Facts:
    movements = {"Undetermined": "unknown", "In": "in", "Out": "out"}
    edges = ("plate_left", "plate_top", "plate_width", "plate_height")
    return {
        "kind": {"Detected": "new", "Updated": "updated", "Lost": "lost"}[row["state"]],
        "number": row["runtime_id"],
        "first seen": row["timestamp_"],
        "plate": row["number"],
        "raw": row["raw_number"],
        "country": row["country"] or "",
        "confidence": row["confidence"],
        "direction": movements[row["movement_type"]],
        "channel": row["channel_index"],
        "zone index": row["zone_index"],
        "make": row["car_brand"] or "",
        "model": row["car_model"] or "",
        "type": row["car_type"] or "",
        "color": row["car_color"] or "",
        "box": tuple(round(row[edge]) for edge in edges),
    }


def pictures(told: Mapping[str, Any]) -> Sequence[bytes]:
    """Those within the JSON of the camera family."""
    return [b64decode(each["BinaryImage"]) for each in told.get("ImageArray", ())]


def _value(attribute: Mapping[str, Any] | None) -> str:
    return "" if attribute is None else str(attribute["value"])
