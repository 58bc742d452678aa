"""Health as the process that it is: killed, stopped, doubled."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import httpx
import pytest

from deploy.local.ports import free_port
from services.health import charge
from services.health.charge import LEASE, SignsOfLife, fence_of, renewed, take_charge
from services.health.customer_assessment import AssessmentLimits, assess_customer
from services.health.cycle import CycleLimits, Memory, run_cycle
from shared.database import connect
from shared.errors import LeaseLostError
from shared.leases import guard, holding, seize
from tests.databases import Server, wait_until_blocked
from tests.integration.road import Road

from .plant import DAY, HOUR, START, Plant
from .story import batches, conclusions, difference, told_by

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts `python -m services.health` on a database; what still runs at the end is killed."""
    processes: list[subprocess.Popen[str]] = []

    def start_on(url: str, *arguments: str) -> subprocess.Popen[str]:
        environment = os.environ | {"BELLWETHER_DATABASE_URL": url, "BELLWETHER_HEALTH_INTERVAL_S": "0.2"}
        process = subprocess.Popen(
            [sys.executable, "-m", "services.health", *arguments],
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        return process

    yield start_on
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture
def undisturbed(database_server: Server, start: Start) -> Iterator[dict]:
    """What health concludes from twenty days of the story when nobody disturbs it."""
    name = database_server.migrated()
    url = database_server.url_of(name)
    with connect(url, application="test") as conn:
        plant = Plant(conn)
        customer = plant.customer("alpha", machines=2)
        plant.deliver(customer, told_by(customer, days=20))
        assert start(url, "--once").wait(60) == 0
        yield conclusions(plant)
    database_server.drop(name)


def test_killed_at_any_moment_it_loses_nothing_and_doubles_nothing(plant, database_url, start, undisturbed):
    customer = plant.customer("alpha", machines=2)
    moment = random.Random(3)
    for batch in batches(told_by(customer, days=20), timedelta(days=4)):
        process = start(database_url)
        plant.deliver(customer, batch)
        time.sleep(moment.uniform(0.8, 2.0))
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert start(database_url, "--once").wait(60) == 0
    assert difference(undisturbed, conclusions(plant)) is None
    assert plant.rows("SELECT count(*) FROM changed_ranges") == [(0,)]
    told = plant.rows(
        "SELECT subject_id, count(*) FILTER (WHERE transition = 'opened'), max((body ->> 'version')::int), count(*)"
        " FROM changes GROUP BY 1"
    )
    assert all(opened <= 1 and version == entries for _, opened, version, entries in told)


def said(process: subprocess.Popen[str], event: str) -> None:
    """Read the process's log until it says so."""
    for line in process.stderr:
        if event in line:
            return
    pytest.fail(f"the process ended without saying {event}")


def test_only_one_assesses_and_the_next_takes_over_when_it_is_gone(plant, database_url, start):
    customer = plant.customer("alpha")
    first = start(database_url)
    said(first, "in_charge")
    second = start(database_url)
    said(second, "waiting")
    first.kill()
    said(second, "in_charge")
    plant.deliver(customer, told_by(customer, days=2))
    said(second, "assessed")
    assert plant.rows("SELECT assessed_through FROM model_states") == [(START + 2 * DAY - timedelta(hours=1),)]


def test_one_that_hangs_is_ended_and_writes_nothing_when_it_comes_back(plant, database_url, start, undisturbed):
    customer = plant.customer("alpha", machines=2)
    hung = start(database_url)
    said(hung, "in_charge")
    plant.deliver(customer, told_by(customer, days=20))
    time.sleep(random.Random(5).uniform(0.3, 0.6))
    hung.send_signal(signal.SIGSTOP)
    second = start(database_url)
    said(second, "ending_a_process_that_hangs")
    said(second, "in_charge")
    hung.send_signal(signal.SIGCONT)
    said(hung, "storage_away")
    said(hung, "waiting")
    await_nothing_left(plant)
    assert difference(undisturbed, conclusions(plant)) is None


def test_one_that_is_stuck_does_not_renew_its_lease_until_it_goes_on(database_url, monkeypatch):
    monkeypatch.setattr(charge, "STUCK_AFTER_S", 0.3)
    monkeypatch.setattr(charge, "RENEWED_EVERY_S", 0.02)
    signs = SignsOfLife()
    with connect(database_url, application="test") as conn:
        conn.autocommit = True
        seize(conn, LEASE, "one")
        fence = fence_of("one", signs)
        with renewed(database_url, "one", signs):
            time.sleep(0.5)
            stuck = holding(conn, LEASE)
            time.sleep(0.1)
            assert holding(conn, LEASE) == stuck
            fence(conn)
            time.sleep(0.1)
            assert holding(conn, LEASE) != stuck


def await_nothing_left(plant: Plant) -> None:
    """Wait until nothing is left to roll up, to assess and to keep a record of."""
    queues = ("changed_ranges", "assessments_due", "track_record_due")
    left = "SELECT " + " + ".join(f"(SELECT count(*) FROM {queue})" for queue in queues)
    deadline = time.monotonic() + 30
    while plant.rows(left) != [(0,)] and time.monotonic() < deadline:
        time.sleep(0.1)


def test_one_whose_connection_is_cut_stands_by_when_it_comes_back(conn, database_url, start):
    road = Road(conn)
    first = start(road.url)
    said(first, "in_charge")
    second = start(database_url)
    said(second, "waiting")
    road.cut()
    said(first, "storage_away")
    said(second, "in_charge")
    road.restore()
    said(first, "waiting")
    road.close()


def test_who_lost_its_charge_cannot_write_though_its_connection_lives(plant, database_url, run_health):
    customer = plant.customer("alpha")
    plant.deliver(customer, told_by(customer, days=2))
    run_health()
    plant.deliver(customer, told_by(customer, days=4))
    stop, now = threading.Event(), START + 9 * DAY
    with connect(database_url, application="one") as one, connect(database_url, application="two") as two:
        one.autocommit = two.autocommit = True
        fenced = fence_of(take_charge(one, stop), SignsOfLife())
        one.execute("SELECT pg_advisory_unlock_all()")
        fence = fence_of(take_charge(two, stop), SignsOfLife())
        with pytest.raises(LeaseLostError):
            run_cycle(one, Memory(), CycleLimits(), now=now, fence=fenced)
        with pytest.raises(LeaseLostError):
            assess_customer(
                one,
                customer.customer_id,
                end=START + 3 * DAY,
                changed_from=None,
                limits=AssessmentLimits(),
                now=now,
                fence=fenced,
            )
        assert plant.rows("SELECT assessed_through FROM model_states") == [(START + 2 * DAY - HOUR,)]
        assert run_cycle(two, Memory(), CycleLimits(), now=now, fence=fence).assessed == (customer.customer_id,)


def test_nobody_takes_charge_between_a_transactions_beginning_and_its_end(database_url):
    with connect(database_url, application="one") as one, connect(database_url, application="two") as two:
        one.autocommit = two.autocommit = True
        seize(one, LEASE, "one")
        with one.transaction():
            guard(one, LEASE, "one")
            taking = threading.Thread(target=seize, args=(two, LEASE, "two"))
            taking.start()
            wait_until_blocked(database_url, two, unless=lambda: not taking.is_alive())
            assert taking.is_alive()
        taking.join()
        with pytest.raises(LeaseLostError), one.transaction():
            guard(one, LEASE, "one")


@pytest.mark.parametrize("state", ["in_charge", "waiting"])
def test_asked_to_stop_it_ends_cleanly_and_soon(database_url, start, state):
    other = start(database_url)
    said(other, "in_charge")
    process = other if state == "in_charge" else start(database_url)
    if state == "waiting":
        said(process, "waiting")
    process.terminate()
    said(process, "stopped")
    assert process.wait(5) == 0


def test_while_the_database_is_away_it_waits(start):
    process = start("postgresql://nobody@127.0.0.1:1/none")
    said(process, "storage_away")
    said(process, "storage_away")
    assert process.poll() is None


def test_it_tells_prometheus_what_it_does(plant, database_url, monkeypatch, start):
    customer = plant.customer("alpha")
    plant.deliver(customer, told_by(customer, days=2))
    port = free_port()
    monkeypatch.setenv("BELLWETHER_HEALTH_METRICS_PORT", str(port))
    said(start(database_url), "assessed")
    with httpx.Client() as client:
        text = client.get(f"http://127.0.0.1:{port}/metrics").text
    assert 'bellwether_health_assessments_total{kind="restart"} 1.0' in text
    assert "bellwether_health_in_charge 1.0" in text
