"""The pages use the field's terms: what a reader searches for is there, private words are not.

A phrase is listed only where it has no ordinary meaning in these documents.
"""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
GENERATED = {DOCS / "configuration.md", DOCS / "command_line.md"}
"""Written by the program from its own texts."""
PAGES = [
    ROOT / "README.md",
    *(
        page
        for page in sorted(DOCS.rglob("*.md"))
        if DOCS / "decisions" not in page.parents and page not in GENERATED
    ),
]

INSTEAD = {
    r"third part(?:y|ies)": "other systems, receivers, integrations",
    r"ways? out": "output, integration, delivery channel",
    r"(?:given|gave|gives) up": "failed event, dead letter, timed out",
    r"settled": "marked as resolved",
    r"puts? again": "requeue",
    r"st(?:and|ands|anding|ood) still": "pause",
    r"patience": "timeout",
    r"come at once": "thundering herd",
    r"by chance": "random, jitter",
    r"(?:is|are) told (?:that|of|with|in|for|at|when|where|as)": "is notified, is reported",
    r"who gets in": "authentication, authorization",
    r"what gets out": "egress",
    r"let in": "allowed",
    r"may come in": "allowed",
    r"look(?:s|ed)? through": "check, verify",
    r"what went, and why": "deletion log",
    r"is it well": "health",
    r"put right": "correct",
    r"judged?": "validate, check",
    r"cut anew": "re-crop",
    r"anew": "again, recreate, restart",
    r"taken up": "resumed",
    r"pass(?:ed|es)? over": "ignore, skip",
    r"go(?:es)? on": "continue",
    r"hold the list": "pause",
    r"to the list": "back to passages",
    r"sign of life": "keep-alive",
    r"the answer is no": "completed, negative result",
    r"cannot be had": "already in use, cannot bind",
    r"other programs at the database": "reading the database from BI tools",
}
"""What the pages said once, as an expression, and the term to write instead."""

TERMS = """
at-least-once delivery, idempotency, deduplication, backoff, retry, jitter, dead letter,
circuit breaker, rate limit, backpressure, latency, throughput, p99, buffer, cursor, offset, replay,
retention, checksum, corruption, write-ahead log, fsync, durability, failover, high availability,
mutual TLS, token, scope, role, audit log, SSRF, region of interest, bounding box, confidence,
false positive, precision, recall, frame rate, exposure, shutter, pixels on target, occlusion,
debounce, direction of travel, dwell time, allow list, block list, watch list, troubleshooting
"""
"""What an engineer of this field searches for."""


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def spaced(phrase: str) -> re.Pattern[str]:
    """The whole words, also where a line ends between them."""
    return re.compile(r"\b" + phrase.replace(" ", r"\s+") + r"\b", re.IGNORECASE)


def phrases(page: Path) -> list[str]:
    """Each phrase of `INSTEAD` on the page with its line and what to write instead."""
    text = page.read_text("utf-8")
    return [
        f"line {text[: match.start()].count(chr(10)) + 1}: {match[0]!r}: write {term}"
        for phrase, term in INSTEAD.items()
        for match in spaced(phrase).finditer(text)
    ]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_page_uses_the_terms_of_the_field(page: Path) -> None:
    assert phrases(page) == []


@pytest.mark.parametrize("term", [" ".join(each.split()) for each in TERMS.split(",")])
def test_a_term_that_readers_search_for_is_there(term: str) -> None:
    form = spaced(term + "(?:s|es)?")
    assert [page for page in PAGES if form.search(page.read_text("utf-8"))], (
        f"no page has {term!r}: write it on the page of its subject"
    )
