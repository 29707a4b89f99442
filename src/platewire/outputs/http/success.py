"""Which responses mean that an event is delivered, for receivers that answer 200 with an error in
the body, or a status other than 2xx for success."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from platewire.errors import ConfigError, Rejected
from platewire.outputs.http import response as http_response
from platewire.outputs.http.response import HttpResponse

Status = Annotated[int, Meta(ge=200, le=599)]


class Success(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When an event counts as delivered. All conditions must hold."""

    statuses: Annotated[
        tuple[Status, ...], Meta(description="Statuses that mean success; empty: 200 to 299")
    ] = ()
    contains: Annotated[str, Meta(description="Text that a successful response contains")] = ""
    json: Annotated[
        str, Meta(description="Path of a value in the JSON of the response, such as `result.code`")
    ] = ""
    equals: Annotated[str, Meta(description="Expected value at that path")] = ""


SuccessSetting = Annotated[Success, Meta(description="When an event counts as delivered")]


def check_success(output: str, success: Success) -> None:
    """ConfigError for a rule without a condition."""
    if success.equals and not success.json:
        raise ConfigError(
            f'output "{output}": `success.equals` requires `success.json`, the path of the value'
        )


def judge(answer: HttpResponse, success: Success, who: str, now: datetime) -> None:
    """Returns if the event is delivered by the rule; raises like `http_response.judge`."""
    if answer.status not in success.statuses:
        http_response.judge(answer, who, now)
        if success.statuses:
            _reject(answer, who, f"`success.statuses` does not include {answer.status}")
    if success.contains not in answer.text:
        _reject(answer, who, f"the response does not contain {success.contains!r}")
    if success.json:
        value = _at(answer, success.json, who)
        if value != success.equals:
            _reject(answer, who, f"`{success.json}` is {value[:100]!r}, not {success.equals!r}")


def _at(answer: HttpResponse, path: str, who: str) -> str:
    """The value as text: a string unchanged, everything else as JSON."""
    try:
        value: Any = msgspec.json.decode(answer.text)
        for step in path.split("."):
            value = value[int(step)] if isinstance(value, list) else value[step]
    except (msgspec.DecodeError, LookupError, TypeError, ValueError, RecursionError):
        _reject(answer, who, f"the response has no JSON value at `{path}`")
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _reject(answer: HttpResponse, who: str, reason: str) -> Any:
    more = f" (the response {answer.cut})" if answer.cut else ""
    raise Rejected(
        f"{who} answered {answer.status}, but {reason}{more}; check the response of the receiver "
        "and `success`",
        status=answer.status,
        answer=answer.text[: http_response.KEPT_CHARACTERS],
    )
