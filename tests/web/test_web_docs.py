"""The documents name everything there is."""

from pathlib import Path

import msgspec
import pytest

from platewire.web import metrics
from platewire.web.api.operation import Operation
from platewire.web.api.operations import OPERATIONS
from platewire.web.metrics import Metric, Sample, family
from platewire.web.settings import WebSettings

DOCS = Path(__file__).parents[2] / "docs"
METRICS = (
    *metrics.BOARD_COUNTERS.values(),
    *(it for it in vars(metrics).values() if isinstance(it, Metric)),
)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda it: it.name)
def test_every_operation_is_documented(operation: Operation) -> None:
    text = (DOCS / "api.md").read_text("utf-8")
    assert f"`{operation.method} {operation.path}`" in text


@pytest.mark.parametrize("metric", METRICS, ids=lambda it: it.name)
def test_every_metric_is_documented(metric: Metric) -> None:
    name = family(metric, [Sample({}, 0)]).split(" ")[2]
    assert f"`{name}`" in (DOCS / "console.md").read_text("utf-8")


@pytest.mark.parametrize("field", msgspec.structs.fields(WebSettings), ids=lambda it: it.name)
def test_every_setting_is_documented(field: msgspec.structs.FieldInfo) -> None:
    assert f"| `{field.name}` |" in (DOCS / "console.md").read_text("utf-8")
