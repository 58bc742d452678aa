"""Everything that a drill needs, running: PostgreSQL, mosquitto, ingest, publishers, and networks between them."""

import contextlib
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import psycopg

from shared.database import connect
from shared.migrations import migrate
from tests.drills import ledger, readings
from tests.drills.disks import Disk, mountable, small_disk
from tests.drills.processes import IngestProcess, PlantProcess
from tests.drills.proxy import Proxy
from tests.drills.server import PostgresServer
from tests.integration.ingest.rig import plant, publish
from tests.mosquitto import Broker

DATA_MB, WAL_MB, SPOOL_MB = 320, 160, 24
_PROBE = "bellwether/v1/probe/probe"
_PATIENCE_S = 60.0

_OURS = (
    "SELECT s.series_id, d.name, s.metric FROM series s JOIN devices d USING (device_id)"
    " JOIN sources o USING (source_id)"
    " WHERE o.topic_prefix LIKE 'bellwether/v1/drill' OR o.topic_prefix LIKE 'spBv1.0/drill/%'"
)
_COPY = (
    "COPY (SELECT series_id, (extract(epoch FROM observed_at) * 1000)::bigint, value FROM samples"
    " WHERE value IS NOT NULL) TO STDOUT (FORMAT BINARY)"
)
_ROW = np.dtype(
    [("fields", ">i2"), ("l1", ">i4"), ("series", ">i4"), ("l2", ">i4"), ("ms", ">i8"), ("l3", ">i4"), ("value", ">f8")]
)
_HEADER_BYTES, _TRAILER_BYTES = 19, 2


