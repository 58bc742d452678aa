"""Ingest as a process of its own, and what the kernel says that it took; Linux only."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import paho.mqtt.client as mqtt
import psycopg
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.reasoncodes import ReasonCode

from tests.mosquitto import Broker
from tests.process_memory import peak_rss_mb

_CLIENT = "bench"
_LISTENING_WITHIN_S = 30.0


class IngestProcess:
    """A running ingest. CPU and memory are those of the whole process."""

    def __init__(self, pid: int) -> None:
        self._pid = pid

    @property
    def cpu_s(self) -> float:
        """User and system seconds since its start."""
        fields = Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def peak_rss_mb(self) -> float:
        """The most memory that it has had resident, in 10^6 bytes."""
        return peak_rss_mb(self._pid)


@contextmanager
def running_ingest(url: str, broker: Broker) -> Iterator[IngestProcess]:
    """Ingest that has its subscriptions; stopped by SIGTERM afterwards."""
    with tempfile.TemporaryDirectory(prefix="bellwether-bench-") as directory, tempfile.TemporaryFile() as output:
        environment = {
            **os.environ,
            "BELLWETHER_DATABASE_URL": url,
            "BELLWETHER_BROKER_URL": broker.url,
            "BELLWETHER_BROKER_CLIENT_ID": _CLIENT,
            "BELLWETHER_INGEST_SPOOL_DIRECTORY": directory,
        }
        process = subprocess.Popen([sys.executable, "-m", "services.ingest"], env=environment, stderr=output)
        try:
            _await_listening(url, process)
            yield IngestProcess(process.pid)
        except BaseException:
            output.seek(0)
            sys.stderr.write(output.read().decode()[-4000:])
            raise
        finally:
            process.terminate()
            process.wait(timeout=30)


def _await_listening(url: str, process: "subprocess.Popen[bytes]") -> None:
    """Ingest notes a session in the database once the broker has granted its subscriptions."""
    began, deadline = datetime.now(UTC), time.monotonic() + _LISTENING_WITHIN_S
    with psycopg.connect(url, autocommit=True) as conn:
        while time.monotonic() < deadline and process.poll() is None:
            if conn.execute("SELECT 1 FROM ingest_sessions WHERE started_at >= %s", [began]).fetchone():
                return
            time.sleep(0.05)
    raise TimeoutError("ingest does not listen")


def unacknowledged(broker: Broker) -> int:
    """How many messages the broker still owes the session that ingest left behind."""
    owed: list[int] = []
    found: list[bool] = []

    def on_connect(
        _client: mqtt.Client, _data: object, flags: mqtt.ConnectFlags, _reason: ReasonCode, _properties: object
    ) -> None:
        found.append(flags.session_present)

    client = mqtt.Client(
        CallbackAPIVersion.VERSION2, client_id=f"{_CLIENT}-ingest", protocol=MQTTProtocolVersion.MQTTv5
    )
    client.on_connect = on_connect
    client.on_message = lambda _client, _data, message: owed.append(message.mid)
    client.connect("127.0.0.1", broker.port, clean_start=False)
    client.loop_start()
    time.sleep(1)
    client.disconnect()
    client.loop_stop()
    if found != [True]:
        raise AssertionError("ingest left no session behind")
    return len(owed)
