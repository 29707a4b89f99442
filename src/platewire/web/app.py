"""Assembles the web server: the routes, the guard before them, and the error handlers."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import cast

from msgspec import structs
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from platewire.errors import ConfigError, PlatewireError, QueryTooLong
from platewire.limits.http_server import HEALTH
from platewire.web import metrics, overview
from platewire.web.api import openapi
from platewire.web.api.answers import json
from platewire.web.api.operation import Operation, call
from platewire.web.api.operations import OPERATIONS
from platewire.web.api.shapes import Health
from platewire.web.console import pages
from platewire.web.context import WebContext
from platewire.web.guard import Failures, Guard, may_enter
from platewire.web.odata import service as odata
from platewire.web.problem import ProblemError, problem_response, wants_page

Endpoint = Callable[[Request], Awaitable[Response]]
Handler = Callable[[Request, Exception], Awaitable[Response]]


def build_app(context: WebContext) -> Starlette:
    failures = Failures(context.clock)
    guard = Middleware(
        Guard,
        access=context.access,
        clock=context.clock,
        ended=context.ended,
        failures=failures,
    )
    app = Starlette(
        routes=[*_api(context), *odata.routes(context), *_pages(context)],
        middleware=[guard],
        exception_handlers=_handlers(context),
    )
    app.state.failures = failures
    return app


def build_health(context: WebContext) -> Starlette:
    """What `health_listen` answers: the state of health and nothing else."""

    async def endpoint(request: Request) -> Response:
        return await healthz(context, request)

    return Starlette(routes=[Route(HEALTH, endpoint)])


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
        Route(HEALTH, page(healthz)),
        Route("/metrics", page(show_metrics)),
        Mount("/static", StaticFiles(directory=pages.FOLDER / "static")),
    ]


async def healthz(context: WebContext, request: Request) -> Response:
    """200 while the log takes events and every loop is alive, 503 with the reasons otherwise."""
    reasons = overview.unhealthy(context)
    health = Health(healthy=not reasons)
    if may_enter(request.headers, context.access, context.clock, context.ended):
        health = structs.replace(
            health,
            reasons=reasons,
            warnings=overview.warnings(context),
            log=overview.log_status(context),
        )
    return json(health, 503 if reasons else 200)


async def show_metrics(context: WebContext, request: Request) -> Response:
    text = metrics.exposition(context)
    return PlainTextResponse(text, headers={"content-type": metrics.MEDIA_TYPE})


# --- errors ------------------------------------------------------------------------------------


def _handlers(context: WebContext) -> dict[int | type[Exception], Handler]:
    def answer(request: Request, error: ProblemError) -> Response:
        if wants_page(request):
            return pages.error_page(context, error.problem, error.headers)
        return problem_response(error)

    async def on_problem(request: Request, error: Exception) -> Response:
        return answer(request, cast("ProblemError", error))

    async def on_http(request: Request, error: Exception) -> Response:
        return answer(request, _as_problem(cast("HTTPException", error), request))

    async def on_refusal(request: Request, error: Exception) -> Response:
        return answer(request, ProblemError(409, "Conflict", str(error)))

    async def on_too_much(request: Request, error: Exception) -> Response:
        return answer(request, ProblemError(400, "Query too expensive", str(error)))

    async def on_trouble(request: Request, error: Exception) -> Response:
        return answer(request, ProblemError(503, "Service unavailable", str(error)))

    async def on_bug(request: Request, error: Exception) -> Response:
        text = "internal error in platewire; the diagnostics log has the details"
        return answer(request, ProblemError(500, "Fault", text))

    async def on_gone(request: Request, error: Exception) -> Response:
        return answer(
            request,
            ProblemError(
                400,
                "Incomplete",
                ("the client closed the connection before the request was complete"),
            ),
        )

    return {
        ProblemError: on_problem,
        ClientDisconnect: on_gone,
        HTTPException: on_http,
        ConfigError: on_refusal,
        QueryTooLong: on_too_much,
        PlatewireError: on_trouble,
        Exception: on_bug,
    }


def _as_problem(error: HTTPException, request: Request) -> ProblemError:
    details = {
        404: f"{request.url.path} not found; /api lists all paths",
        405: f"{request.method} is not supported by {request.url.path}; /api lists the methods",
    }
    title = HTTPStatus(error.status_code).phrase
    detail = details.get(error.status_code, error.detail)
    problem = ProblemError(error.status_code, title, detail)
    problem.headers.update(error.headers or {})
    return problem
