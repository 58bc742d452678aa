"""One of several processes is the Sparkplug host: who, who follows, and what only that one does."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg
import pytest

from services.ingest.store.lease import Lease
from shared.database import connect
from shared.leases import claim, holding, release
from shared.sparkplug import parse_state
from tests.databases import wait_until_blocked
from tests.drills.proxy import Proxy
from tests.integration.ingest.cutting_proxy import cutting_proxy
from tests.integration.ingest.rig import IngestProcess, eventually, ingest_process, plant, until, value
from tests.mosquitto import Broker
from tests.sparkplug_edge import EdgeNode, running_edge

pytestmark = pytest.mark.needs_broker

STATE = "spBv1.0/STATE/bellwether"
_NOW_MS = 1_780_000_000_000
_FLOWS = "SELECT count(*) FROM samples JOIN series USING (series_id) WHERE metric = 'flow' AND value > 0"
_TAKEN_OVER_WITHIN_S, _STOPPED_WITHIN_S = 30.0, 10.0


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


def test_who_saw_it_abandoned_can_have_it_unless_it_was_renewed_since(conn, other):
    conn.autocommit = True
    claim(conn, "host", "one")
    seen = holding(other, "host")
    claim(conn, "host", "one")
    assert not claim(other, "host", "two", abandoned=seen)
    assert claim(other, "host", "two", abandoned=holding(other, "host"))
    assert not claim(conn, "host", "one")


def test_after_an_outage_that_outlasted_it_whoever_comes_first_it_stays_with_its_holder(conn, database_url):
    one, two = (Lease(database_url, name="host", holder=holder) for holder in ("one", "two"))
    one.renew()
    conn.execute("UPDATE leases SET expires_at = clock_timestamp() - interval '1 hour'")
    conn.commit()
    two.renew()
    one.renew()
    assert (one.held, two.held) == (True, False)
    one.release()
    two.renew()
    assert two.held
    two.release()


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
    lease.doubt()
    lease.renew()
    assert lease.held is None


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
        assert value(conn, "SELECT holder FROM leases") == "one"
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


@contextmanager
def _states(broker: Broker) -> Iterator[list[tuple[bool, int]]]:
    """What an edge node has heard of the host: online or not, and when."""
    heard: list[tuple[bool, int]] = []
    with plant(broker.url) as watcher:
        watcher.on_message = lambda _c, _d, m: heard.append(parse_state(m.payload))
        watcher.subscribe(STATE, qos=1)
        yield heard


def _give_to(conn: psycopg.Connection, holder: str) -> None:
    """As if `holder` had seen for long enough that nobody renews the lease."""
    conn.execute("UPDATE leases SET holder = %s, expires_at = clock_timestamp() + interval '1 hour'", [holder])
    conn.commit()


def _one_after_the_other(states: list[tuple[bool, int]]) -> bool:
    """Whether a node has heard two births, the second newer, and nothing else."""
    (before, first_ms), (after, second_ms) = states
    return before and after and first_ms < second_ms


def test_a_host_that_is_stopped_makes_room_at_once_and_only_when_it_has_said_its_death(database_url, conn, broker):
    first, second = _two(database_url, broker)
    with first as one, second as two, _states(broker) as states:
        one.start()
        two.start("ingest")
        until(lambda: len(states) == 1)
        stopped_at = time.monotonic()
        assert one.stop() == 0
        until(lambda: len(states) == 3)
        assert time.monotonic() - stopped_at < _STOPPED_WITHIN_S
        assert [online for online, _ in states] == [True, False, True]
        assert states == sorted(states, key=lambda state: state[1])
        assert value(conn, "SELECT holder FROM leases") == "two"


def test_the_lease_is_kept_until_the_broker_has_the_death(database_url, conn, broker):
    with (
        closing(Proxy(broker.port)) as proxy,
        ingest_process(database_url, f"mqtt://127.0.0.1:{proxy.port}", broker_client_id="one") as one,
        _states(broker) as states,
    ):
        one.start()
        until(lambda: len(states) == 1)
        proxy.lose("down")
        os.kill(one.pid, signal.SIGTERM)
        until(lambda: len(states) == 2)
        assert value(conn, "SELECT holder FROM leases") == "one"


def test_a_host_that_lost_the_lease_leaves_without_calling_offline_the_one_that_follows(database_url, conn, broker):
    first, second = _two(database_url, broker)
    with first as one, second as two, _states(broker) as states:
        one.start()
        two.start("ingest")
        _give_to(conn, "two")
        until(lambda: online(two) and not online(one))
        assert one.metric("bellwether_ingest_lease_held") == 0
        one.stop()
        assert _one_after_the_other(states)


def test_a_host_that_was_paused_until_another_followed_leaves_without_a_word(database_url, conn, broker):
    first, second = _two(database_url, broker)
    with first as one, second as two, _states(broker) as states:
        one.start()
        two.start("ingest")
        os.kill(one.pid, signal.SIGSTOP)
        _give_to(conn, "two")
        until(lambda: online(two))
        os.kill(one.pid, signal.SIGCONT)
        until(lambda: not online(one))
        one.stop()
        assert _one_after_the_other(states)


def test_a_host_that_alone_is_cut_off_from_the_database_leaves_to_the_one_that_follows(database_url, conn, broker):
    with (
        cutting_proxy(conn) as proxy,
        ingest_process(proxy.url, broker.url, broker_client_id="one") as one,
        ingest_process(database_url, broker.url, broker_client_id="two") as two,
        _states(broker) as states,
    ):
        one.start()
        two.start("ingest")
        proxy.has_cut.set()
        _give_to(conn, "two")
        until(lambda: online(two) and not online(one))
        until(
            lambda: {event["connection"] for event in one.events() if event["event"] == "subscribed"} >= {"sparkplug"}
        )
        proxy.has_cut.clear()
        until(lambda: one.told("another process has the lease"))
        one.stop()
        assert _one_after_the_other(states)


@pytest.mark.slow
def test_a_host_that_alone_is_cut_off_from_the_broker_gives_the_lease_to_one_that_is_not(database_url, conn, broker):
    with (
        closing(Proxy(broker.port)) as proxy,
        ingest_process(database_url, f"mqtt://127.0.0.1:{proxy.port}", broker_client_id="one") as one,
        ingest_process(database_url, broker.url, broker_client_id="two") as two,
        _states(broker) as states,
    ):
        one.start()
        two.start("ingest")
        until(lambda: len(states) == 1)
        proxy.refuse()
        until(lambda: online(two))
        assert value(conn, "SELECT holder FROM leases") == "two"
        proxy.mend()
        until(lambda: one.told("another process has the lease"))
        two.stop()
        until(lambda: online(one))
