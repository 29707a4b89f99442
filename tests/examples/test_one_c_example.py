"""The service in plain Python takes what the real 1C output sends, and says what it does not."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

from platewire.model import Kind
from platewire.outputs.http.one_c import OneCSettings

if TYPE_CHECKING:
    from tests.examples.conftest import Run, Told


async def test_passages_are_taken_once_and_refused_alone(
    run: "Run", told: "Told", tmp_path: Path
) -> None:
    table = tmp_path / "passages.csv"
    service = await run("one_c_service.py", "--listen", "127.0.0.1:0", "--table", table)
    found = re.search(r"http://\S+", await service.line())
    assert found
    await told.passage("AB1234")
    await told.passage("TOOLONGFORAFIELD")
    await told.passage("CD5678")
    output = OneCSettings(name="books", url=found[0], start="beginning")
    told.deliver(output, output.build(told.context))
    assert [line.split()[0] for line in await service.lines(2)] == ["AB1234", "CD5678"]
    assert output.kinds == {Kind.LOST}
    lines = table.read_text().splitlines()
    assert [line.split(",")[1] for line in lines] == ["plate", "AB1234", "CD5678"]
