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
from platewire.secret import same
from platewire.web import session
from platewire.web.problem import ProblemError, problem_response, wants_page
from platewire.web.scopes import ALL, OPEN, SAFE_METHODS, needed
from platewire.web.settings import Access, Key

FAILURES_MAX = 10
FAILURES_SECONDS = 60.0
"""More wrong tokens from one address in this time are answered with 429 unread."""
ADDRESSES_MAX = 1000
"""So many addresses' failures are remembered; the oldest are forgotten first."""
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
        self._failures = Failures(clock)

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
        path = request.url.path
        if OPEN.match(path):
            return None
        try:
            self._check_entry(request, path)
        except ProblemError as error:
            if error.problem.status == 401 and wants_page(request):
                return _to_login(request)
            return problem_response(error)
        return None

    def _check_entry(self, request: Request, path: str) -> None:
        """Raises where the caller is not known or may not do this."""
        host = request.client.host if request.client else ""
        self._failures.check(host)
        key = entering(request.headers, self._access, self._clock)
        if key is None:
            if "authorization" in request.headers:
                self._failures.count(host)
            raise token_needed()
        scope = needed(request.method, path)
        if scope is not None and scope not in key.scopes:
            raise ProblemError(
                403,
                "Not allowed",
                f"the token {key.name!r} has no scope {scope!r}; add it under [[web.tokens]]",
                parameter="Authorization",
            )


class Failures:
    """Wrong tokens, by the address that they came from, so that nobody can try them all."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._at: dict[str, list[float]] = {}

    def count(self, host: str) -> None:
        recent = [*self._recent(host), self._clock.monotonic()]
        self._at.pop(host, None)
        self._at[host] = recent[-FAILURES_MAX:]
        while len(self._at) > ADDRESSES_MAX:
            del self._at[next(iter(self._at))]

    def check(self, host: str) -> None:
        if len(self._recent(host)) >= FAILURES_MAX:
            raise ProblemError(
                429,
                "Too many wrong tokens",
                f"{FAILURES_MAX} wrong tokens came from {host}; wait a minute",
                parameter="Authorization",
                retry_after=str(int(FAILURES_SECONDS)),
            )

    def _recent(self, host: str) -> list[float]:
        since = self._clock.monotonic() - FAILURES_SECONDS
        return [at for at in self._at.get(host, ()) if at > since]


EVERYBODY = Key("everybody", "", ALL)
"""Who comes in where no token is set."""


def token_needed() -> ProblemError:
    return ProblemError(
        401,
        "Token needed",
        "send a token of [web] as the header Authorization: Bearer TOKEN",
        parameter="Authorization",
        www_authenticate='Bearer realm="platewire"',
    )


def entering(headers: Headers, access: Access, clock: Clock) -> Key | None:
    """Who the caller is by token or cookie; None for a stranger."""
    if not access.keys:
        return EVERYBODY
    scheme, _, given = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return known(given.strip(), access)
    cookie = _cookie(headers)
    now = clock.now()
    return next((key for key in access.keys if session.valid(cookie, key.token, now)), None)


def known(token: str, access: Access) -> Key | None:
    """Every token is compared, so that the time says nothing."""
    found = [key for key in access.keys if same(token, key.token)]
    return found[0] if found else None


def may_enter(headers: Headers, access: Access, clock: Clock) -> bool:
    """Whether the caller has a token, or none is needed."""
    return entering(headers, access, clock) is not None


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


def _to_login(request: Request) -> Response:
    target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/login?next={quote(target, safe='')}", 303)


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
