"""Sparkplug while the database is away: what reached us waits on disk, comes in order, and is stored once."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import psycopg
import pytest

from shared.migrations import migrate
from shared.sparkplug import DataType, Metric, next_seq, node_birth, parse_state, payload, topic
from tests.drills.disks import mountable, small_disk
from tests.drills.proxy import Proxy
from tests.drills.server import PostgresServer
from tests.integration.ingest.rig import (
    IngestProcess,
    eventually,
    ingest_process,
    plant,
    publish,
    running_ingest,
    until,
)
from tests.mosquitto import Broker

pytestmark = pytest.mark.needs_broker

STATE = "spBv1.0/STATE/bellwether"
_NUMBERS = "SELECT count(*) FROM samples JOIN series USING (series_id) WHERE metric = 'n' AND value > 0"
_SUM = "SELECT sum(value)::bigint FROM samples JOIN series USING (series_id) WHERE metric = 'n'"
_IN_ORDER = """
    SELECT coalesce(bool_and(range_from > before), true) FROM (
        SELECT range_from, lag(range_through) OVER (PARTITION BY series_id ORDER BY change_id) AS before
        FROM changed_ranges JOIN series USING (series_id) WHERE metric = 'n'
    ) AS steps
"""


class Node:
    """An edge node whose one metric counts its messages: 1, 2, 3. `noise` random values more make them greater."""

    def __init__(self, broker_url: str, edge: str = "edge", *, noise: int = 0) -> None:
        self._plant = plant(broker_url)
        self.client = self._plant.__enter__()
        self._edge = edge
        self._noise = noise
        self._seq = 0
        self._random = np.random.default_rng(1)
        self.count = 0

    def close(self) -> None:
        self._plant.__exit__(None, None, None)

    def bear(self) -> None:
        """NBIRTH."""
        self._seq = 0
        metrics = [Metric(name="n", alias=1, datatype=DataType.DOUBLE, value=0.0)]
        metrics += [Metric(name=f"x{n}", alias=2 + n, datatype=DataType.DOUBLE, value=0.0) for n in range(self._noise)]
        body = node_birth(metrics, bd_seq=0, timestamp_ms=self._now_ms() + 500)
        publish(self.client, [(topic("g", "NBIRTH", self._edge), body)], qos=0)

    def say(self, messages: int = 1) -> None:
        """NDATA, so many, one second after another by the node's clock."""
        publish(self.client, [self._next() for _ in range(messages)], qos=0)

    def lose_one(self) -> None:
        """A message is lost on the way, so that those after it wait for it."""
        self._seq = next_seq(self._seq)

    def _next(self) -> tuple[str, bytes]:
        self.count += 1
        self._seq = next_seq(self._seq)
        metrics = [Metric(alias=1, datatype=DataType.DOUBLE, value=float(self.count))]
        metrics += [
            Metric(alias=2 + n, datatype=DataType.DOUBLE, value=value)
            for n, value in enumerate(self._random.normal(size=self._noise).tolist())
        ]
        return topic("g", "NDATA", self._edge), payload(metrics, timestamp_ms=self._now_ms(), seq=self._seq)

    def _now_ms(self) -> int:
        return 1_780_000_000_000 + 1000 * self.count


@contextmanager
def node(broker: Broker, edge: str = "edge", *, noise: int = 0) -> Iterator[Node]:
    one = Node(broker.url, edge, noise=noise)
    one.bear()
    try:
        yield one
    finally:
        one.close()


@contextmanager
def talking(one: Node, messages: int = 20, every_s: float = 0.05) -> Iterator[None]:
    """The node goes on all the while."""
    ending = threading.Event()

    def talk() -> None:
        while not ending.wait(every_s):
            one.say(messages)

    thread = threading.Thread(target=talk)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PostgresServer]:
    """A PostgreSQL of the test's own, to be killed; with our schema."""
    tmp_path.chmod(0o755)
    made = PostgresServer(tmp_path / "postgres", {})
    made.make()
    made.start()
    migrate(made.url())
    yield made
    made.stop()


