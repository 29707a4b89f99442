"""The document, the routes and the answers agree."""

from typing import Any

import aiohttp
import jsonschema
import numpy as np
import pytest
from starlette.routing import Route

from platewire.model import Images, Kind
from platewire.runtime.status import State
from platewire.web.api import openapi
from platewire.web.api.operations import OPERATIONS
from platewire.web.app import build_app
from platewire.web.context import ReplayRequest
from tests.web.world import World, after, attempt, event, jpeg_picture

Client = aiohttp.ClientSession


@pytest.fixture
def document() -> dict[str, Any]:
    return openapi.document("1.2.3")


async def test_every_route_of_the_api_is_described(world: World, document: dict[str, Any]) -> None:
    routes = [route for route in build_app(world.context).routes if isinstance(route, Route)]
    served = {
        (route.path, method.lower())
        for route in routes
        if route.path.startswith("/api/v1/") and route.path != openapi.DOCUMENT_PATH
        for method in (route.methods or set()) - {"HEAD"}
    }
    described = {(path, method) for path, it in document["paths"].items() for method in it}
    assert served == described


def test_every_operation_and_parameter_says_what_it_is(document: dict[str, Any]) -> None:
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert operation["summary"]
            for parameter in operation["parameters"]:
                assert parameter["description"], (path, parameter["name"])
            in_path = {it["name"] for it in operation["parameters"] if it["in"] == "path"}
            assert in_path == {part.partition("}")[0] for part in path.split("{")[1:]}


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    def references(it: Any) -> set[str]:
        if isinstance(it, list):
            return set().union(*map(references, it))
        if not isinstance(it, dict):
            return set()
        own = {it["$ref"]} if isinstance(it.get("$ref"), str) else set()
        return own.union(*map(references, it.values()))

    names = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert references(document["paths"]) | references(document["components"]) <= names


def test_every_schema_is_one(document: dict[str, Any]) -> None:
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


BODIES = {
    "replay_output": {"from_seq": 1},
    "discard_dead_letters": {"reason": "seen to"},
    "put_entries": {"entries": [{"plate": "AB 1"}]},
    "remove_entries": {"plates": ["AB 1"]},
}
UPLOAD = b"plate\nAB 2\n"


async def test_answers_fit_their_schema(
    world: World, client: Client, document: dict[str, Any]
) -> None:
    values = await fill(world)
    for operation in OPERATIONS:
        if operation.name == "follow":
            continue  # an endless stream; its blocks are tested beside it
        body = BODIES.get(operation.name, {}) if operation.body else None
        path = operation.path.format(**values)
        given: dict[str, Any] = {"json": body}
        if operation.upload:
            given = {"data": UPLOAD, "headers": {"content-type": operation.upload[0]}}
        answer = await client.request(operation.method, path, **given)
        described = document["paths"][operation.path][operation.method.lower()]["responses"]
        content = described[str(answer.status)]["content"]
        assert 200 <= answer.status < 300, path
        assert answer.content_type in content, path
        if answer.content_type == "application/json":
            check(await answer.json(), content["application/json"]["schema"], document)


async def test_problems_fit_their_schema(client: Client, document: dict[str, Any]) -> None:
    answer = await client.get("/api/v1/events?nonsense=1")
    described = document["paths"]["/api/v1/events"]["get"]["responses"]["400"]["content"]
    check(await answer.json(), described[answer.content_type]["schema"], document)


async def fill(world: World) -> dict[str, object]:
    """One of everything; and the values for the parts of paths."""
    made = jpeg_picture(np.zeros((8, 32, 3), np.uint8))
    first = event(images=Images(plate=made.image))
    await world.add(first, after(first, Kind.LOST), pictures=[made])
    world.board.fail("camera", "it", State.WAITING, "no answer")
    world.board.count("output", "it", delivered=1)
    world.snapshots["it"] = made.jpeg
    await world.actions.replay("it", ReplayRequest(from_seq=1))
    await world.give_up("it", 2)
    await world.log.deliveries.add_attempt(attempt("it", 2))
    paths = {"seq": 1, "id": first.passage, "sha256": made.image.sha256, "name": "it", "job": "1"}
    return {**paths, "plate": "AB 1", "role": "camera"}


def check(answer: Any, schema: dict[str, Any], document: dict[str, Any]) -> None:
    whole = {**schema, "components": document["components"]}
    jsonschema.Draft202012Validator(whole).validate(answer)
