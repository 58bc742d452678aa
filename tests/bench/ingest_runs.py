"""The runs that give the figures: at full speed, at half of that, and after an absence."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import NamedTuple

import numpy as np
import psycopg

from tests.bench.database import bench_database
from tests.bench.ingest_load import Load
from tests.bench.ingest_process import IngestProcess, running_ingest, unacknowledged
from tests.bench.ingest_publishing import PublisherProcess, publisher
from tests.bench.ingest_stored import await_stored, messages_stored, raw_copy
from tests.mosquitto import Broker, running_broker

_START_MS = int(datetime(2026, 6, 1, tzinfo=UTC).timestamp() * 1000)
_POLL_S = 0.002
_PACED_S = 6.0


class Peak(NamedTuple):
    """A run at full speed: what it took, and how much of the time the publisher was busy."""

    messages_per_s: float
    cpu_s: float
    publishing_share: float


class Delays(NamedTuple):
    """From the publish of a message to its visibility in the database, in ms; `resolution_ms` of that measurement."""

    p50_ms: float
    p99_ms: float
    resolution_ms: float


class Run(NamedTuple):
    """What one run measured. copy_per_s: rows of raw COPY a second."""

    peak: Peak
    delays: Delays
    peak_rss_mb: float
    copy_per_s: float


class Caught(NamedTuple):
    """What catching up took."""

    messages_per_s: float
    peak_rss_mb: float


def run(load: Load, engine: str, messages: int) -> Run:
    """Full speed, then half of it, then COPY of the same rows on the machine that is now idle."""
    with _stage(engine) as (url, broker, conn):
        with (
            running_ingest(url, broker) as ingest,
            publisher(load, broker, url, 8 * messages // 5, _START_MS) as plant,
        ):
            warm = messages // 10
            plant.publish(0, warm, window=load.window)
            await_stored(conn, warm, _START_MS, poll_s=_POLL_S)
            conn.execute("CHECKPOINT")
            peak = _at_full_speed(conn, ingest, plant, load, warm, warm + messages)
            paced = min(messages // 2, int(_PACED_S * peak.messages_per_s / 2))
            delays = _at_half(conn, plant, warm + messages, paced, peak.messages_per_s / 2)
            peak_rss_mb = ingest.peak_rss_mb
        _check(conn, broker, load, warm + messages + paced)
        return Run(peak, delays, peak_rss_mb, raw_copy(conn, _START_MS + warm))


def catch_up(load: Load, engine: str, messages: int) -> Caught:
    """Ingest finds so many messages at the broker, which kept them for its session."""
    with _stage(engine) as (url, broker, conn), publisher(load, broker, url, messages, _START_MS) as plant:
        with running_ingest(url, broker):
            pass
        plant.publish(0, messages, window=messages)
        with running_ingest(url, broker) as ingest:
            seen = await_stored(conn, messages, _START_MS, poll_s=_POLL_S)
            began_at, _ = next(look for look in seen if look[1] > 0)
            peak_rss_mb = ingest.peak_rss_mb
        _check(conn, broker, load, messages)
        return Caught(messages / (seen[-1][0] - began_at), peak_rss_mb)


@contextmanager
def _stage(engine: str) -> Iterator[tuple[str, Broker, psycopg.Connection]]:
    with (
        bench_database(engine) as url,
        running_broker() as broker,
        psycopg.connect(url, autocommit=True) as conn,
    ):
        yield url, broker, conn


def _at_full_speed(
    conn: psycopg.Connection, ingest: IngestProcess, plant: PublisherProcess, load: Load, first: int, end: int
) -> Peak:
    cpu_before = ingest.cpu_s
    published = plant.publish(first, end, window=load.window)
    (*_, (visible_at, _)) = await_stored(conn, end, _START_MS, poll_s=_POLL_S)
    cpu_s = ingest.cpu_s - cpu_before
    began_at = published.instants[0]
    busy_s = published.ended - began_at - published.waited_s
    return Peak((end - first) / (visible_at - began_at), cpu_s, busy_s / (visible_at - began_at))


def _at_half(conn: psycopg.Connection, plant: PublisherProcess, first: int, messages: int, per_s: float) -> Delays:
    plant.begin(first, first + messages, per_s=per_s)
    seen = await_stored(conn, first + messages, _START_MS, poll_s=_POLL_S)
    sent_at = np.array(plant.result().instants)
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
