"""Health as the process that it is: killed, stopped, doubled."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import httpx
import pytest

from deploy.local.ports import free_port
from shared.database import connect
from tests.databases import Server

from .plant import DAY, START, Plant
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
