"""The guides by role and the page of troubleshooting have what their readers look for."""

import re
import shlex
from pathlib import Path

import pytest

from platewire.cli.main import parser
from tests.docs.test_blocks import LINK, ROOT, blocks_of

DOCS = ROOT / "docs"
GUIDES = sorted((DOCS / "guides").glob("*.md"))


def test_every_guide_is_listed() -> None:
    listed = set(LINK.findall((DOCS / "guides" / "README.md").read_text("utf-8")))
    assert {page.name for page in GUIDES} - {"README.md"} <= listed


@pytest.mark.parametrize("page", [p for p in GUIDES if p.stem != "README"], ids=lambda p: p.stem)
def test_a_guide_says_what_it_is_good_for_and_what_may_fail(page: Path) -> None:
    _, _, text = page.read_text("utf-8").partition("\n\n")
    assert text.startswith("After this page ")
    assert "\n## Troubleshooting\n" in text
    assert "](../troubleshooting.md)" in text


@pytest.mark.parametrize("page", [*GUIDES, DOCS / "troubleshooting.md"], ids=lambda p: p.stem)
def test_commands_have_options_that_exist(page: Path) -> None:
    """Whole command lines, not their first word alone: the parser takes each as it stands."""
    for block in blocks_of(page):
        whole = block.text.replace("\\\n", " ") if block.language == "sh" else ""
        for line in whole.splitlines():
            words = shlex.split(line, comments=True)
            if words and Path(words[0]).name == "platewire" and "--version" not in words:
                parser().parse_args(words[1:])


ANCHOR = re.compile(r"\]\(([^)#:\s]*)#([^)]+)\)")


@pytest.mark.parametrize("page", [*GUIDES, DOCS / "troubleshooting.md"], ids=lambda p: p.stem)
def test_links_to_headings_lead_to_them(page: Path) -> None:
    for link, anchor in ANCHOR.findall(page.read_text("utf-8")):
        target = page.parent / link if link else page
        headings = re.findall(r"^#+ (.*)$", target.read_text("utf-8"), re.MULTILINE)
        slugs = [re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings]
        assert anchor in slugs, (link, anchor)


TERMS = """
allow list, authentication, authorization, backoff, backpressure, certificate, checksum,
circuit breaker, clock, confidence, corruption, cursor, dead letter, deduplicate, direction,
disk full, failover, false positives, firewall, fsync, idempotency, jitter, latency, NTP,
occlusion, p99, pixels on the target, precision and recall, proxy, rate limit, region of interest,
replay, retention, retries, scope, shutter, SSRF, throughput, time zone, timeout, token,
at-least-once, write-ahead log
"""


def test_troubleshooting_has_the_terms_that_people_search_for() -> None:
    page = (DOCS / "troubleshooting.md").read_text("utf-8").lower()
    terms = [term.strip().lower() for term in TERMS.replace("\n", " ").split(",")]
    assert [term for term in terms if term not in page] == []
