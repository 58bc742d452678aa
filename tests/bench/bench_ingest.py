"""How fast ingest stores, beside raw COPY of the same rows into the same table in the same run.

`python -m tests.bench.bench_ingest [--only SCENARIO]`: a real mosquitto, an embedded PostgreSQL that syncs to disk,
publisher, broker, database and ingest each in processes of their own on this machine.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import numpy as np
import paho.mqtt.client as mqtt
import psycopg
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from services.ingest.columns import SAMPLE_COLUMNS, Columns, samples_as_copy, selected
from tests.bench.figures import Figure, report
from tests.bench.ingest_publisher import DEVICES, METRICS, message
from tests.databases import Server, embedded_postgres
from tests.mosquitto import Broker, running_broker

_WARM_UP = 40 * DEVICES
_COPY_ROWS = 20_000
_CLIENT = "bench"
_COPY = f"COPY samples ({SAMPLE_COLUMNS}) FROM STDIN (FORMAT BINARY)"
_STORED_WITHIN_S = 180.0


def json_50_qos1(messages: int) -> list[Figure]:
    """50 metrics a message at QoS 1, JSON."""
    with _bench_database() as url, running_broker() as broker, psycopg.connect(url, autocommit=True) as conn:
        start = int(datetime(2026, 6, 1, tzinfo=UTC).timestamp() * 1000)
        with _ingest(url, broker):
            _published(broker, _WARM_UP, start)
            _await_stored(conn, _WARM_UP - 1, start)
            conn.execute("TRUNCATE samples, changed_ranges")
            conn.execute("CHECKPOINT")
            first = start + 86_400_000
            began, ended = _published(broker, messages, first)
            _await_stored(conn, messages - 1, first)
            seconds = time.time() - began
        _check(conn, broker, messages * METRICS)
        copy_per_s = _raw_copy(conn)
    samples_per_s = messages * METRICS / seconds
    publishing = (ended - began) / seconds
    return [
        _figure("samples_per_s", samples_per_s, "samples/s", controls={"copy_samples_per_s": copy_per_s}),
        _figure("copy_samples_per_s", copy_per_s, "samples/s"),
        _figure("ratio", samples_per_s / copy_per_s, "1", target=0.4),
        _figure("messages_per_s", messages / seconds, "messages/s"),
        _figure("publishing_share", publishing, "1"),
    ]


SCENARIOS = {"json-50-qos1": json_50_qos1}


def main() -> None:
    """Run the scenarios asked for and report them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=sorted(SCENARIOS))
    parser.add_argument("--messages", type=int, default=30_000)
    options = parser.parse_args()
    figures = [
        figure
        for name, scenario in SCENARIOS.items()
        if options.only in (None, name)
        for figure in scenario(options.messages)
    ]
    report(figures)
    shares = {figure.scenario: figure.value for figure in figures if figure.metric == "publishing_share"}
    for scenario, share in shares.items():
        bottleneck = "was the bottleneck" if share > 0.95 else "was not the bottleneck"
        sys.stderr.write(f"{scenario}: the publisher {bottleneck}: it was busy {share:.0%} of the time\n")


def _figure(metric: str, value: float, unit: str, **more: object) -> Figure:
    return Figure(bench="ingest", scenario="json-50-qos1", metric=metric, value=value, unit=unit, **more)  # type: ignore[arg-type]


@contextmanager
def _bench_database() -> Iterator[str]:
    """A migrated database on a server that syncs to disk, as one in production does."""
    with embedded_postgres() as url:
        with psycopg.connect(url, autocommit=True) as conn:
            for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                conn.execute(f"ALTER SYSTEM RESET {setting}")
            conn.execute("ALTER SYSTEM SET max_wal_size = '8GB'")
            conn.execute("SELECT pg_reload_conf()")
        server = Server(url)
        yield server.url_of(server.migrated())