def hears_all(server: PostgresServer, *nodes: Node) -> None:
    """Everything that the nodes said is stored, once, and in the order in which they said it."""
    with psycopg.connect(server.url()) as conn:
        eventually(conn, _NUMBERS, sum(one.count for one in nodes))
        eventually(conn, _SUM, sum(one.count * (one.count + 1) // 2 for one in nodes))
        eventually(conn, _IN_ORDER, True)


def spooled(ingest: IngestProcess) -> float:
    return ingest.metric("bellwether_ingest_spool_messages")


def received(ingest: IngestProcess) -> float:
    return ingest.metric("bellwether_ingest_received_total", lane="sparkplug")


def stored(server: PostgresServer) -> int:
    with psycopg.connect(server.url()) as conn:
        return int(conn.execute(_NUMBERS).fetchone()[0])  # type: ignore[index]


@pytest.mark.slow
def test_a_database_that_is_killed_in_mid_stream_costs_nothing(server, broker):
    with running_ingest(server.url(), broker.url) as ingest:
        with node(broker) as machine:
            with talking(machine):
                until(lambda: stored(server) > 100)
                server.kill()
                until(lambda: spooled(ingest) > 1000)
                assert ingest.metric("bellwether_ingest_host_online") == 1
                server.start()
                until(lambda: spooled(ingest) == 0)
            hears_all(server, machine)
        assert ingest.stop() == 0


@pytest.mark.slow
def test_ingest_killed_and_started_without_a_database_goes_on_where_it_was(server, broker):
    with ingest_process(server.url(), broker.url) as ingest, node(broker) as machine:
        ingest.start()
        machine.bear()
        machine.say(100)
        until(lambda: stored(server) == 100)
        server.kill()
        machine.say(100)
        until(lambda: spooled(ingest) >= 100)
        ingest.kill()
        ingest.start("sparkplug")
        machine.bear()
        machine.say(50)
        until(lambda: spooled(ingest) >= 150)
        assert ingest.metric("bellwether_ingest_host_online") == 0
        server.start()
        hears_all(server, machine)
        until(lambda: ingest.metric("bellwether_ingest_host_online") == 1)


@pytest.mark.slow
def test_stopped_without_a_database_ingest_spools_what_it_holds_and_messages_out_of_order_too(server, broker):
    with ingest_process(server.url(), broker.url, ingest_reorder_timeout_s="600") as ingest, node(broker) as machine:
        ingest.start()
        machine.bear()
        machine.say()
        until(lambda: stored(server) == 1)
        server.kill()
        machine.say(10)
        machine._seq = next_seq(machine._seq)
        machine.say(10)
        until(lambda: spooled(ingest) >= 10)
        assert ingest.stop() == 0
        server.start()
        ingest.start()
        hears_all(server, machine)


@pytest.mark.slow
def test_a_network_that_swallows_everything_does_not_hold_up_the_stop(server, broker):
    to_broker, to_database = Proxy(broker.port), Proxy(server.port)
    with (
        closing(to_broker),
        closing(to_database),
        ingest_process(
            server.url(to_database.port), f"mqtt://127.0.0.1:{to_broker.port}", ingest_reorder_timeout_s="600"
        ) as ingest,
        node(broker) as machine,
    ):
        ingest.start()
        machine.bear()
        machine.say()
        until(lambda: stored(server) == 1)
        to_database.stall()
        machine.say(10)
        machine.lose_one()
        machine.say(10)
        until(lambda: received(ingest) == 22)
        to_broker.stall()
        ingest.stop()
        to_database.mend()
        to_broker.mend()
        ingest.start()
        hears_all(server, machine)


@pytest.mark.slow
def test_a_host_says_goodbye_only_near_the_bound_and_comes_back_when_half_is_drained(server, broker):
    """One node has us as its primary host and is silent while we are offline; another does not care."""
    states: list[bool] = []
    with (
        running_ingest(server.url(), broker.url, ingest_spool_limit_mb="1") as ingest,
        node(broker, "faithful", noise=200) as faithful,
        node(broker, "careless", noise=20) as careless,
    ):
        faithful.client.on_message = lambda _c, _d, m: states.append(parse_state(m.payload)[0])  # type: ignore[index]
        faithful.client.subscribe(STATE, qos=1)
        until(lambda: states == [True])
        faithful.say()
        careless.say()
        until(lambda: stored(server) == 2)
        server.kill()
        while states == [True]:
            faithful.say(10)
            until(lambda: spooled(ingest) >= faithful.count - 1 or states != [True])
        assert states == [True, False]
        assert 750_000 < ingest.metric("bellwether_ingest_spool_bytes") < 1_000_000
        careless.say(20)
        until(lambda: spooled(ingest) >= faithful.count + careless.count - 2)
        server.start()
        until(lambda: states == [True, False, True])
        faithful.bear()
        faithful.say(10)
        careless.say(10)
        hears_all(server, faithful, careless)
        assert ingest.metric("bellwether_ingest_spool_refused_total") == 0
        assert not ingest.told("the spool is full and Sparkplug messages are lost")


@pytest.mark.slow
def test_at_the_bound_the_newest_is_lost_loudly_and_the_rest_is_not(server, broker):
    with (
        running_ingest(server.url(), broker.url, ingest_spool_limit_mb="1") as ingest,
        node(broker, noise=500) as machine,
    ):
        machine.say()
        until(lambda: stored(server) == 1)
        server.kill()
        while not ingest.told("the spool is full and Sparkplug messages are lost"):
            machine.say(10)
        until(lambda: ingest.metric("bellwether_ingest_spool_refused_total") > 0)
        kept = ingest.metric("bellwether_ingest_spool_messages")
        assert kept > 50
        server.start()
        until(lambda: spooled(ingest) == 0)
        lost = ingest.metric("bellwether_ingest_spool_refused_total")
        with psycopg.connect(server.url()) as conn:
            eventually(conn, _NUMBERS, machine.count - lost)
        assert stored(server) >= kept


@pytest.mark.slow
def test_a_full_disk_is_told_and_over_once_there_is_room(server, broker, tmp_path):
    if not mountable():
        pytest.skip("no disk of a size of its own can be mounted here; root can")
    with (
        small_disk(tmp_path / "disk", 8) as disk,
        running_ingest(server.url(), broker.url, ingest_spool_directory=str(disk.path / "spool")) as ingest,
        node(broker, noise=500) as machine,
    ):
        machine.say()
        until(lambda: stored(server) == 1)
        server.kill()
        machine.say(50)
        until(lambda: spooled(ingest) >= 50)
        disk.fill()
        while not ingest.told("the spool is full and Sparkplug messages are lost"):
            machine.say(10)
        disk.release()
        refused = ingest.metric("bellwether_ingest_spool_refused_total")
        until(lambda: machine.say() or spooled(ingest) > 50)
        server.start()
        until(lambda: spooled(ingest) == 0)
        assert refused > 0
        with psycopg.connect(server.url()) as conn:
            eventually(conn, _NUMBERS, machine.count - ingest.metric("bellwether_ingest_spool_refused_total"))


def test_a_connection_that_is_lost_while_nodes_are_called_is_opened_again(database_url, conn, broker):
    with running_ingest(database_url, broker.url) as ingest, node(broker) as one:
        one.say()
        eventually(conn, _SUM, 1)
        broker.stop()
        conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'bellwether-ingest-sparkplug' AND datname = current_database()"
        )
        conn.commit()
        broker.start()
        until(lambda: [told["event"] for told in ingest.events()].count("online as Sparkplug host") == 2)
        until(one.client.is_connected)
        one.bear()
        one.say()
        eventually(conn, _SUM, 3)
