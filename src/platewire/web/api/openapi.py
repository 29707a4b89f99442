"""The OpenAPI 3.1 document, generated from the table of operations and their types."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from platewire.model import Event, JsonObject
from platewire.web.api.describing import ROOT
from platewire.web.api.operation import Operation, ResponseSpec
from platewire.web.api.operations import OPERATIONS

DOCUMENT_PATH = f"{ROOT}/openapi.json"
REFERENCE = "#/components/schemas/{name}"


def document(version: str) -> JsonObject:
    schemas, components = _schemas(OPERATIONS)
    paths: dict[str, JsonObject] = {}
    for operation in OPERATIONS:
        described = _described(operation, schemas)
        paths.setdefault(operation.path, {})[operation.method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "platewire",
            "version": version or "0",
            "description": "Vehicle passages read from cameras, as events, and the state of "
            "cameras and outputs. Errors are RFC 9457 problem documents.",
        },
        "servers": [{"url": "/"}],
        "security": [{}, {"token": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _schemas(operations: tuple[Operation, ...]) -> tuple[dict[Any, JsonObject], JsonObject]:
    """The schema of each type in use, by type, and the components that they refer to."""
    types: list[Any] = []
    for operation in operations:
        bodies = [answer.type for answer in operation.answers.values() if answer.type]
        parts = [type_ for type_, _ in operation.parts.values()]
        types += [operation.query, *bodies, *parts, *filter(None, [operation.body])]
    unique = list(dict.fromkeys(types))
    schemas, components = _plainly_named(
        msgspec.json.schema_components(unique, ref_template=REFERENCE)
    )
    queries = {operation.query.__name__ for operation in operations}
    by_type = dict(zip(unique, schemas, strict=True))
    resolved = {
        type_: components[type_.__name__] if _is_query(type_, queries) else schema
        for type_, schema in by_type.items()
    }
    return resolved, {name: it for name, it in components.items() if name not in queries}


def _plainly_named(
    made: tuple[tuple[JsonObject, ...], JsonObject],
) -> tuple[list[JsonObject], JsonObject]:
    """`EventPage`, not `EventPage_Event_` as a generic type is called."""
    text = msgspec.json.encode(made).replace(f"_{Event.__name__}_".encode(), b"")
    return msgspec.json.decode(text, type=tuple[list[JsonObject], JsonObject])


def _is_query(type_: Any, queries: set[str]) -> bool:
    return isinstance(type_, type) and issubclass(type_, Struct) and type_.__name__ in queries


def _described(operation: Operation, schemas: Mapping[Any, JsonObject]) -> JsonObject:
    described: JsonObject = {
        "operationId": operation.name,
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": _parameters(operation, schemas),
        "responses": {
            str(status): _response(answer, schemas)
            for status, answer in sorted(operation.answers.items())
        },
    }
    if operation.body:
        content = {"application/json": {"schema": schemas[operation.body]}}
        described["requestBody"] = {"required": True, "content": content}
    if operation.upload:
        described["requestBody"] = {
            "required": True,
            "content": {media: {} for media in operation.upload},
        }
    return described


def _parameters(operation: Operation, schemas: Mapping[Any, JsonObject]) -> list[JsonObject]:
    in_path = [
        _parameter("path", name, schemas[type_], text)
        for name, (type_, text) in operation.parts.items()
    ]
    fields: JsonObject = schemas[operation.query].get("properties", {})
    in_query = [_parameter("query", name, dict(schema)) for name, schema in fields.items()]
    return in_path + in_query


def _parameter(location: str, name: str, schema: JsonObject, text: str = "") -> JsonObject:
    description = text or schema.pop("description", "")
    return {
        "name": name,
        "in": location,
        "required": location == "path",
        "description": description,
        "schema": schema,
    }


def _response(answer: ResponseSpec, schemas: Mapping[Any, JsonObject]) -> JsonObject:
    if answer.type is not None:
        content: JsonObject = {answer.media: {"schema": schemas[answer.type]}}
    elif answer.media != "application/json":
        content = {media: {} for media in answer.media.split(", ")}
    else:
        return {"description": answer.description}
    return {"description": answer.description, "content": content}
