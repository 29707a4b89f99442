"""Requests made up from our own OpenAPI document: no crash, no answer that the document lacks.

A real server with a real log in front of it; the operations that change something run too.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import checks

from tests.acceptance import small_road
from tests.acceptance.running import Running

EXAMPLES = 12
"""Requests for each operation."""
CONFIG = """
[web]
listen = "127.0.0.1:0"
[recognition]
type = "replay"
path = "{recorded}"
[[camera]]
name = "road"
source = {{ type = "file", path = "{clip}" }}
[[output]]
name = "lines"
type = "json_lines"
listen = "127.0.0.1:0"
[[output]]
name = "out"
type = "http"
url = "http://127.0.0.1:9/"
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("fuzz")
    clip, recorded = small_road.write(folder)
    config = folder / "platewire.toml"
    config.write_text(CONFIG.format(clip=clip, recorded=recorded), "utf-8")
    running = Running(config)
    try:
        running.wait_for(lambda status: status["log"]["last_seq"] >= 2 * len(small_road.PLATES))
        yield running
    finally:
        running.kill()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_operation_answers_as_described(server: Running) -> None:
    url = server.addresses["page"] + "api/v1/openapi.json"
    found = schemathesis.openapi.from_url(url).exclude(path_regex="/stream$")
    tried = 0
    each: Any
    for each in found.get_all_operations():
        operation = each.ok()
        ask(operation)
        tried += 1
    assert tried > 10


def ask(operation: Any) -> None:
    """Requests of one operation: what its schema allows, and what it does not."""

    @given(case=operation.as_strategy())
    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    def answered(case: Any) -> None:
        case.call_and_validate(
            timeout=10,
            checks=[
                checks.not_a_server_error,
                checks.status_code_conformance,
                checks.content_type_conformance,
                checks.response_schema_conformance,
            ],
        )

    answered()


def test_the_server_is_well_afterwards(server: Running) -> None:
    assert server.get("/healthz")["healthy"]
