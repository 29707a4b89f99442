"""Checks every request: host, origin, authentication, and adds security headers to every response.

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

from platewire.limits.slots import source_of
from platewire.runtime.clock import Clock
from platewire.runtime.secret import same
from platewire.web import session
from platewire.web.problem import ProblemError, problem_response, wants_page
from platewire.web.scopes import ALL, OPEN, SAFE_METHODS, needed
from platewire.web.session import EndedSessions
from platewire.web.settings import Access, Key

FAILURES_MAX = 10
"""Wrong tokens of one address within FAILURES_SECONDS: above a person's typing errors."""
FAILURES_SECONDS = 60.0
"""More wrong tokens from one address in this time get a 429."""
ADDRESSES_MAX = 1000
"""Number of addresses whose failures are remembered; the oldest are dropped first."""
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
    def __init__(
        self,
        app: ASGIApp,
        *,
        access: Access,
        clock: Clock,
        ended: EndedSessions,
        failures: "Failures",
    ) -> None:
        self._app = app
        self._access = access
        self._clock = clock
        self._ended = ended
        self._failures = failures

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
        key = entering(request.headers, self._access, self._clock, self._ended)
        if key is None:
            if "authorization" in request.headers:
                self._failures.note(host_of(request))
            raise token_needed()
        request.state.holder = "" if key is EVERYBODY else key.name
        if (slot := getattr(request.state, "slot", None)) is not None:
            slot.served()  # of a stranger's request all has to be there first
        scope = needed(request.method, path)
        if scope is not None and scope not in key.scopes:
            raise ProblemError(
                403,
                "Forbidden",
                f"the token {key.name!r} lacks the scope {scope!r}; add it under [[web.tokens]]",
                parameter="Authorization",
            )


class Failures:
    """Limits wrong tokens per address, against brute force.

    Who brings a right one is not asked how often others of that address were wrong.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._at: dict[str, list[float]] = {}

    def note(self, host: str) -> None:
        """One more; a problem where there were too many before it."""
        source = source_of(host)
        recent = self._recent(source)
        self._at.pop(source, None)
        self._at[source] = [*recent, self._clock.monotonic()][-FAILURES_MAX:]
        while len(self._at) > ADDRESSES_MAX:
            del self._at[next(iter(self._at))]
        if len(recent) >= FAILURES_MAX:
            raise ProblemError(
                429,
                "Too many wrong tokens",
                f"{FAILURES_MAX} wrong tokens from {host}; wait a minute",
                parameter="Authorization",
                retry_after=str(int(FAILURES_SECONDS)),
            )

    def _recent(self, host: str) -> list[float]:
        since = self._clock.monotonic() - FAILURES_SECONDS
        return [at for at in self._at.get(host, ()) if at > since]


EVERYBODY = Key("everybody", "", ALL)
"""Access without a configured token."""


def token_needed() -> ProblemError:
    return ProblemError(
        401,
        "Authentication required",
        "send a token from [web] in the header Authorization: Bearer TOKEN",
        parameter="Authorization",
        www_authenticate='Bearer realm="platewire"',
    )


def host_of(request: Request) -> str:
    """The address that asks; behind a trusted proxy the one that the proxy names."""
    return request.client.host if request.client else ""


def entering(headers: Headers, access: Access, clock: Clock, ended: EndedSessions) -> Key | None:
    """Who the caller is by token or cookie; None for a stranger."""
    if not access.keys:
        return EVERYBODY
    scheme, _, given = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return known(given.strip(), access)
    cookie = cookie_of(headers)
    return None if ended.holds(cookie) else _by_cookie(cookie, access, clock)


def _by_cookie(cookie: str, access: Access, clock: Clock) -> Key | None:
    now = clock.now()
    return next((key for key in access.keys if session.valid(cookie, key.token, now)), None)


def leaving(headers: Headers, access: Access, clock: Clock) -> str | None:
    """The cookie that the caller is let in by; None where it is none of ours."""
    cookie = cookie_of(headers)
    return cookie if _by_cookie(cookie, access, clock) else None


def known(token: str, access: Access) -> Key | None:
    """Every token is compared, so that the time says nothing."""
    found = [key for key in access.keys if same(token, key.token)]
    return found[0] if found else None


def may_enter(headers: Headers, access: Access, clock: Clock, ended: EndedSessions) -> bool:
    """Whether the caller has a token, or none is needed."""
    return entering(headers, access, clock, ended) is not None


def check_host(headers: Headers, access: Access) -> None:
    """An IP address cannot be rebound, so all of them pass; a name must be one of ours."""
    host = _host_name(headers.get("host", ""))
    ours = {"localhost", access.address.host, _host_name(_authority(access.public_url))}
    if host and (host in ours or _is_ip(host)):
        return
    raise ProblemError(
        421,
        "Unknown host",
        f"the host name {host!r} is not allowed; if clients use it to reach this server, set "
        f'public_url = "http://{host}" under [web]',
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
        "Cross-origin request rejected",
        f"a page from {origin!r} must not change anything here; if that is the address of this "
        "server, set public_url under [web]",
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


def cookie_of(headers: Headers) -> str:
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
