"""A fleet's failures are learned from once a quarter, kept, and what was assessed since is assessed again with that."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import psycopg
import pytest
from psycopg.types.json import Jsonb

from services.health.charge import unfenced
from services.health.fleet_learning.command import learn_command
from services.health.fleet_learning.life_reading import day_number, read_lives
from services.health.fleet_learning.refit import Learned, learn_due
from services.health.fleet_learning.stored_models import LIFE, Known, read_models, save_model
from services.health.prognostic_assessment.remaining_life.learning import learn
from services.health.prognostic_assessment.remaining_life.life_days import LifeDays
from services.health.prognostic_assessment.remaining_life.lives import Life
from shared.errors import SetupError
from tests.unit.health.life_fleet import worn_days

from .plant import DAY, START
from .story import told_by

QUARTER = START.replace(month=10, day=1)


def pump_days(seed: int, life: int) -> LifeDays:
    """As the plant's pumps report: two metrics, and a speed."""
    days = worn_days(np.random.default_rng(seed), life, parts=(1.0, -1.0))
    return replace(
        days,
        day=day_number(START) + np.arange(life),
        metrics=("temperature", "vibration"),
        terms=("speed", "speed * speed"),
    )


def keep(conn: psycopg.Connection, asset_id: int, days: LifeDays) -> None:
    for row, day in enumerate(days.day.tolist()):
        deviation = None if np.isnan(days.deviation[row]) else float(days.deviation[row])
        readings = dict(zip(days.metrics, days.values[row].tolist(), strict=True))
        terms = dict(zip(days.terms, days.terms_mean[row].tolist(), strict=True))
        conn.execute(
            "INSERT INTO life_days VALUES (%s, %s, %s, %s, %s, false)",
            [asset_id, date(1970, 1, 1) + timedelta(days=day), Jsonb(readings), Jsonb(terms), deviation],
        )


def fail(conn: psycopg.Connection, asset_id: int, days: LifeDays) -> None:
    at = START + timedelta(days=len(days.day) - 0.5)
    conn.execute(
        "INSERT INTO events (record_source, external_id, scope_type, scope_id, at, kind)"
        " VALUES ('files', %s, 'asset', %s, %s, 'failure')",
        [f"failure-{asset_id}", asset_id, at],
    )


@pytest.fixture
def fleet(plant, conn):
    """Ten pumps that failed after 60 to 150 days, assessed for seven months."""
    customer = plant.customer("alpha", machines=10)
    for number, machine in enumerate(customer.machines):
        days = pump_days(number, 60 + 10 * number)
        keep(conn, machine.asset_id, days)
        fail(conn, machine.asset_id, days)
    conn.execute(
        "INSERT INTO model_states VALUES (%s, %s, %s, 0, '')", [customer.customer_id, START + 215 * DAY, START]
    )
    conn.commit()
    conn.autocommit = True
    yield customer
    conn.autocommit = False


@pytest.mark.usefixtures("fleet")
def test_lives_come_back_as_they_were_kept(conn):
    lives = read_lives(conn, "Pump", QUARTER)
    assert [(len(life.days.day), life.failed) for life in lives] == [(60 + 10 * n, True) for n in range(10)]
    days = pump_days(3, 90)
    np.testing.assert_allclose(lives[3].days.values, days.values)
    np.testing.assert_allclose(lives[3].days.deviation, days.deviation)
    early = read_lives(conn, "Pump", START + 100 * DAY)
    assert [life.failed for life in early] == [True] * 5 + [False] * 5


def learned_all(conn: psycopg.Connection) -> list[Learned]:
    return list(iter(lambda: learn_due(conn, unfenced), None))


def models(plant) -> list[tuple[object, ...]]:
    return plant.rows("SELECT * FROM models ORDER BY kind, asset_type, learned_through")


def test_each_quarter_teaches_once_the_oldest_first_and_what_was_assessed_since_is_due(fleet, plant, conn):
    learned = learned_all(conn)
    assert [one.through.date().isoformat() for one in learned] == ["2024-04-01", "2024-07-01", "2024-10-01"]
    assert [one.failures for one in learned] == [0, 0, 10]
    assert read_models(conn, ["Pump"]).lives == (learned[-1].model,)
    assert plant.rows("SELECT customer_id, changed_from FROM assessments_due") == [(fleet.customer_id, QUARTER)]


