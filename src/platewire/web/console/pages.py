"""The HTML pages: passages, one passage, the API reference, login, errors."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from platewire.database.search.filters import SearchFilters
from platewire.runtime.site_time import print_time
from platewire.web import overview, session
from platewire.web.api import openapi
from platewire.web.api.operation import limited_body
from platewire.web.console.rows import row, steps
from platewire.web.context import WebContext
from platewire.web.guard import Failures, host_of, known, leaving, may_enter
from platewire.web.problem import Problem, ProblemError

FOLDER = Path(__file__).parent
ROWS_MAX = 200
"""Passages on the first page: a screen or a few, quick to draw."""
FAILED_LOGIN_SECONDS = 1.0
"""Seconds before a wrong token is answered: slows guessing, hardly a person."""

Page = Callable[[WebContext, Request], Awaitable[Response]]

_templates = Environment(
    loader=FileSystemLoader(FOLDER / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def _with_code(text: str) -> Markup:
    """What stands in backticks as <code>."""
    return Markup(_BACKTICKS.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704


_BACKTICKS = re.compile("`([^`]+)`")
_templates.filters["with_code"] = _with_code


def render(context: WebContext, template: str, code: int = 200, **values: Any) -> Response:
    common = {
        "site": context.site.name,
        "version": context.version,
        "login": bool(context.access.keys),
        "time_zone": context.site.time_zone,
        "shown_time": partial(print_time, zone=ZoneInfo(context.site.time_zone)),
    }
    text = _templates.get_template(template).render(**common, **values)
    return HTMLResponse(text, code, {"cache-control": "no-store"})


async def console(context: WebContext, request: Request) -> Response:
    # The seq is taken first: what happens while the rows are fetched comes through the stream.
    seq = context.log.last_seq
    passages = await context.queries.search(SearchFilters(), limit=ROWS_MAX)
    return render(
        context,
        "console.html",
        rows=[row(passage.last.event) for passage in passages],
        rows_max=ROWS_MAX,
        seq=seq,
        now=overview.status(context),
    )


async def passage(context: WebContext, request: Request) -> Response:
    seq = context.log.last_seq
    entries = await context.queries.passage(_uuid(request.path_params["id"]))
    if not entries:
        raise _no_passage()
    events = [entry.event for entry in entries]
    return render(context, "passage.html", row=row(events[-1]), steps=steps(events), seq=seq)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise _no_passage() from error


def _no_passage() -> ProblemError:
    return ProblemError(
        404, "Passage not found", ("There is no such passage, or retention has deleted it.")
    )


async def api_reference(context: WebContext, request: Request) -> Response:
    described = openapi.document(context.version)
    return render(context, "api.html", api=described, groups=_by_tag(described))


def _by_tag(described: dict[str, Any]) -> dict[str, list[tuple[str, str, dict[str, Any]]]]:
    groups: dict[str, list[tuple[str, str, dict[str, Any]]]] = {}
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            groups.setdefault(operation["tags"][0], []).append((method.upper(), path, operation))
    return groups


# --- login -------------------------------------------------------------------------------------


async def login_form(context: WebContext, request: Request) -> Response:
    target = _local(request.query_params.get("next", "/"))
    if may_enter(request.headers, context.access, context.clock, context.ended):
        return RedirectResponse(target, 303)
    return render(context, "login.html", next=target, wrong=False)


async def log_in(context: WebContext, request: Request) -> Response:
    form = parse_qs((await limited_body(request)).decode("utf-8", "replace"))
    target, given = _local(_first(form.get("next"))), _first(form.get("token")).strip()
    if not context.access.keys:
        return RedirectResponse(target, 303)
    key = known(given, context.access)
    if key is None:
        failures: Failures = request.app.state.failures
        failures.note(host_of(request))
        await context.clock.sleep(FAILED_LOGIN_SECONDS)
        return render(context, "login.html", 401, next=target, wrong=True)
    response = RedirectResponse(target, 303)
    _set_cookie(context, response, session.issue(key.token, context.clock.now()))
    return response


async def log_out(context: WebContext, request: Request) -> Response:
    cookie = leaving(request.headers, context.access, context.clock)
    if cookie is not None:
        await asyncio.to_thread(context.ended.end, cookie, context.clock.now())
    response = RedirectResponse("/login", 303)
    _set_cookie(context, response, "", seconds=0)
    return response


def _set_cookie(
    context: WebContext,
    response: Response,
    value: str,
    seconds: int = int(session.LIFETIME.total_seconds()),
) -> None:
    response.set_cookie(
        session.COOKIE,
        value,
        max_age=seconds,
        httponly=True,
        samesite="strict",
        secure=context.access.tls is not None
        or (context.access.public_url or "").startswith("https:"),
    )


def _first(values: Sequence[str] | None) -> str:
    return values[0] if values else ""


def _local(target: str) -> str:
    """Only a path of ours: a form must not send people elsewhere."""
    ours = target.startswith("/") and not target.startswith(("//", "/\\"))
    return target if ours and target.isprintable() else "/"


def error_page(context: WebContext, problem: Problem, headers: Mapping[str, str]) -> Response:
    response = render(context, "error.html", problem.status, problem=problem)
    response.headers.update(headers)
    return response
