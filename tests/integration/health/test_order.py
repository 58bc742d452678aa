"""The order in which data come in leaves no trace in what is concluded."""

import random
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from shared.database import connect
from tests.databases import Server

from .conftest import WALL_CLOCK, RunHealth, health_on
from .plant import DAY, START, Customer, Plant, Sample
from .story import DAYS, batches, conclusions, difference, told_by

Deliver = Callable[[Plant, Customer, list[Sample], RunHealth], None]


@pytest.fixture
def lived(database_server: Server) -> Iterator[Callable[[Deliver], dict]]:
    """Gives what health concludes in a fresh database in which the story is delivered in some way."""
    names = []

    def live(deliver: Deliver) -> dict:
        names.append(database_server.migrated())
        url = database_server.url_of(names[-1])
        with connect(url, application="test") as conn, health_on(url) as run_health:
            plant = Plant(conn)
            customer = plant.customer("alpha", machines=2)
            deliver(plant, customer, told_by(customer), run_health)
            plant.tick(customer, START + (DAYS + 2) * DAY)
            run_health()
            return conclusions(plant)

    yield live
    for name in names:
        database_server.drop(name)


def at_once(plant, customer, told, run_health):
    plant.deliver(customer, told)
    run_health()


def day_by_day(plant, customer, told, run_health):
    for batch in batches(told, timedelta(hours=31)):
        plant.deliver(customer, batch)
        run_health()


def shuffled(plant, customer, told, run_health):
    mixed = batches(told, timedelta(days=3, hours=5))
    random.Random(7).shuffle(mixed)
    for batch in mixed:
        plant.deliver(customer, batch, received_at=WALL_CLOCK)
        run_health()


def live_then_history(plant, customer, told, run_health):
    live = START + 50 * DAY
    for batch in batches([s for s in told if s.at >= live], DAY):
        plant.deliver(customer, batch)
        run_health()
    for batch in reversed(batches([s for s in told if s.at < live], timedelta(days=7))):
        plant.deliver(customer, batch, received_at=WALL_CLOCK)
        run_health()


def series_by_series(plant, customer, told, run_health):
    for series_id in sorted({sample.series_id for sample in told}):
        plant.deliver(customer, [sample for sample in told if sample.series_id == series_id])
        run_health()


def test_every_order_of_delivery_gives_the_same_conclusions(lived):
    reference = lived(at_once)
    assert all(reference[table] for table in ("state_intervals", "times_daily", "signals", "customer_health", "alerts"))
    for deliver in (day_by_day, shuffled, live_then_history, series_by_series):
        assert difference(reference, lived(deliver)) is None, deliver.__name__
