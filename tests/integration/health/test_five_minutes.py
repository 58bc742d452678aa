"""Between two whole hours states and times move on, and it makes no difference how often, by whom, or in what order."""

import random
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from services.health.data_acquisition.record_reading import sums_of_records
from shared.database import connect
from tests.databases import Server

from .conftest import health_on
from .plant import HOUR, MINUTE, START, Customer, Plant, Sample
from .story import conclusions, difference

BEGIN, END = START + 21 * HOUR, START + 27 * HOUR + 20 * MINUTE
STEPS = 90
"""Of four minutes each: over one midnight."""


@pytest.fixture
def fresh(database_server: Server) -> Iterator[Callable[[], str]]:
    """Gives URLs of fresh databases."""
    names = []

    def made() -> str:
        names.append(database_server.migrated())
        return database_server.url_of(names[-1])

    yield made
    for name in names:
        database_server.drop(name)


def told_by(customer: Customer) -> list[Sample]:
    """A state every four minutes, which mostly stays, and a reading now and then."""
    random_state = random.Random(11)
    series, state, told = customer.machines[0].series, "RUN", []
    for step in range(STEPS):
        at = BEGIN + 4 * step * MINUTE
        state = random_state.choice([*[state] * 6, "RUN", "WAIT", "FAULT"])
        silent = 20 <= step < 55
        if not silent:
            told.append(Sample(series["state"], at, state))
        if step % 7 == 0 and not silent:
            told.append(Sample(series["vibration"], at + MINUTE, 2 + random_state.random()))
    return told


def deliveries(told: list[Sample]) -> list[list[Sample]]:
    """What came in each quarter of an hour; one sample in eight comes three quarters of an hour late."""
    late = random.Random(5)
    found: dict[int, list[Sample]] = {}
    for sample in told:
        quarter = (sample.at - BEGIN) // (15 * MINUTE)
        found.setdefault(quarter + (3 if late.random() < 1 / 8 else 0), []).append(sample)
    return [found[quarter] for quarter in sorted(found)]


def test_advanced_by_processes_that_come_and_go_it_is_as_if_assessed_at_once(fresh):
    at_once, lived = fresh(), fresh()
    with connect(at_once, application="test") as conn, health_on(at_once) as run_health:
        plant = Plant(conn)
        customer = plant.customer("alpha")
        plant.deliver(customer, told_by(customer))
        plant.tick(customer, END)
        run_health()
        reference = conclusions(plant)
    with connect(lived, application="test") as conn:
        plant = Plant(conn)
        customer = plant.customer("alpha")
        coming_and_going = random.Random(2)
        waiting = deliveries(told_by(customer))
        while waiting:
            with health_on(lived) as run_health:
                for _ in range(coming_and_going.randint(1, 12)):
                    if waiting:
                        plant.deliver(customer, waiting.pop(0))
                        run_health()
        plant.tick(customer, END)
        with health_on(lived) as run_health:
            run_health()
        assert reference["assessed"] == [(customer.customer_id, END)]
        assert difference(reference, conclusions(plant)) is None


def test_what_is_said_within_an_hour_is_known_before_the_hour_is_over(plant, run_health):
    customer = plant.customer("alpha")
    state = customer.machines[0].series["state"]
    plant.deliver(customer, [Sample(state, START + n * 5 * MINUTE, "RUN") for n in range(25)])
    run_health()
    plant.deliver(customer, [Sample(state, START + 2 * HOUR + n * 5 * MINUTE, "FAULT") for n in range(1, 3)])
    run_health()
    assert plant.rows("SELECT state, ended_at FROM state_intervals ORDER BY started_at") == [
        ("production", START + 2 * HOUR + 5 * MINUTE),
        ("down", None),
    ]
    assert plant.rows("SELECT apt_s, adet_s FROM times_daily") == [(7500.0, 300.0)]
    assert plant.rows("SELECT assessed_through FROM model_states") == [(START + 2 * HOUR + 10 * MINUTE,)]