@contextmanager
def _ingest(url: str, broker: Broker) -> Iterator[None]:
    environment = {
        **os.environ,
        "BELLWETHER_DATABASE_URL": url,
        "BELLWETHER_BROKER_URL": broker.url,
        "BELLWETHER_BROKER_CLIENT_ID": _CLIENT,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "services.ingest"], env=environment, stderr=subprocess.PIPE, text=True
    )
    if process.stderr is None:
        raise TypeError("the process has no stderr")
    for line in process.stderr:
        if "connected to the broker" in line and "ingest" in json.loads(line)["connection"]:
            break
    time.sleep(1)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=20)


def _published(broker: Broker, messages: int, first_ms: int) -> tuple[float, float]:
    """Publish from a process of its own; when it began and ended, wall time."""
    command = [sys.executable, "-m", "tests.bench.ingest_publisher", str(broker.port), str(messages), str(first_ms)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        if process.stdin is None or process.stdout is None:
            raise TypeError("the process has no pipes")
        process.stdout.readline()
        process.stdin.write("go\n")
        process.stdin.flush()
        times = json.loads(process.stdout.readline())
    return times["began"], times["ended"]


def _await_stored(conn: psycopg.Connection, number: int, first_ms: int) -> None:
    """Wait until the message of that number is committed: messages are stored in the order they were sent."""
    topic, body = message(number, first_ms)
    deadline = time.monotonic() + _STORED_WITHIN_S
    while time.monotonic() < deadline:
        found = conn.execute(
            "SELECT 1 FROM samples JOIN series USING (series_id) JOIN devices USING (device_id)"
            " WHERE name = %s AND metric = 'metric_00' AND observed_at = to_timestamp(%s)",
            [topic.rsplit("/", 1)[-1], int(str(body["timestamp"])) / 1000],
        ).fetchone()
        if found is not None:
            return
        time.sleep(0.02)
    raise TimeoutError(f"message {number} is not stored after {_STORED_WITHIN_S:.0f} s")


def _check(conn: psycopg.Connection, broker: Broker, samples: int) -> None:
    """Nothing lost, nothing double, nothing left unacknowledged."""
    row = conn.execute("SELECT count(*) FROM samples").fetchone()
    if row is None or row[0] != samples:
        raise AssertionError(f"{row} samples are stored, not {samples}")
    left = []
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2, client_id=f"{_CLIENT}-ingest", protocol=MQTTProtocolVersion.MQTTv5
    )
    client.on_message = lambda _client, _data, received: left.append(received.mid)
    properties = Properties(PacketTypes.CONNECT)
    client.connect("127.0.0.1", broker.port, clean_start=False, properties=properties)
    client.loop_start()
    time.sleep(1)
    client.disconnect()
    client.loop_stop()
    if left:
        raise AssertionError(f"{len(left)} messages were not acknowledged")


def _raw_copy(conn: psycopg.Connection) -> float:
    """Rows a second of binary COPY of the rows that are stored, in the same order, the best of two runs."""
    batches = [samples_as_copy(columns) for columns in _stored(conn)]
    rows = _count(conn)
    best = 0.0
    for _ in range(2):
        conn.execute("TRUNCATE samples")
        conn.execute("CHECKPOINT")
        began = time.perf_counter()
        for batch in batches:
            with conn.transaction(), conn.cursor() as cur, cur.copy(_COPY) as copy:
                copy.write(batch)
        best = max(best, rows / (time.perf_counter() - began))
    return best


def _count(conn: psycopg.Connection) -> int:
    row = conn.execute("SELECT count(*) FROM samples").fetchone()
    return int(row[0]) if row else 0


def _stored(conn: psycopg.Connection) -> Iterator[Columns]:
    rows = conn.execute(
        "SELECT series_id, (extract(epoch FROM observed_at) * 1e6)::bigint,"
        " (extract(epoch FROM received_at) * 1e6)::bigint, value, quality, historical FROM samples ORDER BY ctid"
    ).fetchall()
    columns = Columns(
        *(
            np.array(column, kind)
            for column, kind in zip(
                zip(*rows, strict=True), (np.int32, np.int64, np.int64, np.float64, np.int16, np.bool_), strict=True
            )
        )
    )
    for start in range(0, len(rows), _COPY_ROWS):
        yield selected(columns, np.arange(start, min(start + _COPY_ROWS, len(rows))))


if __name__ == "__main__":
    main()
