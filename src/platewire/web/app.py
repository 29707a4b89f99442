"""Puts the web together: the routes, the guard before them, and what becomes of errors."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import cast

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from platewire.errors import ConfigError, PlatewireError, QueryTooLong
from platewire.web import metrics, openapi, overview, pages
from platewire.web.api import json
from platewire.web.context import WebContext
from platewire.web.guard import Guard, may_enter
from platewire.web.odata import service as odata
from platewire.web.operation import Operation, call
from platewire.web.operations import OPERATIONS
from platewire.web.problem import ProblemError, problem_response, wants_page
from platewire.web.shapes import Health

Endpoint = Callable[[Request], Awaitable[Response]]
Handler = Callable[[Request, Exception], Awaitable[Response]]


def build_app(context: WebContext) -> Starlette:
    guard = Middleware(Guard, access=context.access, clock=context.clock)
    return Starlette(
        routes=[*_api(context), *odata.routes(context), *_pages(context)],
        middleware=[guard],
        exception_handlers=_handlers(context),
    )


def _api(context: WebContext) -> list[BaseRoute]:
    described = openapi.document(context.version)

    async def document(request: Request) -> Response:
        return json(described)

    routes = [_route(operation, context) for operation in OPERATIONS]
    return [Route(openapi.DOCUMENT_PATH, document), *routes]


def _route(operation: Operation, context: WebContext) -> Route:
    async def endpoint(request: Request) -> Response:
        return await call(operation, context, request)

    return Route(operation.path, endpoint, methods=[operation.method], name=operation.name)


def _pages(context: WebContext) -> list[BaseRoute]:
    def page(handler: pages.Page) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            return await handler(context, request)

        return endpoint

    return [
        Route("/", page(pages.console)),
        Route("/passages/{id}", page(pages.passage)),
        Route("/api", page(pages.api_reference)),
        Route("/login", page(pages.login_form)),
        Route("/login", page(pages.log_in), methods=["POST"]),
        Route("/logout", page(pages.log_out), methods=["POST"]),
        Route("/healthz", page(healthz)),
        Route("/metrics", page(show_metrics)),
        Mount("/static", StaticFiles(directory=pages.FOLDER / "static")),
    ]


async def healthz(context: WebContext, request: Request) -> Response:
    """200 while the log takes events and every loop is alive, 503 with the reasons otherwise."""
    reasons = overview.unhealthy(context)
    shown = reasons if may_enter(request.headers, context.access, context.clock) else ()
    return json(Health(healthy=not reasons, reasons=shown), 503 if reasons else 200)


async def show_metrics(context: WebContext, request: Request) -> Response:
    text = metrics.exposition(context)
    return PlainTextResponse(text, headers={"content-type": metrics.MEDIA_TYPE})


# --- errors ------------------------------------------------------------------------------------


def _handlers(context: WebContext) -> dict[int | type[Exception], Handler]:
    def answer(request: Request, error: ProblemError) -> Response:
        if wants_page(request):
            return pages.error_page(context, error.problem)
        return problem_response(error)

    async def on_problem(request: Request, error: Exception) -> Response:
        return answer(request, cast("ProblemError", error))

    async def on_http(request: Request, error: Exception) -> Response:
        return answer(request, _as_problem(cast("HTTPException", error), request))

    async def on_refusal(request: Request, error: Exception) -> Response:
        return answer(request, ProblemError(409, "Not possible", str(error)))

    async def on_too_much(request: Request, error: Exception) -> Response:
        return answer(request, ProblemError(400, "Too much at a time", str(error)))

    async def on_trouble(request: Request, error: Exception) -> Response:
        return answer(request, ProblemError(503, "Not now", str(error)))

    async def on_bug(request: Request, error: Exception) -> Response:
        text = "platewire has a fault of its own here; its diagnostics hold the details"
        return answer(request, ProblemError(500, "Fault", text))

    return {
        ProblemError: on_problem,
        HTTPException: on_http,
        ConfigError: on_refusal,
        QueryTooLong: on_too_much,
        PlatewireError: on_trouble,
        Exception: on_bug,
    }


def _as_problem(error: HTTPException, request: Request) -> ProblemError:
    details = {
        404: f"there is nothing at {request.url.path}; /api lists what there is",
        405: f"{request.method} is not possible at {request.url.path}; /api lists what is",
    }
    title = HTTPStatus(error.status_code).phrase
    detail = details.get(error.status_code, error.detail)
    problem = ProblemError(error.status_code, title, detail)
    problem.headers.update(error.headers or {})
    return problem
