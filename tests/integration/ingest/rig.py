"""Ingest as a process of its own, and plants that publish to it."""

import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import paho.mqtt.client as mqtt
import psycopg
from prometheus_client.parser import text_string_to_metric_families

from deploy.local.ports import free_port
from shared.mqtt import publishing
from shared.settings import BrokerSettings

_PATIENCE_S = 40.0


class IngestProcess:
    """`python -m services.ingest` on one database and one broker, with a spool and a log in `directory`."""

    def __init__(self, database_url: str, broker_url: str, directory: Path, **settings: str) -> None:
        self.spool = directory / "spool" / "sparkplug.sqlite3"
        self._log = directory / "log"
        self._metrics_port = free_port()
        self._environment = {
            **os.environ,
            "BELLWETHER_DATABASE_URL": database_url,
            "BELLWETHER_BROKER_URL": broker_url,
            "BELLWETHER_INGEST_SPOOL_DIRECTORY": str(self.spool.parent),
            "BELLWETHER_INGEST_METRICS_PORT": str(self._metrics_port),
            **{f"BELLWETHER_{name.upper()}": value for name, value in settings.items()},
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *connections: str) -> None:
        """Start it and wait until it is subscribed, so that the broker keeps what is published from now on.

        connections: those to wait for; by default both that a process has which is host.
        """
        before = len(self.events())
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "services.ingest"], env=self._environment, stderr=log
            )
        wanted = set(connections or ("ingest", "host"))

        def subscribed() -> bool:
            assert self._process is not None
            assert self._process.poll() is None, self._log.read_text()[-3000:]
            new = self.events()[before:]
            return wanted <= {event["connection"] for event in new if event["event"] == "subscribed"}

        until(subscribed)

    def events(self) -> list[dict[str, Any]]:
        """What it has logged since it was first started."""
        if not self._log.exists():
            return []
        return [json.loads(line) for line in self._log.read_text().splitlines() if line.startswith("{")]

    def told(self, event: str) -> bool:
        """Whether it has logged this."""
        return any(told["event"] == event for told in self.events())

    def metric(self, name: str, **labels: str) -> float:
        """What /metrics says now; NaN where it does not have it."""
        answer = httpx.get(f"http://127.0.0.1:{self._metrics_port}/metrics", timeout=10)
        for family in text_string_to_metric_families(answer.text):
            for sample in family.samples:
                if sample.name == name and sample.labels == labels:
                    return float(sample.value)
        return math.nan

    def kill(self) -> None:
        """SIGKILL."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """SIGTERM; its exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, number: int) -> int:
        assert self._process is not None
        self._process.send_signal(number)
        code = self._process.wait(timeout=20)
        self._process = None
        return code

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None


@contextmanager
def ingest_process(database_url: str, broker_url: str, **settings: str) -> Iterator[IngestProcess]:
    """One that is not started yet; gone afterwards, with its spool."""
    with tempfile.TemporaryDirectory(prefix="bellwether-ingest-") as directory:
        process = IngestProcess(database_url, broker_url, Path(directory), **settings)
        try:
            yield process
        finally:
            if process.running:
                process.kill()


@contextmanager
def running_ingest(database_url: str, broker_url: str, **settings: str) -> Iterator[IngestProcess]:
    with ingest_process(database_url, broker_url, **settings) as process:
        process.start()
        yield process


@contextmanager
def plant(broker_url: str, **settings: Any) -> Iterator[mqtt.Client]:
    """A connected client to publish with."""
    with publishing(
        BrokerSettings(broker_url=broker_url, broker_mqtt_version="3.1.1", **settings), in_flight=200
    ) as it:
        yield it


def publish(client: mqtt.Client, messages: Iterable[tuple[str, object]], *, qos: int = 1) -> None:
    """Publish and wait until the broker has everything."""
    sent = [
        client.publish(topic, body if isinstance(body, bytes) else json.dumps(body), qos=qos)
        for topic, body in messages
    ]
    for message in sent:
        message.wait_for_publish(_PATIENCE_S)


def eventually(conn: psycopg.Connection, query: str, expected: object) -> None:
    """Wait until the query's one value is `expected`; fail with what it was instead."""
    deadline = time.monotonic() + _PATIENCE_S
    while (found := value(conn, query)) != expected and time.monotonic() < deadline:
        time.sleep(0.05)
    assert found == expected


def value(conn: psycopg.Connection, query: str) -> object:
    row = conn.execute(query).fetchone()
    conn.commit()
    return None if row is None else row[0]


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert condition()