class Scene:
    """All of it; the drills' troubles act on its parts."""

    def __init__(self, directory: Path, say: Callable[[str], None], server_settings: Mapping[str, str]) -> None:
        self.directory = directory
        self.say = say
        self.first_ms = int(time.time() * 1000) - 5 * 86_400_000
        self.server = PostgresServer(directory / "postgres", server_settings)
        self.broker = Broker(directory / "mosquitto")
        self._broker_runs = False
        self.disks: dict[str, Disk] = {}
        self.ingests: list[IngestProcess] = []
        self.plants: list[PlantProcess] = []
        self.edges: list[PlantProcess] = []
        self.to_database: Proxy
        self.to_broker: Proxy
        self.to_plants: Proxy

    def add_ingest(self, **settings: str) -> IngestProcess:
        number = len(self.ingests)
        one = IngestProcess(
            self.directory / f"ingest-{number}",
            database_url=self.server.url(self.to_database.port),
            broker_url=f"mqtt://127.0.0.1:{self.to_broker.port}",
            broker_client_id=f"drill-{number}",
            **settings,
        )
        self.ingests.append(one)
        one.start()
        return one

    def add_plant(
        self, device: str, *, qos: int, rate: float, seed: int, metrics: int = readings.METRICS, twice: float = 0.02
    ) -> None:
        words = (qos, rate, metrics, self.first_ms, "LOG", seed, twice)
        self.plants.append(PlantProcess(self.directory, "tests.drills.plant", self.to_plants.port, device, *words))

    def add_edge(self, node: str, *, rate: float, metrics: int = readings.METRICS) -> PlantProcess:
        words = (rate, metrics, self.first_ms, "LOG")
        self.edges.append(PlantProcess(self.directory, "tests.drills.edge", self.to_plants.port, node, *words))
        return self.edges[-1]

    def connection(self) -> psycopg.Connection:
        return connect(self.server.url(), application="drill")

    def stored(self) -> dict[tuple[str, str], ledger.Row]:
        """All that the table holds of the drill's plants."""
        with self.connection() as conn:
            with conn.cursor() as cur, cur.copy(_COPY) as copy:
                raw = b"".join(copy)
            ours = conn.execute(_OURS).fetchall()
        rows = np.frombuffer(raw[_HEADER_BYTES:-_TRAILER_BYTES], _ROW)
        rows = rows[np.argsort(rows["series"], kind="stable")]
        past = rows["ms"].astype(np.int64) - self.first_ms
        numbers = np.where(past % readings.EVERY_MS == 0, past // readings.EVERY_MS, -1)
        found = {}
        for series, device, metric in ours:
            low, high = np.searchsorted(rows["series"], [series, series + 1])
            found[device, metric] = ledger.Row(numbers[low:high], rows["value"][low:high].astype(np.float64))
        return {key: row for key, row in found.items() if len(row.numbers)}

    def start_broker(self) -> None:
        self.broker.start()
        self._broker_runs = True

    def stop_broker(self) -> None:
        if self._broker_runs:
            self.broker.stop()
            self._broker_runs = False

    def recover(self) -> None:
        """Put everything right that may have been struck, and wait until the database answers."""
        for disk in self.disks.values():
            disk.release()
        for network in (self.to_database, self.to_broker, self.to_plants):
            network.mend()
        if not self._broker_runs:
            self.start_broker()
        for one in self.ingests:
            if one.process is None:
                one.start()
        self.server.await_ready()

    def keep(self) -> None:
        """What supervisors do: whoever ended by itself is started again."""
        for one in self.ingests:
            one.keep()

    def verdict(self, within_s: float) -> ledger.Verdict:
        """Whether everything that is acknowledged now is in the table before the time is over, and nothing else.

        Of an edge node that goes on, which nobody acknowledges anything to, something that it says from now on.
        """
        promised = {one.device: one.said().acknowledged for one in self.plants}
        newest = {one.device: max(one.said().sent, default=-1) for one in self.edges if not one.finished}
        deadline = time.monotonic() + within_s
        while True:
            self.keep()
            try:
                stored = self.stored()
            except (psycopg.Error, OSError):
                stored = {}
            said = {p.device: ledger.Said(p.said().sent, promised[p.device]) for p in self.plants}
            said |= {one.device: ledger.Said(one.said().sent, frozenset()) for one in self.edges}
            verdict = ledger.judge(said, stored)
            for device, number in newest.items():
                row = stored.get((device, "m0"))
                if row is None or row.numbers.max() <= number:
                    verdict.missing.append(f"{device}: nothing that it said after {number}")
            if verdict.good or time.monotonic() > deadline:
                return verdict
            time.sleep(0.3)

    def await_ingest(self) -> None:
        """Wait until what is published is stored, so that the broker keeps for ingest whatever comes from now on."""
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            with plant(self.broker.url) as probe:
                publish(probe, [(_PROBE, {"timestamp": time.time_ns() // 1_000_000, "values": {"x": 1}})])
            time.sleep(0.3)
            with self.connection() as conn:
                if conn.execute("SELECT 1 FROM sources WHERE topic_prefix = 'bellwether/v1/probe'").fetchone():
                    return
        raise TimeoutError("ingest stores nothing")


@contextmanager
def scene(say: Callable[[str], None], *, disks: bool | None = None, **server_settings: str) -> Iterator[Scene]:
    """A scene without ingest and plants yet; whatever happens, nothing of it is left afterwards."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bellwether-drill-")))
        directory.chmod(0o755)
        made = Scene(directory, say, server_settings)
        if mountable() if disks is None else disks:
            for name, path, size in (
                ("data", "postgres/data", DATA_MB),
                ("wal", "postgres/wal", WAL_MB),
                ("spool", "ingest-0/spool", SPOOL_MB),
            ):
                made.disks[name] = stack.enter_context(small_disk(directory / path, size))
        made.server.make()
        made.server.start()
        stack.callback(made.server.stop)
        migrate(made.server.url())
        (directory / "mosquitto").mkdir()
        made.start_broker()
        stack.callback(made.stop_broker)
        for name, port in (("to_database", made.server.port), ("to_broker", made.broker.port)):
            setattr(made, name, Proxy(port))
            stack.callback(getattr(made, name).close)
        made.to_plants = Proxy(made.broker.port)
        stack.callback(made.to_plants.close)
        stack.callback(_end_processes, made)
        yield made


def _end_processes(made: Scene) -> None:
    for one in (*made.plants, *made.edges):
        with contextlib.suppress(OSError):
            one.kill()
    for ingest in made.ingests:
        ingest.kill()
    for disk in made.disks.values():
        disk.release()
