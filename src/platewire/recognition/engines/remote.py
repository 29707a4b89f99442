"""A remote engine: a service with the HTTP API of Plate Recognizer Snapshot.

Each frame is uploaded as one JPEG; the response becomes reads. The frame is first scaled down to
`longest_side`, and boxes are scaled back. Texts of the service are not corrected. It gives one
score per text, which is used for every character.

After 429 with a short `Retry-After` the request is repeated once. After another 429, after 5xx, 401
and 403 (invalid token) the service is not used for a while; other refusals, such as 413, concern
the image only. In each case the frame has no reads, and the camera's state shows the reason.
"""

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta, structs

from platewire.country import CODES, keep_letters, normalize, understand
from platewire.errors import ConfigError, PictureError
from platewire.model import Box, Candidate, Frame, Read, Vehicle
from platewire.recognition import pictures, quality
from platewire.recognition.engine import Engine, EngineSettings
from platewire.recognition.engines.remote_post import Form, Post, Reply
from platewire.recognition.refused import Examined, Reason, likeliest, refusal
from platewire.recognition.stopwatch import Stopwatch, stage
from platewire.recognition.text.reading import CANDIDATES
from platewire.runtime.clock import Clock, SystemClock
from platewire.runtime.secret import Secret, reveal
from platewire.wire.anpr import plate_recognizer_response as snapshot

VEHICLE_SURE = 0.5
"""What the service says of the vehicle with a lower score is a guess, and left out."""


class RemoteSettings(EngineSettings, frozen=True, kw_only=True, tag="remote"):
    """Sends frames to a service with the HTTP API of Plate Recognizer Snapshot."""

    url: Annotated[
        str,
        Meta(
            pattern=r"^https?://[^\s]+\Z",
            description="URL for uploads, e.g. http://192.0.2.10:8080/v1/plate-reader/ or "
            "https://api.platerecognizer.com/v1/plate-reader/",
            examples=["http://192.0.2.40:8080/v1/plate-reader/"],
        ),
    ]
    token: Annotated[
        Secret | None, Meta(description="Secret with the API token of the service, if required")
    ] = None
    countries: Annotated[
        tuple[str, ...],
        Meta(
            description="Sent as `regions`: expected countries, ISO 3166-1 alpha-2, e.g. ['NL', "
            "'DE']"
        ),
    ] = ()
    vehicle: Annotated[
        bool, Meta(description="Also request make, model and color (`mmc`), if licensed")
    ] = False
    min_confidence: Annotated[
        float, Meta(ge=0, le=1, description="Reads with less confidence are not reported")
    ] = 0.5
    longest_side: Annotated[
        int,
        Meta(
            ge=320,
            le=8192,
            description=("Maximum pixels on the longer side; larger frames are scaled down"),
        ),
    ] = 1920
    jpeg_quality: Annotated[
        int, Meta(ge=10, le=100, description="JPEG quality of the uploaded frames")
    ] = 90
    timeout_seconds: Annotated[
        float, Meta(gt=0, le=60, description="Timeout per frame, from connecting to the last byte")
    ] = 5.0
    parallel: Annotated[
        int, Meta(ge=1, le=32, description="Maximum concurrent requests to the service")
    ] = 4

    def build(self) -> "Remote":
        return Remote(self, SystemClock())


