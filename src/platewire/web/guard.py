"""Stands before every request: host, origin, access, and security headers on every answer.

In this order: the Host header must be a name of ours (a foreign name that resolves to this
machine is DNS rebinding), a request that changes something must come from our own page or from
no page at all, and where a token is set the caller must have it. Plain ASGI, so that streams
pass through unbuffered.
"""

import ipaddress
from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from platewire.clock import Clock
from platewire.web import session
from platewire.web.problem import ProblemError, problem_response, wants_page
from platewire.web.settings import Access

OPEN_PATHS = ("/login", "/healthz", "/static/")
"""Reachable without the token: nothing here tells about vehicles."""
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
SECURITY_HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",  # with no-referrer, browsers hide the origin of our own forms
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}


class Guard:
    def __init__(self, app: ASGIApp, *, access: Access, clock: Clock) -> None:
        self._app = app
        self._access = access
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        refusal = self._refusal(Request(scope))
        await (refusal or self._app)(scope, receive, _with_security_headers(send))

    def _refusal(self, request: Request) -> Response | None:
        try:
            check_host(request.headers, self._access)
            check_origin(request.method, request.headers, self._access)
        except ProblemError as error:
            return problem_response(error)
        if request.url.path.startswith(OPEN_PATHS) or self._may_enter(request.headers):
            return None
        return _ask_for_token(request)

    def _may_enter(self, headers: Headers) -> bool:
        return may_enter(headers, self._access, self._clock)


def may_enter(headers: Headers, access: Access, clock: Clock) -> bool:
    """Whether the caller has the token, or none is needed."""
    if access.token is None:
        return True
    scheme, _, given = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return session.same_token(given.strip(), access.token)
    return session.valid(_cookie(headers), access.token, clock.now())


def check_host(headers: Headers, access: Access) -> None:
    """An IP address cannot be rebound, so all of them pass; a name must be one of ours."""
    host = _host_name(headers.get("host", ""))
    ours = {"localhost", access.address.host, _host_name(_authority(access.public_url))}
    if host and (host in ours or _is_ip(host)):
        return
    raise ProblemError(
        421,
        "Unknown host",
        f"this server does not answer to the host name {host!r}; if it is reached by that name, "
        f'set public_url = "http://{host}" under [web]',
        parameter="Host",
    )


def check_origin(method: str, headers: Headers, access: Access) -> None:
    """Browsers name the page's origin on every POST; a program names none."""
    origin = headers.get("origin")
    if method in SAFE_METHODS or origin is None:
        return
    ours = {headers.get("host", "").lower(), _authority(access.public_url).lower()}
    if origin != "null" and urlsplit(origin).netloc.lower() in ours:
        return
    raise ProblemError(
        403,
        "Foreign origin",
        f"a page of {origin!r} may not change anything here; if that is this server's own "
        "address, set public_url under [web]",
        parameter="Origin",
    )


def _ask_for_token(request: Request) -> Response:
    if wants_page(request):
        target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/login?next={quote(target, safe='')}", 303)
    return problem_response(
        ProblemError(
            401,
            "Token needed",
            "send the token of web.token as the header Authorization: Bearer TOKEN",
            parameter="Authorization",
            www_authenticate='Bearer realm="platewire"',
        )
    )


def _with_security_headers(send: Send) -> Send:
    async def send_guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return send_guarded


def _cookie(headers: Headers) -> str:
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(session.COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel else ""


def _authority(url: str | None) -> str:
    return urlsplit(url).netloc if url else ""


def _host_name(authority: str) -> str:
    """The host of `host:port`, lower case, without brackets; empty for nonsense."""
    try:
        return urlsplit(f"//{authority}").hostname or ""
    except ValueError:
        return ""


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
