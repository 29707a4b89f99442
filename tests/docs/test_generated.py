"""The generated documents are what the code says; `run.py docs` writes those that are not."""

import shutil
import sys
from pathlib import Path

import pytest

from scripts import documents
from scripts.documents import DOCUMENTS, MARK, Document, expected, is_current
from scripts.environment import ROOT


@pytest.mark.parametrize("name", DOCUMENTS)
def test_each_document_is_current(name: str) -> None:
    assert is_current(ROOT / name, DOCUMENTS[name]), "run: python3 run.py docs"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the documents, and the Python that writes all of them."""
    for name in DOCUMENTS:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    monkeypatch.setattr(documents, "ROOT", tmp_path)
    here = {name: each._replace(python=None) for name, each in DOCUMENTS.items()}
    monkeypatch.setattr(documents, "DOCUMENTS", here)
    assert documents.main([]) == 0
    return tmp_path


def test_a_document_that_differs_is_named_and_written(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = root / "docs" / "configuration.md"
    right = page.read_text("utf-8")
    page.write_text("old", "utf-8")
    assert documents.main(["--check"]) == 1
    assert "docs/configuration.md: differs; run `python3 run.py docs`" in capsys.readouterr().out
    assert page.read_text("utf-8") == "old"
    assert documents.main([]) == 0
    assert page.read_text("utf-8") == right
    assert documents.main(["--check"]) == 0


def test_prose_above_the_mark_is_kept(root: Path) -> None:
    page = root / "docs" / "command_line.md"
    page.write_text(f"# Mine\n{MARK}old", "utf-8")
    assert documents.main([]) == 0
    text = page.read_text("utf-8")
    assert text.startswith(f"# Mine\n{MARK}\n## `platewire serve`\n")
    assert "old" not in text.splitlines()


def test_a_page_without_the_mark_says_what_to_do(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Mine\n", "utf-8")
    with pytest.raises(ValueError, match="add it where the prose ends"):
        expected(page, Document(lambda: "text", below_mark=True))


def test_another_python_compares_words_and_writes_nothing(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = root / "page.md"
    page.write_text("one\n  two\n", "utf-8")
    other = Document(lambda: "one two\n", python=(sys.version_info[0], sys.version_info[1] + 1))
    assert is_current(page, other)
    monkeypatch.setattr(documents, "DOCUMENTS", {"page.md": other})
    assert documents.main([]) == 0
    assert "page.md: left as it is, only Python 3." in capsys.readouterr().out
    assert page.read_text("utf-8") == "one\n  two\n"
