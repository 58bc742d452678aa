"""How fast ingest stores, beside raw COPY of the same rows into the same table in the same run.

`python -m tests.bench.bench_ingest [--only SCENARIO] [--engine timescale]`: a real mosquitto, an embedded PostgreSQL
that syncs to disk, publisher, broker, database and ingest each in processes of their own on this machine. Where
BELLWETHER_TEST_TIMESCALE_URL names a TimescaleDB, `--engine timescale` measures on that.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np
import psycopg

from tests.bench.database import ENGINES, bench_database
from tests.bench.figures import Figure, report
from tests.bench.ingest_load import Load
from tests.bench.ingest_process import IngestProcess, running_ingest, unacknowledged
from tests.bench.ingest_stored import await_stored, messages_stored, raw_copy
from tests.mosquitto import Broker, running_broker

_START_MS = int(datetime(2026, 6, 1, tzinfo=UTC).timestamp() * 1000)
_POLL_S = 0.002
_PACED_S = 6.0

# Enough for several seconds at full speed; a tenth as many warm up, half as many may be paced.
_MESSAGES = {1: 60_000, 10: 40_000, 50: 20_000, 200: 6_000}
SCENARIOS = {load.name: load for metrics in _MESSAGES for load in (Load("json", metrics), Load("sparkplug", metrics))}


class Peak(NamedTuple):
    """A run at full speed: what it took, and whether the publisher was what held it up."""

    messages_per_s: float
    cpu_s: float
    publishing_share: float


class Delays(NamedTuple):
    """From the publish of a message to its visibility in the database, in ms; `resolution_ms` of that measurement."""

    p50_ms: float
    p99_ms: float
    resolution_ms: float


def measured(load: Load, engine: str) -> list[Figure]:
    """All figures of one scenario."""
    messages = _MESSAGES[load.metrics]
    with (
        bench_database(engine) as url,
        running_broker() as broker,
        psycopg.connect(url, autocommit=True) as conn,
    ):
        with running_ingest(url, broker) as ingest, _publisher(load, broker, url, 8 * messages // 5) as publisher:
            warm = messages // 10
            _order(publisher, 0, warm, None)
            await_stored(conn, warm, _START_MS, poll_s=0.02)
            conn.execute("CHECKPOINT")
            peak = _at_full_speed(conn, ingest, publisher, warm, warm + messages)
            paced = min(messages // 2, int(_PACED_S * peak.messages_per_s / 2))
            delays = _at_half(conn, publisher, warm + messages, paced, peak.messages_per_s / 2)
            rss_mb = ingest.peak_rss_mb
        _check(conn, broker, load, warm + messages + paced)
        copy_per_s = raw_copy(conn, _START_MS + warm)
    return _figures(load, engine, peak, delays, rss_mb, copy_per_s)


def _at_full_speed(
    conn: psycopg.Connection, ingest: IngestProcess, publisher: "subprocess.Popen[str]", first: int, end: int
) -> Peak:
    cpu_before = ingest.cpu_s
    answer = _order(publisher, first, end, None)
    (*_, (visible_at, _)) = await_stored(conn, end, _START_MS, poll_s=_POLL_S)
    cpu_s = ingest.cpu_s - cpu_before
    seconds = visible_at - answer["instants"][0]
    busy_s = answer["ended"] - answer["instants"][0] - answer["waited_s"]
    return Peak((end - first) / seconds, cpu_s, busy_s / seconds)


def _at_half(
    conn: psycopg.Connection, publisher: "subprocess.Popen[str]", first: int, messages: int, per_s: float
) -> Delays:
    _send(publisher, first, first + messages, per_s)
    seen = await_stored(conn, first + messages, _START_MS, poll_s=_POLL_S)
    sent_at = np.array(_read(publisher)["instants"])
    looked_at, stored = np.array([at for at, _ in seen]), np.array([count for _, count in seen])
    visible_at = looked_at[np.searchsorted(stored, np.arange(first, first + messages), side="right")]
    p50, p99 = np.percentile((visible_at - sent_at) * 1000, [50, 99])
    return Delays(float(p50), float(p99), float(np.percentile(np.diff(looked_at), 99) * 1000))


def _check(conn: psycopg.Connection, broker: Broker, load: Load, messages: int) -> None:
    """Nothing lost, nothing double, nothing left unacknowledged."""
    row = conn.execute("SELECT count(*) FROM samples").fetchone()
    wanted = (messages + load.births) * load.metrics
    if row is None or row[0] != wanted:
        raise AssertionError(f"{row} samples are stored, not {wanted}; {messages_stored(conn, _START_MS)} messages")
    if load.qos and (left := unacknowledged(broker)):
        raise AssertionError(f"{left} messages were not acknowledged")


def _figures(load: Load, engine: str, peak: Peak, delays: Delays, rss_mb: float, copy_per_s: float) -> list[Figure]:
    scenario = load.name if engine == "postgres" else f"{load.name}-{engine}"
    samples_per_s = peak.messages_per_s * load.metrics
    per_million = peak.cpu_s / (_MESSAGES[load.metrics] * load.metrics / 1e6)
    ratio_target = 0.6 if load.metrics == 50 else None
    messages_target = 10_000.0 if load.metrics == 1 else None

    def figure(metric: str, value: float, unit: str, target: float | None = None, *, at_most: bool = False) -> Figure:
        return Figure(
            bench="ingest",
            scenario=scenario,
            metric=metric,
            value=value,
            unit=unit,
            target=target,
            at_most=at_most,
            controls={"copy_samples_per_s": copy_per_s} if metric == "ratio" else {},
        )

    return [
        figure("samples_per_s", samples_per_s, "samples/s"),
        figure("messages_per_s", peak.messages_per_s, "messages/s", messages_target),
        figure("ratio", samples_per_s / copy_per_s, "1", ratio_target),
        figure("cpu_s_per_million", per_million, "s"),
        figure("peak_rss_mb", rss_mb, "MB", 300, at_most=True),
        figure("p50_ms", delays.p50_ms, "ms"),
        figure("p99_ms", delays.p99_ms, "ms", 1000, at_most=True),
        figure("resolution_ms", delays.resolution_ms, "ms"),
        figure("publishing_share", peak.publishing_share, "1"),
    ]


@contextmanager
def _publisher(load: Load, broker: Broker, url: str, messages: int) -> Iterator["subprocess.Popen[str]"]:
    arguments = [str(broker.port), url, load.protocol, str(load.metrics), str(messages), str(_START_MS)]
    command = [sys.executable, "-m", "tests.bench.ingest_publisher", *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        _read(process)
        yield process
        process.communicate()


def _order(publisher: "subprocess.Popen[str]", first: int, end: int, per_s: float | None) -> Any:
    _send(publisher, first, end, per_s)
    return _read(publisher)


def _send(publisher: "subprocess.Popen[str]", first: int, end: int, per_s: float | None) -> None:
    if publisher.stdin is None:
        raise TypeError("the publisher has no stdin")
    publisher.stdin.write(json.dumps({"first": first, "end": end, "per_s": per_s}) + "\n")
    publisher.stdin.flush()


def _read(publisher: "subprocess.Popen[str]") -> Any:
    line = publisher.stdout.readline() if publisher.stdout is not None else ""
    if not line:
        raise RuntimeError("the publisher ended")
    return json.loads(line)


def main() -> None:
    """Run the scenarios asked for and report them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=sorted(SCENARIOS))
    parser.add_argument("--engine", choices=ENGINES, default=ENGINES[0])
    options = parser.parse_args()
    names = [options.only] if options.only else list(SCENARIOS)
    figures = [figure for name in names for figure in measured(SCENARIOS[name], options.engine)]
    report(figures)
    _say_who_was_slow(figures)


def _say_who_was_slow(figures: Sequence[Figure]) -> None:
    for figure in figures:
        if figure.metric == "publishing_share":
            verdict = "was the bottleneck" if figure.value > 0.95 else "was not the bottleneck"
            sys.stderr.write(
                f"{figure.scenario}: the publisher {verdict}: it was busy {figure.value:.0%} of the time\n"
            )


if __name__ == "__main__":
    main()
