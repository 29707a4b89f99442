"""`/metrics`: the counters of the status board in the Prometheus text format 0.0.4.

The names of our own counters stand in one table with their type and help; a counter that a loop
keeps and the table does not know appears under `platewire_other`, so that nothing is hidden.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from platewire.runtime.status import PartStatus, State
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
    ("camera", "frames"): Metric("frames_read", "counter", "Frames processed by recognition"),
    ("camera", "dropped"): Metric(
        "frames_dropped", "counter", ("Frames dropped because recognition was too slow")
    ),
    ("camera", "broken"): Metric("frames_broken", "counter", "Frames that could not be decoded"),
    ("camera", "unreadable"): Metric(
        "frames_unreadable", "counter", "Frames that recognition rejected"
    ),
    ("camera", "reads"): Metric("reads", "counter", "Plates read"),
    ("camera", "still"): Metric("frames_still", "counter", "Frames skipped because nothing moved"),
    **{
        ("camera", f"refused_{reason}"): Metric(
            f"refused_{reason}", "counter", f"Rejected plate candidates: {meaning}"
        )
        for reason, meaning in (
            ("small", "too few pixels wide"),
            ("shape", "wrong angle or aspect ratio"),
            ("no_plate", "a sign, badge or caption"),
            ("form", "text is not a valid plate"),
            ("unsure", "confidence too low"),
        )
    },
    ("camera", "unused_unsure"): Metric(
        "unused_unsure", "counter", "Unused reads: confidence below `min_confidence`"
    ),
    ("camera", "unused_short"): Metric(
        "unused_short", "counter", "Unused reads: fewer than `min_characters`"
    ),
    ("camera", "unused_outside"): Metric(
        "unused_outside", "counter", "Unused reads: outside all zones"
    ),
    ("camera", "unconfirmed"): Metric(
        "unconfirmed", "counter", "Vehicles read, never confirmed: fewer reads than required"
    ),
    ("camera", "events_new"): Metric("events_new", "counter", "Events of kind new"),
    ("camera", "events_updated"): Metric("events_updated", "counter", "Events of kind updated"),
    ("camera", "events_lost"): Metric("events_lost", "counter", "Events of kind lost"),
    ("camera", "failures"): Metric("camera_failures", "counter", "Connection losses of the camera"),
    ("output", "delivered"): Metric("delivered", "counter", "Events delivered"),
    ("output", "retries"): Metric("retries", "counter", "Failed attempts that are retried"),
    ("output", "rejected"): Metric("rejected", "counter", "Events rejected by the receiver"),
    ("output", "expired"): Metric("expired", "counter", "Events that expired before delivery"),
    ("output", "exhausted"): Metric(
        "exhausted", "counter", ("Events that failed after a day of retries")
    ),
    ("output", "parked"): Metric("parked", "gauge", "Events waiting for a retry of their own"),
    ("output", "failures"): Metric("output_failures", "counter", "Connection losses of the output"),
    ("output", "gap_events"): Metric(
        "gap_events", "counter", ("Events deleted from the log before delivery")
    ),
    ("output", "losses"): Metric("losses", "counter", "Times the receiver lost delivered events"),
    ("output", "cursor"): Metric("output_seq", "gauge", "Last processed event, by seq"),
    ("output", "lag_seconds"): Metric("lag_seconds", "gauge", "Age of the oldest waiting event"),
    ("output", "last_delivered_at"): Metric(
        "last_delivered_timestamp_seconds", "gauge", "Unix time of the last delivery"
    ),
    ("output", "clients"): Metric("clients", "gauge", "Connected TCP clients"),
    ("output", "opened"): Metric("relay_opened", "counter", "Relay activations"),
    ("output", "refused"): Metric(
        "relay_refused", "counter", "Events for which the relay stayed closed"
    ),
    ("output", "unknown"): Metric(
        "relay_unknown", "counter", "Commands without a valid response: the gate may have opened"
    ),
    ("output", "dry_runs"): Metric(
        "relay_dry_runs", "counter", ("Dry runs: test events answered without opening")
    ),
    ("output", "off_failures"): Metric(
        "relay_off_failures", "counter", "Times the device did not confirm that the relay is off"
    ),
    ("retention", "held"): Metric(
        "retention_held",
        "gauge",
        ("1 while deletion by age is suspended because the clock is not trusted"),
    ),
    ("log", "commits"): Metric("log_commits", "counter", "Commits of the event log"),
    ("log", "last_written_at"): Metric(
        "log_last_written_timestamp_seconds", "gauge", "Unix time of the last successful write"
    ),
    ("log", "failures"): Metric("log_failures", "counter", "Failed writes"),
}
"""Role and counter on the board -> the metric without prefix and suffix."""
SHOWN_ELSEWHERE = {("output", "lag_events"), ("log", "first_seq"), ("log", "last_seq")}

STATE = Metric("state", "gauge", "1 for the current state of the part")
LAG = Metric("lag_events", "gauge", "Events in the log that the output has not processed")
OTHER = Metric("other", "untyped", "Other counters")
LAST = Metric("log_last_seq", "gauge", "Last event in the log")
FIRST = Metric("log_first_seq", "gauge", "First event in the log")
EPOCH = Metric(
    "log_epoch", "gauge", ("Increases when the log was truncated or a backup was restored")
)
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
        (EPOCH, [Sample({}, context.log.numbering.epoch)]),
        (HEALTHY, [Sample({}, not overview.unhealthy(context))]),
    ]


def _of_the_board(lines: list[PartStatus]) -> list[tuple[Metric, list[Sample]]]:
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


def _lags(lines: list[PartStatus], last_seq: int) -> Iterator[Sample]:
    for line in lines:
        behind = overview.lag(line, last_seq) if line.role == "output" else None
        if behind is not None:
            yield Sample({"output": line.name}, behind)


def _others(lines: list[PartStatus]) -> Iterator[Sample]:
    for line in lines:
        for key, value in line.counters.items():
            if (line.role, key) not in BOARD_COUNTERS.keys() | SHOWN_ELSEWHERE:
                yield Sample(_labels(line, counter=key), value)


def _labels(line: PartStatus, **more: str | State) -> dict[str, str]:
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
