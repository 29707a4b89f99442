"""Receivers of Plate Recognizer's webhook, read from parkpow/deep-license-plate-recognition.

Each stand-in reads the fields that the public one reads, in Flask as that does, and fails as that
fails: a form without `json` is a KeyError, which Flask answers with 400.
"""

import json
from datetime import datetime
from typing import Any

import pytest
from flask import Flask, request

from platewire.errors import Rejected
from tests.foreign.flask_server import serving
from tests.outputs.http.http_sending import PICTURES, deliver, settings

PICTURE = PICTURES[0].jpeg


class Sample:
    """`webhook_reader_flask.py`: keeps the first file, and reads the form's field."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.pictures: list[bytes] = []
        self.app = Flask("webhook_reader_flask")
        self.app.add_url_rule("/", view_func=self._take, methods=["POST"])

    def _take(self) -> str:
        for file in request.files.values():
            self.pictures.append(file.read())
            break
        self.told.append(json.loads(request.form["json"]))
        return "OK"


class ToNx(Sample):
    """`Webhook_nx/main.py`: makes a bookmark of time, camera and plate."""

    def __init__(self) -> None:
        super().__init__()
        self.bookmarks: list[tuple[str, str, int]] = []

    def _take(self) -> str:
        data = json.loads(request.form["json"])["data"]
        at = datetime.strptime(data["timestamp_local"], "%Y-%m-%d %H:%M:%S.%f%z")
        plate = data["results"][0]["plate"].upper()
        self.bookmarks.append((data["camera_id"], plate, int(at.timestamp() * 1000)))
        return "OK"


class Middleware(Sample):
    """`middleware/consumer.py`: chooses by the content type."""

    def _take(self) -> str:
        if request.content_type.startswith("multipart/form-data"):
            self.pictures += [file.read() for file in request.files.values()]
        elif request.content_type == "application/json":
            self.told.append(request.get_json())
            return "OK"
        self.told.append(json.loads(request.form["json"]))
        return "OK"


@pytest.mark.parametrize("receiver", [Sample, Middleware])
@pytest.mark.parametrize(
    ("more", "pictures"),
    [
        ({}, [PICTURE]),
        ({"picture": "none"}, []),
        ({"body": "form"}, []),
        ({"body": "multipart"}, [PICTURE]),
        ({"body": "multipart", "picture": "none"}, []),
    ],
)
async def test_the_samples_accept_it(
    receiver: type[Sample], more: dict[str, object], pictures: list[bytes]
) -> None:
    there = receiver()
    with serving(there.app) as url:
        await deliver(settings(f"{url}/", format="plate-recognizer", **more))
    assert there.pictures == pictures
    (told,) = there.told
    assert told["hook"]["event"] == "recognition"
    assert told["data"]["results"][0]["plate"] == "bu9042"


@pytest.mark.parametrize("zone", [None, "Europe/Berlin", "America/St_Johns"])
async def test_local_time_is_written_as_the_vendor_writes_it(zone: str | None) -> None:
    there = ToNx()
    with serving(there.app) as url:
        await deliver(settings(f"{url}/", format="plate-recognizer", time_zone=zone))
    assert there.bookmarks == [("gate", "BU9042", 1767323046678)]


async def test_json_body_is_optional() -> None:
    there = Middleware()
    with serving(there.app) as url:
        await deliver(settings(f"{url}/", format="plate-recognizer", body="json"))
    assert there.told[0]["data"]["camera_id"] == "gate"
    with serving(Sample().app) as url, pytest.raises(Rejected, match="400"):
        await deliver(settings(f"{url}/", format="plate-recognizer", body="json"))
