"""The product without its plants: a database, a broker, and the services as processes."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from shared.database import connect
from shared.records import import_directory
from tests.mosquitto import Broker, running_broker

ROOT = Path(__file__).parents[2]


class Rig:
    """Services on one database and one broker; `directory` keeps their logs."""

    def __init__(self, database_url: str, broker: Broker, directory: Path) -> None:
        self.database_url = database_url
        self.broker = broker
        self._directory = directory
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {
            "BELLWETHER_DATABASE_URL": self.database_url,
            "BELLWETHER_BROKER_URL": self.broker.url,
            "BELLWETHER_HEALTH_INTERVAL_S": "0.5",
            # Samples are counted when all are there, some a year behind the newest.
            "BELLWETHER_HEALTH_KEEP_RAW_DAYS": "3660",
            "BELLWETHER_INGEST_SPOOL_DIRECTORY": str(self._directory / "spool"),
        }

    def start(self, service: str) -> None:
        began = datetime.now(UTC)
        with self.log_of(service).open("ab") as log:
            self._processes[service] = subprocess.Popen(
                [sys.executable, "-m", f"services.{service}"],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        if service == "ingest":
            listening = "SELECT 1 FROM ingest_sessions WHERE seen_at >= %s"
            self.wait_until(lambda: bool(self.rows(listening, began)), "ingest listens")

    def kill(self, service: str) -> None:
        """SIGKILL: no chance to say goodbye."""
        process = self._processes.pop(service)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def stop(self) -> None:
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            process.wait(timeout=60)
        self._processes.clear()

    def log_of(self, service: str) -> Path:
        return self._directory / f"{service}.log"

    def import_records(self, directory: Path) -> None:
        with connect(self.database_url, application="test") as conn:
            report = import_directory(conn, directory)
        assert not report.errors, report.errors

    def command(self, *arguments: str) -> subprocess.Popen[str]:
        """A `bellwether` command in the background."""
        return subprocess.Popen(
            [sys.executable, "-m", "deploy.cli", *arguments],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str) -> str:
        """Run a `bellwether` command to its end and return what it printed."""
        process = self.command(*arguments)
        output, _ = process.communicate(timeout=300)
        assert process.returncode == 0, output
        return output

    def rows(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database_url, options="-c timezone=UTC") as conn:
            return conn.execute(query, parameters).fetchall()

    def wait_until(self, condition: Callable[[], bool], what: str, within_s: float = 120.0) -> None:
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            if condition():
                return
            for service, process in self._processes.items():
                assert process.poll() is None, f"{service} died:\n{self.log_of(service).read_text()[-3000:]}"
            time.sleep(0.2)
        logs = {service: self.log_of(service).read_text()[-1500:] for service in self._processes}
        raise AssertionError(f"not within {within_s} s: {what}\n{logs}")

    def wait_until_stored(self, samples: int, within_s: float = 120.0) -> None:
        self.wait_until(lambda: self.stored() >= samples, f"{samples} samples stored", within_s)

    def stored(self) -> int:
        (count,) = self.rows("SELECT (SELECT count(*) FROM samples) + (SELECT count(*) FROM samples_text)")[0]
        return int(count)

    def wait_until_assessed(self, within_s: float = 700.0) -> None:
        """Nothing is left to roll up, and every customer heard of is assessed as far as its sources have spoken."""
        pending = """
            SELECT (SELECT count(*) FROM changed_ranges) + (SELECT count(*) FROM assessments_due)
                + (SELECT count(*) FROM (
                    SELECT customer_id FROM sources JOIN sites USING (site_id) WHERE observed_through IS NOT NULL
                    GROUP BY customer_id
                    EXCEPT SELECT customer_id FROM model_states JOIN (
                        SELECT customer_id, date_trunc('hour', min(observed_through)) AS through
                        FROM sources JOIN sites USING (site_id) WHERE observed_through IS NOT NULL GROUP BY customer_id
                    ) AS told USING (customer_id) WHERE assessed_through >= through) AS behind)
        """
        self.wait_until(lambda: self.rows(pending)[0][0] == 0, "everything assessed", within_s)


@contextmanager
def rig(database_url: str, directory: Path) -> Iterator[Rig]:
    """A rig with its own broker; what it started is stopped at the end."""
    with running_broker() as broker:
        one = Rig(database_url, broker, directory)
        try:
            yield one
        finally:
            one.stop()
