"""One of several processes is the Sparkplug host: who, who follows, and what only that one does."""

import threading
import time

import pytest

from services.ingest.store.lease import Lease, claim, release
from shared.database import connect
from shared.sparkplug import parse_state
from tests.databases import wait_until_blocked
from tests.integration.ingest.rig import IngestProcess, eventually, ingest_process, plant, running_ingest, until, value
from tests.mosquitto import Broker
from tests.sparkplug_edge import EdgeNode, running_edge

pytestmark = pytest.mark.needs_broker

STATE = "spBv1.0/STATE/bellwether"
_NOW_MS = 1_780_000_000_000
_FLOWS = "SELECT count(*) FROM samples JOIN series USING (series_id) WHERE metric = 'flow' AND value > 0"
_TAKEN_OVER_WITHIN_S = 30.0


@pytest.fixture
def other(database_url):
    with connect(database_url, application="test") as connection:
        connection.autocommit = True
        yield connection


def test_only_one_has_it_and_keeps_it_by_asking_again(conn, other):
    conn.autocommit = True
    assert claim(conn, "host", "one")
    assert not claim(other, "host", "two")
    assert claim(conn, "host", "one")
    assert claim(other, "another host", "two")


def test_it_can_be_had_once_it_has_run_out_by_the_databases_clock(conn, other):
    conn.autocommit = True
    claim(conn, "host", "one")
    conn.execute("UPDATE ingest_leases SET expires_at = clock_timestamp() - interval '1 ms'")
    assert claim(other, "host", "two")
    assert not claim(conn, "host", "one")


def test_it_can_be_had_at_once_when_it_was_given_back_but_only_by_its_holder(conn, other):
    conn.autocommit = True
    claim(conn, "host", "one")
    release(other, "host", "two")
    assert not claim(other, "host", "two")
    release(conn, "host", "one")
    assert claim(other, "host", "two")


def test_of_two_that_ask_at_the_same_moment_one_gets_it(conn, other, database_url):
    claim(conn, "host", "one")
    answers: list[bool] = []
    asking = threading.Thread(target=lambda: answers.append(claim(other, "host", "two")))
    asking.start()
    wait_until_blocked(database_url, other, unless=lambda: answers != [])
    conn.commit()
    asking.join()
    assert answers == [False]


def test_while_the_database_is_away_what_was_known_last_holds():
    lease = Lease("postgresql://nobody@127.0.0.1:1/nowhere", name="host", holder="one")
    lease.renew()
    assert lease.held is None
    lease.held = True
    lease.renew()
    assert lease.held is True


def online(ingest: IngestProcess) -> bool:
    return ingest.metric("bellwether_ingest_host_online") == 1


def _two(database_url: str, broker: Broker):
    return (
        ingest_process(database_url, broker.url, broker_client_id="one"),
        ingest_process(database_url, broker.url, broker_client_id="two"),
    )


@pytest.mark.slow
def test_a_standby_follows_a_host_that_was_killed_within_thirty_seconds_and_asks_all_nodes(database_url, conn, broker):
    first, second = _two(database_url, broker)
    with first as one, second as two, running_edge(broker.url, EdgeNode(_NOW_MS)) as edge:
        one.start()
        two.start("ingest")
        edge.publish([*edge.edge.birth(), edge.edge.data("pump", 1.0)])
        eventually(conn, _FLOWS, 1)
        assert (online(one), online(two)) == (True, False)
        assert value(conn, "SELECT holder FROM ingest_leases") == "one"
        while not edge.commands.empty():
            edge.commands.get()
        killed_at = time.monotonic()
        one.kill()
        until(lambda: online(two))
        assert time.monotonic() - killed_at < _TAKEN_OVER_WITHIN_S
        command, metric = edge.commands.get(timeout=_TAKEN_OVER_WITHIN_S)
        assert (command.topic, command.qos, command.retain, metric) == (
            "spBv1.0/g/NCMD/edge",
            0,
            False,
            "Node Control/Rebirth",
        )
        edge.publish([edge.edge.data("pump", 2.0)])
        eventually(conn, _FLOWS, 2)
        one.start("ingest")
        time.sleep(1)
        assert (online(one), online(two)) == (False, True)


def test_a_host_that_is_stopped_makes_room_at_once(database_url, conn, broker):
    states: list[bool] = []
    first, second = _two(database_url, broker)
    with first as one, second as two, plant(broker.url) as watcher:
        one.start()
        two.start("ingest")
        watcher.on_message = lambda _c, _d, m: states.append(parse_state(m.payload)[0])
        watcher.subscribe(STATE, qos=1)
        until(lambda: states == [True])
        assert one.stop() == 0
        until(lambda: states == [True, False, True])
        assert value(conn, "SELECT holder FROM ingest_leases") == "two"


def test_a_host_that_finds_another_name_in_the_row_steps_down(database_url, conn, broker):
    with running_ingest(database_url, broker.url) as ingest:
        until(lambda: online(ingest))
        conn.execute("UPDATE ingest_leases SET holder = 'another', expires_at = clock_timestamp() + interval '1 hour'")
        conn.commit()
        until(lambda: not online(ingest))
        assert ingest.metric("bellwether_ingest_lease_held") == 0
        assert not ingest.told("contradicted a STATE that called this host offline")