@pytest.mark.usefixtures("fleet")
def test_a_history_that_is_filled_in_late_ends_with_the_models_of_a_life_that_was_lived(plant, conn):
    learned_all(conn)
    backfilled = models(plant)
    conn.execute("CREATE TEMPORARY TABLE days AS SELECT * FROM life_days")
    conn.execute("DELETE FROM models")
    for order in ("lived", "newest first"):
        conn.execute("DELETE FROM life_days")
        asked = "day < %s" if order == "lived" else "day >= %s"
        for week in range(1, 35) if order == "lived" else range(30, -1, -5):
            through = START + 7 * week * DAY
            conn.execute(f"INSERT INTO life_days SELECT * FROM days WHERE {asked} ON CONFLICT DO NOTHING", [through])
            if order == "lived":
                conn.execute("UPDATE model_states SET assessed_through = %s", [through])
            learned_all(conn)
        assert models(plant) == backfilled, order


def test_a_failure_that_was_seen_and_recorded_counts_once(fleet, plant, conn):
    for machine in fleet.machines:
        conn.execute(
            "INSERT INTO state_intervals (asset_id, started_at, state, failure) VALUES (%s, %s, 'down', true)",
            [machine.asset_id, START + 50 * DAY],
        )
    learned_all(conn)
    assert plant.rows("SELECT skill -> 'known' -> 'failures' FROM models ORDER BY learned_through")[-1] == (10,)


@pytest.mark.usefixtures("fleet")
def test_models_of_other_types_are_not_read(conn):
    learned_all(conn)
    assert len(read_models(conn, ["Press", "Pump"]).lives) == 1
    assert read_models(conn, ["Press"]).lives == ()


def test_a_customer_that_fell_silent_or_lost_the_machine_holds_nobody_up(fleet, plant, conn):
    other = plant.customer("beta")
    conn.execute("INSERT INTO model_states VALUES (%s, %s, %s, 0, '')", [other.customer_id, START, START - 2 * DAY])
    keep(conn, other.machines[0].asset_id, pump_days(1, 20))
    moved = fleet.machines[0].asset_id
    conn.execute(
        "INSERT INTO placements (asset_id, valid_from, site_id) VALUES (%s, '0001-01-02', %s), (%s, '2024-04-01', %s)",
        [moved, other.site_id, moved, fleet.site_id],
    )
    assert [one.through for one in learned_all(conn)][-1] == QUARTER
    conn.execute("DELETE FROM models")
    conn.execute("UPDATE model_states SET assessed_at = %s", [START])
    assert learned_all(conn) == []


def test_too_few_failures_are_kept_as_that_until_a_history_is_filled_in(fleet, plant, conn):
    conn.execute("UPDATE events SET kind = 'inspection' WHERE scope_id > %s", [fleet.machines[4].asset_id])
    assert [one.model for one in learned_all(conn)] == [None] * 3
    newest = plant.rows("SELECT body, skill FROM models ORDER BY learned_through")[-1]
    assert newest == (None, {"known": {"days": 1050, "failures": 5}})
    conn.execute("UPDATE events SET kind = 'failure'")
    assert len(learned_all(conn)) == 2
    assert len(read_models(conn, ["Pump"]).lives) == 1


@pytest.mark.usefixtures("fleet")
def test_the_command_learns_up_to_a_day_and_says_what_came_of_it(database_url, capsys):
    learn_command(database_url, None)
    assert "Pump" in capsys.readouterr().out
    with pytest.raises(SetupError, match="assessed through"):
        learn_command(database_url, START + 300 * DAY)


def test_an_assessment_keeps_days_and_tells_remaining_life_by_the_newest_model_of_its_time(plant, conn, run_health):
    customer = plant.customer("alpha")
    plant.deliver(customer, told_by(customer, days=50))
    run_health()
    days = plant.rows("SELECT day, readings ? 'vibration', terms ? 'speed * speed' FROM life_days ORDER BY day")
    assert len(days) == 48
    assert days[0] == (START.date(), True, True)
    assert plant.rows("SELECT * FROM signals WHERE kind = 'remaining_life'") == []
    own = [pump_days(seed, 60 + 10 * seed) for seed in range(10)]
    lives = [Life(group=i, days=one, end=float(one.day[-1]), failed=True) for i, one in enumerate(own)]
    through = START + 30 * DAY
    save_model(conn, LIFE, "Pump", through, learn(lives, "Pump", day_number(through)), Known(days=0, failures=10))
    conn.commit()
    run_health()
    told = plant.rows("SELECT day, value FROM signals WHERE kind = 'remaining_life' ORDER BY day")
    assert told[0][0] == (START + 31 * DAY).date()
    assert len(told) == 18
