"""Tokens that may do less than everything."""

from collections.abc import AsyncIterator

import pytest

from platewire.runtime.status import State
from platewire.web.api.operations import OPERATIONS
from platewire.web.scopes import ALL, Scope, needed
from platewire.web.settings import Key
from tests.web.world import World, serving

KEYS = (
    Key("web.token", "everything-0123456789", ALL),
    Key("bi", "only-reading-0123456789", frozenset({"read"})),
    Key("guard", "with-pictures-0123456789", frozenset({"read", "pictures"})),
    Key("prometheus", "only-metrics-0123456789", frozenset({"metrics"})),
)
PATHS: dict[Scope, tuple[str, str]] = {
    "read": ("GET", "/api/v1/events"),
    "pictures": ("GET", "/api/v1/images/" + "0" * 64 + ".jpg"),
    "odata": ("GET", "/odata/Cameras"),
    "metrics": ("GET", "/metrics"),
    "control": ("POST", "/api/v1/outputs/parking/pause"),
}


@pytest.fixture
async def locked() -> AsyncIterator[World]:
    async with serving(KEYS) as served:
        served.board.say("output", "parking", State.RUNNING)
        yield served


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.name)
@pytest.mark.parametrize("scope", sorted(ALL))
async def test_a_token_opens_its_scopes_alone(locked: World, key: Key, scope: Scope) -> None:
    method, path = PATHS[scope]
    async with locked.client(headers={"Authorization": f"Bearer {key.token}"}) as client:
        answer = await client.request(method, path)
        text = await answer.text()
    if scope in key.scopes:
        assert answer.status in (200, 404), text
    else:
        assert answer.status == 403
        assert key.name in text
        assert scope in text
        assert key.token not in text


async def test_a_login_carries_the_scopes_of_its_token(locked: World) -> None:
    async with locked.client() as client:
        form = {"token": "only-reading-0123456789", "next": "/"}
        entered = await client.post("/login", data=form, allow_redirects=False)
        cookies = {name: morsel.value for name, morsel in entered.cookies.items()}
        assert (await client.get("/api/v1/events", cookies=cookies)).status == 200
        assert (await client.get(PATHS["pictures"][1], cookies=cookies)).status == 403
        paused = await client.post(PATHS["control"][1], cookies=cookies)
        assert paused.status == 403


def test_every_operation_that_changes_something_needs_control() -> None:
    for operation in OPERATIONS:
        if operation.method not in ("GET", "HEAD"):
            assert needed(operation.method, operation.path) == "control", operation.path


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/", "read"),
        ("GET", "/api/v1/images/ab.jpg", "pictures"),
        ("HEAD", "/api/v1/cameras/gate/snapshot.jpg", "pictures"),
        ("DELETE", "/api/v1/images/ab.jpg", "control"),
        ("POST", "/logout", None),
        ("GET", "/metricsx", "read"),
    ],
)
def test_which_scope(method: str, path: str, scope: Scope | None) -> None:
    assert needed(method, path) == scope