def test_a_stop_that_is_planned_within_an_hour_reaches_it(plant, run_health):
    customer = plant.customer("alpha")
    state = customer.machines[0].series["state"]
    plant.deliver(customer, [Sample(state, START + n * 5 * MINUTE, "FAULT") for n in range(25)])
    run_health()
    plant.conn.execute(
        "INSERT INTO planned_stops (record_source, external_id, site_id, starts_at, ends_at)"
        " VALUES ('files', 'inspection', %s, %s, %s)",
        [customer.site_id, START + 2 * HOUR, START + 4 * HOUR],
    )
    plant.deliver(customer, [Sample(state, START + 2 * HOUR + 10 * MINUTE, "FAULT")])
    run_health()
    assert plant.rows("SELECT planned_s, adet_s FROM times_daily") == [(600.0, 7200.0)]


def test_what_happens_within_an_hour_reaches_it(plant, run_health):
    customer = plant.customer("alpha")
    machine = customer.machines[0]
    plant.deliver(customer, [Sample(machine.series["state"], START + n * 5 * MINUTE, "FAULT") for n in range(25)])
    run_health()
    plant.conn.execute(
        "INSERT INTO events (record_source, external_id, scope_type, scope_id, at, kind, attributes)"
        """ VALUES ('files', 'storm', 'asset', %s, %s, 'stop', '{"cause": "external"}')""",
        [machine.asset_id, START + timedelta(minutes=122)],
    )
    plant.deliver(customer, [Sample(machine.series["state"], START + 2 * HOUR + 5 * MINUTE, "FAULT")])
    run_health()
    assert plant.rows("SELECT cause FROM state_intervals") == [("external",)]


def test_what_a_person_does_within_an_hour_is_dated_by_what_was_assessed_when_they_did_it(plant, run_health):
    customer = plant.customer("alpha")
    machine = customer.machines[0]
    plant.deliver(customer, [Sample(machine.series["state"], START + n * 5 * MINUTE, "RUN") for n in range(26)])
    run_health()
    plant.conn.execute(
        "INSERT INTO alerts (alert_id, customer_id, kind, scope_type, scope_id, tier, state, pending_since, sentence,"
        " evidence, basis, owner_role, play, version, updated_at) VALUES (gen_random_uuid(), %s, 'wear', 'asset', %s,"
        " 'watch', 'pending', %s, 'It wears.', '{}', 'measured', 'service_manager', 'Look.', 1, now())",
        [customer.customer_id, machine.asset_id, START],
    )
    plant.conn.execute(
        "INSERT INTO alert_actions (alert_id, at, actor, action) SELECT alert_id, now(), 'ann', 'snooze' FROM alerts"
    )
    plant.deliver(customer, [Sample(machine.series["state"], START + 2 * HOUR + 10 * MINUTE, "RUN")])
    run_health()
    assert plant.rows("SELECT assessed_through FROM model_states") == [(START + 2 * HOUR + 10 * MINUTE,)]
    assert plant.rows("SELECT effective_at FROM alert_actions") == [(START + 2 * HOUR + 5 * MINUTE,)]


def test_a_planned_stop_that_is_entered_today_counts_when_the_next_hour_is_over(plant, run_health):
    customer = plant.customer("alpha")
    state = customer.machines[0].series["state"]
    plant.deliver(customer, [Sample(state, START + n * 5 * MINUTE, "RUN") for n in range(25)])
    run_health()
    plant.conn.execute(
        "INSERT INTO planned_stops (record_source, external_id, site_id, starts_at, ends_at)"
        " VALUES ('files', 'x', %s, %s, %s)",
        [customer.site_id, START + HOUR, START + 2 * HOUR],
    )
    plant.deliver(customer, [Sample(state, START + 2 * HOUR + n * 5 * MINUTE, "RUN") for n in range(1, 13)])
    run_health()
    assert plant.rows("SELECT planned_s, apt_s FROM times_daily") == [(3600.0, 7200.0)]


def test_a_model_that_is_learned_within_the_day_has_the_day_read_anew(plant, conn):
    customer_id = plant.customer("alpha").customer_id
    before = sums_of_records(conn, customer_id)
    conn.execute(
        "INSERT INTO models (kind, asset_type, learned_through, layout_version, body, skill)"
        " VALUES ('remaining_life', 'Pump', %s, 1, 'x', '{}')",
        [START],
    )
    assert sums_of_records(conn, customer_id) != before
