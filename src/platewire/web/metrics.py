"""`/metrics`: what the status board counts, in the Prometheus text exposition format 0.0.4.

The names of our own counters stand in one table with their type and help; a counter that a loop
keeps and the table does not know appears under `platewire_other`, so that nothing is hidden.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from platewire.status import Line, State
from platewire.web import overview
from platewire.web.context import WebContext

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Sample(NamedTuple):
    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, slots=True)
class Metric:
    name: str
    type: str
    help: str


BOARD_COUNTERS: dict[tuple[str, str], Metric] = {
    ("camera", "frames"): Metric("frames_read", "counter", "Frames given to recognition"),
    ("camera", "dropped"): Metric("frames_dropped", "counter", "Frames left out to keep pace"),
    ("camera", "broken"): Metric("frames_broken", "counter", "Frames that were no picture"),
    ("camera", "unreadable"): Metric("frames_unreadable", "counter", "Frames recognition refused"),
    ("camera", "reads"): Metric("reads", "counter", "Plates read in frames"),
    ("camera", "still"): Metric("frames_still", "counter", "Frames unread as nothing moved"),
    **{
        ("camera", f"refused_{reason}"): Metric(
            f"refused_{reason}", "counter", f"Candidates that are no read: {meaning}"
        )
        for reason, meaning in (
            ("small", "too few pixels wide"),
            ("shape", "too steep, long or short"),
            ("no_plate", "a sign, a badge, a caption"),
            ("form", "a text that is no plate"),
            ("unsure", "less sure than asked for"),
        )
    },
    ("camera", "unused_unsure"): Metric(
        "unused_unsure", "counter", "Reads no passage took: less sure than its `min_confidence`"
    ),
    ("camera", "unused_short"): Metric(
        "unused_short", "counter", "Reads no passage took: fewer than `min_characters`"
    ),
    ("camera", "unused_outside"): Metric(
        "unused_outside", "counter", "Reads no passage took: outside all zones"
    ),
    ("camera", "events_new"): Metric("events_new", "counter", "Events of the kind new"),
    ("camera", "events_updated"): Metric("events_updated", "counter", "Events of the kind updated"),
    ("camera", "events_lost"): Metric("events_lost", "counter", "Events of the kind lost"),
    ("camera", "failures"): Metric("camera_failures", "counter", "Times the camera was cut off"),
    ("transfer", "delivered"): Metric("delivered", "counter", "Events delivered"),
    ("transfer", "retries"): Metric("retries", "counter", "Attempts that will be made again"),
    ("transfer", "rejected"): Metric("rejected", "counter", "Events refused for good"),
    ("transfer", "expired"): Metric("expired", "counter", "Events too old to be sent"),
    ("transfer", "exhausted"): Metric("exhausted", "counter", "Events given up after a day"),
    ("transfer", "parked"): Metric("parked", "gauge", "Events that wait for their own attempt"),
    ("transfer", "failures"): Metric("transfer_failures", "counter", "Times it was cut off"),
    ("transfer", "gap_events"): Metric("gap_events", "counter", "Events gone from the log unsent"),
    ("transfer", "cursor"): Metric("transfer_seq", "gauge", "Last event dealt with"),
    ("transfer", "lag_seconds"): Metric("lag_seconds", "gauge", "Age of the oldest waiting event"),
    ("transfer", "last_delivered_at"): Metric(
        "last_delivered_timestamp_seconds", "gauge", "Unix time of the last delivery"
    ),
    ("transfer", "clients"): Metric("clients", "gauge", "Connected TCP clients"),
    ("transfer", "opened"): Metric("relay_opened", "counter", "Times the relay was switched"),
    ("transfer", "refused"): Metric("relay_refused", "counter", "Events it did not open for"),
    ("transfer", "dry_runs"): Metric("relay_dry_runs", "counter", "Tests answered, not opening"),
    ("transfer", "off_failures"): Metric(
        "relay_off_failures", "counter", "Times the device did not confirm that it is off"
    ),
    ("log", "commits"): Metric("log_commits", "counter", "Commits of the event log"),
}
"""Role on the board and key of the counter, to the metric without prefix and suffix."""
SHOWN_ELSEWHERE = {("transfer", "lag_events"), ("log", "first_seq"), ("log", "last_seq")}

STATE = Metric("state", "gauge", "1 for the state a loop is in")
LAG = Metric("lag_events", "gauge", "Events in the log that the transfer has not dealt with")
OTHER = Metric("other", "untyped", "Other counts of the loops")
LAST = Metric("log_last_seq", "gauge", "Last event in the log")
FIRST = Metric("log_first_seq", "gauge", "First event still kept in the log")
HEALTHY = Metric("healthy", "gauge", "1 when /healthz answers 200")
MEMORY = Metric("process_resident_memory_bytes", "gauge", "Resident memory of the process")


def exposition(context: WebContext) -> str:
    lines = list(context.board.lines())
    families = [
        *_of_the_log(context),
        (STATE, [Sample(_labels(line, state=line.state), 1) for line in lines]),
        (LAG, list(_lags(lines, context.log.last_seq))),
        *_of_the_board(lines),
        (OTHER, list(_others(lines))),
        (MEMORY, [Sample({}, size) for size in resident_bytes()]),
    ]
    return "".join(family(metric, samples) for metric, samples in families if samples)


def family(metric: Metric, samples: Iterable[Sample]) -> str:
    """One metric with all its samples, as the format wants them: together, under HELP and TYPE."""
    suffix = "_total" if metric.type == "counter" else ""
    name = metric.name if metric.name.startswith("process_") else f"platewire_{metric.name}{suffix}"
    head = f"# HELP {name} {_escaped_help(metric.help)}\n# TYPE {name} {metric.type}\n"
    return head + "".join(
        f"{name}{_label_text(sample.labels)} {_number(sample.value)}\n" for sample in samples
    )


def _of_the_log(context: WebContext) -> list[tuple[Metric, list[Sample]]]:
    return [
        (LAST, [Sample({}, context.log.last_seq)]),
        (FIRST, [Sample({}, context.log.first_seq)]),
        (HEALTHY, [Sample({}, not overview.unhealthy(context))]),
    ]


def _of_the_board(lines: list[Line]) -> list[tuple[Metric, list[Sample]]]:
    return [
        (
            metric,
            [
                Sample({role: line.name}, line.counters[key])
                for line in lines
                if line.role == role and key in line.counters
            ],
        )
        for (role, key), metric in BOARD_COUNTERS.items()
    ]


def _lags(lines: list[Line], last_seq: int) -> Iterator[Sample]:
    for line in lines:
        behind = overview.lag(line, last_seq) if line.role == "transfer" else None
        if behind is not None:
            yield Sample({"transfer": line.name}, behind)


def _others(lines: list[Line]) -> Iterator[Sample]:
    for line in lines:
        for key, value in line.counters.items():
            if (line.role, key) not in BOARD_COUNTERS.keys() | SHOWN_ELSEWHERE:
                yield Sample(_labels(line, counter=key), value)


def _labels(line: Line, **more: str | State) -> dict[str, str]:
    return {"role": line.role, "name": line.name, **{key: str(it) for key, it in more.items()}}


def _label_text(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _escaped_help(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def resident_bytes() -> list[int]:
    """Of this process, from Linux's /proc/self/statm (second field, in pages); empty elsewhere."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    except (OSError, IndexError, ValueError):
        return []
    return [pages * os.sysconf("SC_PAGE_SIZE")]
