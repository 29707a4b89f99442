"""Common to both HTTP sources: settings, the session, and the meaning of responses.

Redirects are not followed: platewire asks only the address that the configuration names.
"""

import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Literal

import aiohttp
from msgspec import Meta

from platewire.errors import ConfigError, Unavailable
from platewire.limits import http_client
from platewire.runtime import client_tls
from platewire.runtime.secret import Secret
from platewire.sources.network.address import Credentials, checked, credentials, without_secrets
from platewire.sources.source import SourceSettings

Seconds = Annotated[float, Meta(gt=0, le=60)]


class HttpCamera(SourceSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of a camera over HTTP."""

    url: Annotated[
        str,
        Meta(
            pattern=r"^https?://",
            description="URL without user and password",
            examples=["http://192.0.2.10/camera"],
        ),
    ]
    username: Annotated[Secret | None, Meta(description="Secret with the user name")] = None
    password: Annotated[Secret | None, Meta(description="Secret with the password")] = None
    authentication: Annotated[
        Literal["digest", "basic"],
        Meta(description="HTTP authentication; `basic` sends the password in plain text"),
    ] = "digest"
    tls_ca: Annotated[
        Path | None,
        Meta(description="Certificate of the camera or its CA, for https (PEM file)"),
    ] = None
    tls_verify: Annotated[
        bool,
        Meta(
            description=(
                "false accepts any certificate, without protection against "
                "man-in-the-middle attacks"
            )
        ),
    ] = True
    open_seconds: Annotated[Seconds, Meta(description="Connection timeout")] = 10.0
    silence_seconds: Annotated[
        Seconds, Meta(description="A camera without a frame for this long counts as disconnected")
    ] = 5.0

    @property
    def camera_url(self) -> str:
        return self.url


class HttpAccess:
    """HTTP access to one camera, validated when it is built."""

    def __init__(self, camera: str, settings: HttpCamera) -> None:
        self.url = checked(camera, settings.url)
        self.named = f"camera {camera} at {without_secrets(self.url)}"
        self._settings = settings
        self._who = credentials(camera, settings.username, settings.password)
        self._ssl = _tls(camera, settings)

    @contextlib.asynccontextmanager
    async def session(
        self, answer_seconds: float | None = None
    ) -> AsyncIterator[aiohttp.ClientSession]:
        """A session that sends the password, and gives up on silence and on a whole answer that
        takes longer than `answer_seconds`."""
        settings = self._settings
        async with aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(
                total=answer_seconds,
                connect=settings.open_seconds,
                sock_read=settings.silence_seconds,
            ),
            connector=http_client.connector(ssl=self._ssl, limit=1),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            headers=_basic(self._who) if settings.authentication == "basic" else {},
            middlewares=_digest(self._who) if settings.authentication == "digest" else (),
        ) as session:
            yield session

    @contextlib.asynccontextmanager
    async def asked(self, session: aiohttp.ClientSession) -> AsyncIterator[aiohttp.ClientResponse]:
        """The camera's answer to one GET; Unavailable when it is none or not 200."""
        try:
            async with session.get(self.url, allow_redirects=False) as answer:
                self._accept(answer)
                yield answer
        except TimeoutError as error:
            raise Unavailable(
                f"{self.named} sent nothing for more than {self._settings.silence_seconds:g} s; "
                "check the camera and the network"
            ) from error
        except aiohttp.ClientSSLError as error:
            raise Unavailable(
                f"{self.named} has an untrusted certificate: {error}; set `tls_ca` to the "
                "certificate or its CA"
            ) from error
        except (aiohttp.ClientError, OSError) as error:
            what = without_secrets(str(error) or type(error).__name__)
            raise Unavailable(
                f"{self.named} cannot be read: {what[:200]}; check `url` and the network"
            ) from error

    def _accept(self, answer: aiohttp.ClientResponse) -> None:
        if answer.status == 200:
            return
        remedy = "check `url`"
        if answer.status in (401, 403):
            wanted = answer.headers.get("WWW-Authenticate", "")[:60] or "no method"
            remedy = f"it requires {wanted}; check `username`, `password` and `authentication`"
        elif 300 <= answer.status < 400:
            elsewhere = without_secrets(answer.headers.get("Location", "elsewhere")[:200])
            remedy = f"it redirects to {elsewhere}; set `url` to the final URL"
        elif answer.status >= 500:
            remedy = "check the web page of the camera"
        raise Unavailable(f"{self.named} responded {answer.status} {answer.reason}; {remedy}")


def _basic(who: Credentials | None) -> dict[str, str]:
    return {"Authorization": aiohttp.encode_basic_auth(*who, "utf-8")} if who else {}


def _digest(who: Credentials | None) -> tuple[aiohttp.DigestAuthMiddleware, ...]:
    return (aiohttp.DigestAuthMiddleware(*who),) if who else ()


def _tls(camera: str, settings: HttpCamera) -> ssl.SSLContext:
    try:
        return client_tls.context(settings.tls_ca, verify=settings.tls_verify)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"camera {camera}: `tls_ca` {settings.tls_ca} is not a valid certificate file: {error}"
        ) from error
