"""What the two HTTP ways to a camera share: settings, the session, and what its answers mean.

Redirects are not followed: platewire asks only the address that the configuration names.
"""

import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Literal

import aiohttp
from msgspec import Meta, Struct

from platewire import client_tls
from platewire.errors import ConfigError, Unavailable
from platewire.secret import Secret
from platewire.sources.address import Credentials, checked, credentials, shown

Seconds = Annotated[float, Meta(gt=0, le=60)]


class HttpCamera(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings of a camera that is asked over HTTP."""

    url: Annotated[
        str, Meta(pattern=r"^https?://", description="Address without user and password")
    ]
    username: Annotated[Secret | None, Meta(description="Secret holding the user's name")] = None
    password: Annotated[Secret | None, Meta(description="Secret holding the password")] = None
    authentication: Annotated[
        Literal["digest", "basic"],
        Meta(description="How the password is sent; `basic` shows it to the network"),
    ] = "digest"
    tls_ca: Annotated[
        Path | None,
        Meta(description="Certificate of the camera, or of who signed it, for https (PEM file)"),
    ] = None
    tls_verify: Annotated[
        bool, Meta(description="False accepts any certificate: nobody knows then who answers")
    ] = True
    open_seconds: Annotated[
        Seconds, Meta(description="How long the camera may take to accept a connection")
    ] = 10.0
    silence_seconds: Annotated[
        Seconds, Meta(description="Without a picture for longer the camera is cut off")
    ] = 5.0


class HttpAccess:
    """One camera's way in, checked when it is built."""

    def __init__(self, camera: str, settings: HttpCamera) -> None:
        self.url = checked(camera, settings.url)
        self.named = f"camera {camera} at {shown(self.url)}"
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
            connector=aiohttp.TCPConnector(ssl=self._ssl, limit=1),
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
                f"{self.named} gave no answer or fell silent for longer than "
                f"{self._settings.silence_seconds:g} s; check the camera and the network"
            ) from error
        except aiohttp.ClientSSLError as error:
            raise Unavailable(
                f"{self.named}: its certificate is not trusted: {error}; set `tls_ca` to it"
            ) from error
        except (aiohttp.ClientError, OSError) as error:
            what = shown(str(error) or type(error).__name__)
            raise Unavailable(
                f"{self.named} cannot be read: {what[:200]}; check `url` and the network"
            ) from error

    def _accept(self, answer: aiohttp.ClientResponse) -> None:
        if answer.status == 200:
            return
        remedy = "check `url`"
        if answer.status in (401, 403):
            wanted = answer.headers.get("WWW-Authenticate", "")[:60] or "nothing it says"
            remedy = f"it asks for {wanted}; check `username`, `password` and `authentication`"
        elif 300 <= answer.status < 400:
            elsewhere = shown(answer.headers.get("Location", "elsewhere")[:200])
            remedy = f"it points to {elsewhere}; set `url` to where the pictures are"
        elif answer.status >= 500:
            remedy = "look into the camera's own page"
        raise Unavailable(f"{self.named} answers {answer.status} {answer.reason}; {remedy}")


def _basic(who: Credentials | None) -> dict[str, str]:
    return {"Authorization": aiohttp.encode_basic_auth(*who, "utf-8")} if who else {}


def _digest(who: Credentials | None) -> tuple[aiohttp.DigestAuthMiddleware, ...]:
    return (aiohttp.DigestAuthMiddleware(*who),) if who else ()


def _tls(camera: str, settings: HttpCamera) -> ssl.SSLContext:
    try:
        return client_tls.context(settings.tls_ca, verify=settings.tls_verify)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"camera {camera}: `tls_ca` {settings.tls_ca} is no certificate file: {error}"
        ) from error
