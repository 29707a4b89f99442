"""The resources under /odata/: paths and responses.

/odata/                       the service document
/odata/$metadata              CSDL
/odata/Passages               a page; `@odata.nextLink` leads to the next
/odata/Passages/$count        how many
/odata/Passages(KEY)          one
"""

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from platewire.errors import PlatewireError, QueryTooLong
from platewire.web.context import WebContext
from platewire.web.odata import statement
from platewire.web.odata.fault import HEADERS, Fault, answer, bad_request
from platewire.web.odata.grammar import SyntaxFault, tokens, value_of
from platewire.web.odata.metadata import csdl, service_document
from platewire.web.odata.model import SETS, EntitySet, Property, Type
from platewire.web.odata.options import Options, check_format, encode_skiptoken, options

ROOT = "/odata/"
SECONDS = 20.0
"""Timeout of a query."""
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
ADDRESS = re.compile(r"(?P<set>\w+)(?P<key>\(.*\))?(?P<count>/\$count)?", re.DOTALL)
JSON = "application/json;odata.metadata=minimal"
ENTITY_SET_NAMES = ", ".join(entities.name for entities in SETS)


def routes(context: WebContext) -> list[BaseRoute]:
    async def endpoint(request: Request) -> Response:
        try:
            return await _dispatch(context, request)
        except Fault as fault:
            return answer(fault)
        except QueryTooLong as error:
            text = f"{error}; limit $filter by first_seen_at or change_seq, or lower $top"
            return answer(Fault(400, text, target="$filter"))
        except PlatewireError as error:
            return answer(Fault(503, str(error)))

    return [
        Route(path, endpoint, methods=METHODS) for path in (ROOT.rstrip("/"), ROOT + "{path:path}")
    ]


async def _dispatch(context: WebContext, request: Request) -> Response:
    if request.method not in ("GET", "HEAD"):
        raise Fault(405, f"{request.method} is not supported: this service is read-only")
    highest = request.headers.get("odata-maxversion", "4.0")
    if not re.match(r"4\.|[5-9]", highest):
        raise Fault(400, f"unsupported OData-MaxVersion {highest}: this service uses 4.0")
    path = request.path_params.get("path", "")
    given = request.query_params.multi_items()
    if path == "$metadata":
        return Response(csdl(), 200, HEADERS, "application/xml")
    check_format(dict(given), request.headers.get("accept", ""))
    if path == "":
        return _json(service_document(_root(context, request)))
    return await _resource(context, request, path, given)


async def _resource(
    context: WebContext, request: Request, path: str, given: list[tuple[str, str]]
) -> Response:
    match = ADDRESS.fullmatch(path)
    entities = next((one for one in SETS if match and one.name == match["set"]), None)
    if match is None or entities is None or (match["key"] and match["count"]):
        raise Fault(404, f"{ROOT}{path} not found; the entity sets are {ENTITY_SET_NAMES}")
    query = options(entities, given, request.headers.get("prefer", ""), context.clock.now())
    root = _root(context, request)
    if match["count"]:
        count = await _count(context, entities, query)
        return Response(str(count), 200, HEADERS, "text/plain")
    if match["key"]:
        return await _entity(context, root, entities, match["key"][1:-1], query)
    return await _page(context, root, entities, given, query)


async def _page(
    context: WebContext,
    root: str,
    entities: EntitySet,
    given: list[tuple[str, str]],
    query: Options,
) -> Response:
    rows = await _select(context, statement.page(entities, query))
    body: dict[str, Any] = {"@odata.context": _context(root, entities, query)}
    if query.count:
        body["@odata.count"] = await _count(context, entities, query)
    properties = query.select or entities.properties
    base = root.removesuffix(ROOT)
    body["value"] = [statement.entity_json(properties, row, base) for row in rows]
    if len(rows) == query.limit and rows and query.top != query.limit:
        body["@odata.nextLink"] = _next(root, entities, given, query, rows[-1][len(properties) :])
    return _json(body)


def _next(
    root: str,
    entities: EntitySet,
    given: list[tuple[str, str]],
    query: Options,
    cursor: Sequence[Any],
) -> str:
    """The same options, but for what this page has dealt with."""
    parameters = [
        (name, value) for name, value in given if name not in ("$skip", "$skiptoken", "$top")
    ]
    if query.top is not None:
        parameters.append(("$top", str(query.top - query.limit)))
    parameters.append(("$skiptoken", encode_skiptoken(cursor)))
    return f"{root}{entities.name}?{urlencode(parameters, quote_via=quote, safe='$')}"


async def _entity(
    context: WebContext, root: str, entities: EntitySet, key: str, query: Options
) -> Response:
    properties = query.select or entities.properties
    rows = await _select(context, statement.entity(entities, _key(entities, key), properties))
    if not rows:
        raise Fault(404, f"{entities.name}({key}) not found")
    body = {"@odata.context": f"{_context(root, entities, query)}/$entity"}
    return _json(body | statement.entity_json(properties, rows[0], root.removesuffix(ROOT)))


def _key(entities: EntitySet, text: str) -> str:
    """`(KEY)` or `(name=KEY)`, spelled as in a filter."""
    key = entities.key_property
    bare = re.sub(rf"^\s*{key.name}\s*=", "", text)
    try:
        (token,) = tokens(bare)
        value = value_of(token)
    except (SyntaxFault, ValueError):
        value = None
    fits = {Type.GUID: "guid", Type.STRING: "string"}[key.type]
    if value is None or token.kind != fits:
        example = "'gate'" if key.type is Type.STRING else "0198c4a2-0000-7000-8000-000000000000"
        raise bad_request(
            key.name, f"invalid key ({text}) for {entities.name}; write it like ({example})"
        )
    return str(value)


# --- small parts -------------------------------------------------------------------------------


async def _count(context: WebContext, entities: EntitySet, query: Options) -> int:
    ((count,),) = await _select(context, statement.count(entities, query))
    return int(count)


async def _select(context: WebContext, one: statement.Statement) -> Sequence[tuple[Any, ...]]:
    return await context.queries.select(one.sql, one.values, seconds=SECONDS)


def _root(context: WebContext, request: Request) -> str:
    """Where the service is, as its reader calls it."""
    base = context.access.public_url or f"{request.url.scheme}://{request.url.netloc}"
    return base.rstrip("/") + ROOT


def _context(root: str, entities: EntitySet, query: Options) -> str:
    chosen = "" if query.select is None else f"({','.join(_names(query.select))})"
    return f"{root}$metadata#{entities.name}{chosen}"


def _names(properties: Sequence[Property]) -> list[str]:
    return [one.name for one in properties]


def _json(body: object) -> Response:
    return Response(msgspec.json.encode(body), 200, HEADERS, JSON)