class Remote(Engine):
    def __init__(self, config: RemoteSettings, clock: Clock) -> None:
        token = reveal(config.token) if config.token else None
        if token is not None and not (token.isascii() and token.isprintable()):
            raise ConfigError("recognition.token: an API token must be printable ASCII on one line")
        self.calls_at_once = config.parallel
        self._config = config
        self._post = Post(
            f"recognition at {config.url}",
            headers={"Authorization": f"Token {token}"} if token else {},
            seconds=config.timeout_seconds,
            clock=clock,
        )

    def check(self) -> str:
        """Asks the service without a picture. ConfigError when it does not accept the token,
        Unavailable when it does not answer."""
        reply = self._post.ask("GET", self._config.url)
        if reply.status in (401, 403):
            raise ConfigError(self._no_entry(reply))
        return f"connected to {self._config.url}"

    def read(self, frame: Frame) -> Sequence[Read]:
        return list(self.examine(frame).reads)

    def examine(self, frame: Frame, watch: Stopwatch | None = None) -> Examined:
        pixels = pictures.checked(frame)
        self._post.heed_pause()
        with stage(watch, "encode"):
            sent = pictures.encode(
                pixels,
                "frame",
                quality=self._config.jpeg_quality,
                longest_side=self._config.longest_side,
            )
        with stage(watch, "read"):
            answer = self._understood(self._sent(self._form(frame, sent.jpeg)))
        scale = pixels.shape[1] / sent.image.width
        found = [
            read_of(frame, result, text, box, scale)
            for result, text, box in snapshot.plates(answer.results)
            if normalize(text)
        ]
        return self._sifted(found)

    def close(self) -> None:
        self._post.close()

    def _form(self, frame: Frame, jpeg: bytes) -> Form:
        fields = [("regions", code.lower()) for code in self._config.countries]
        fields += [
            ("camera_id", frame.camera),
            ("timestamp", frame.captured_at.isoformat().replace("+00:00", "Z")),
        ]
        if self._config.vehicle:
            fields.append(("mmc", "true"))
        return Form(tuple(fields), ("upload", "frame.jpg", jpeg))

    def _sent(self, form: Form) -> Reply:
        """Sent again once where the service asks for a short pause: a recording would otherwise
        lose the frame. Others wait meanwhile, for no longer than a frame may take anyway."""
        reply = self._post.ask("POST", self._config.url, form)
        wait = seconds_of(reply.retry_after)
        if reply.status != 429 or wait is None or wait > self._config.timeout_seconds:
            return reply
        self._post.pause(wait)
        return self._post.ask("POST", self._config.url, form)

    def _understood(self, reply: Reply) -> snapshot.RecognizerResponse:
        """Unavailable or PictureError says why there is no answer."""
        if reply.status in (401, 403):
            raise self._post.failed(self._no_entry(reply))
        if reply.status == 429 or reply.status >= 500:
            pause = seconds_of(reply.retry_after)
            raise self._post.failed(f"responded {reply.status}: {start_of(reply)}", pause=pause)
        if reply.status not in (200, 201):
            raise PictureError(
                f"recognition at {self._config.url} rejected the image with {reply.status}: "
                f"{start_of(reply)}"
            )
        try:
            answer = snapshot.decode(reply.body)
        except ValueError as error:
            raise self._post.failed(
                f"sent a response that is not in Snapshot's format ({error}): {start_of(reply)}; "
                "check `url`"
            ) from error
        self._post.succeeded()
        return answer

    def _no_entry(self, reply: Reply) -> str:
        return (
            f"responded {reply.status}: {start_of(reply)}; check `recognition.token` and the "
            "license of the service"
        )

    def _sifted(self, found: Sequence[Read]) -> Examined:
        least = self._config.min_confidence
        unsure = [refusal(Reason.UNSURE, read) for read in found if read.confidence < least]
        return Examined(
            tuple(read for read in found if read.confidence >= least), likeliest(unsure)
        )


def read_of(frame: Frame, result: snapshot.Result, written: str, sent: Box, scale: float) -> Read:
    """`sent` is the box in pixels of the picture that was sent, `scale` times smaller."""
    box = scaled(sent, scale, frame)
    text = normalize(written)
    country, region = result.country
    score = round(min(max(result.score, 0.0), 1.0), 4)
    meant = understand(text, (score,) * len(text), (country,) if country in CODES else ())
    return Read(
        at=frame.captured_at,
        frame=frame.number,
        text=text,
        raw=text,
        display=meant.display if meant.text == text else text,
        unicode=keep_letters(written),
        confidence=score,
        characters=(score,) * len(text),
        candidates=candidates(result, text),
        country=country,
        region=region,
        box=box,
        vehicle=vehicle_of(result, scale, frame),
        quality=quality.of_box(frame.pixels, box),
    )


def candidates(result: snapshot.Result, text: str) -> tuple[Candidate, ...]:
    others = {normalize(one.plate or ""): one.score for one in reversed(result.candidates)}
    best = sorted(others.items(), key=lambda one: (-one[1], one[0]))
    kept = [(other, score) for other, score in best if other not in ("", text)][:CANDIDATES]
    return tuple(Candidate(other, round(min(max(score, 0), 1), 4)) for other, score in kept)


def vehicle_of(result: snapshot.Result, scale: float, frame: Frame) -> Vehicle:
    seen = result.seen_vehicle(VEHICLE_SURE)
    return structs.replace(seen, box=scaled(seen.box, scale, frame)) if seen.box else seen


def scaled(box: Box, scale: float, frame: Frame) -> Box:
    """The box in pixels of the frame, cut off at its edge; at least a pixel each way."""
    height, width = frame.pixels.shape[:2]
    left = min(max(box.x * scale, 0.0), width - 1.0)
    top = min(max(box.y * scale, 0.0), height - 1.0)
    right = min(max((box.x + box.width) * scale, left + 1), float(width))
    bottom = min(max((box.y + box.height) * scale, top + 1), float(height))
    return Box(round(left, 1), round(top, 1), round(right - left, 1), round(bottom - top, 1))


def start_of(reply: Reply) -> str:
    """The first words of what it said."""
    return reply.body[:200].decode("utf-8", "replace").strip() or "nothing"


def seconds_of(retry_after: str) -> float | None:
    """A number of seconds, at most a minute; a date or anything else is not heeded."""
    return min(float(retry_after), 60.0) if retry_after.isdigit() else None
