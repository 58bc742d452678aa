"""The risk of failure is learned from what machines told, kept in the database, and told of the days after it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from psycopg.types.json import Jsonb

from services.health.charge import unfenced
from services.health.fleet_learning.life_reading import read_failures
from services.health.fleet_learning.past_reading import read_past
from services.health.fleet_learning.refit import learn_due
from services.health.fleet_learning.stored_models import RISK, Known, read_models, save_model
from services.health.risk_rows import risk_step_rows
from tests.unit.health.risky_fleet import past_of, risks_of, risky

from .story import told_by

QUARTER = datetime(2022, 4, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def block():
    """Three months of eight machines that tell of their failures."""
    return risky(1, days=40)


@pytest.fixture
def fleet(plant, conn, block):
    """What they told, kept as an assessment keeps it."""
    customer = plant.customer("alpha", machines=8)
    place = {asset.asset_id: machine.asset_id for asset, machine in zip(block.assets, customer.machines, strict=True)}
    for row in risk_step_rows(risks_of(block)):
        conn.execute("INSERT INTO risk_steps VALUES (%s, %s, %s)", [place[row.asset_id], row.at, Jsonb(row.told)])
    for asset in block.assets:
        for at, state in zip(asset.states.at, asset.states.state, strict=True):
            if state == "FAULT":
                conn.execute(
                    "INSERT INTO state_intervals (asset_id, started_at, state, failure) VALUES (%s, %s, 'down', true)",
                    [place[asset.asset_id], datetime.fromtimestamp(at, UTC)],
                )
    conn.execute(
        "INSERT INTO model_states VALUES (%s, %s, %s, 0, '')",
        [customer.customer_id, QUARTER + timedelta(days=3), QUARTER],
    )
    conn.commit()
    conn.autocommit = True
    yield customer
    conn.autocommit = False


@pytest.mark.usefixtures("fleet")
def test_what_machines_told_comes_back_as_it_was_kept(conn, block):
    end = block.end
    past = read_past(conn, "Pump", end, read_failures(conn, ["Pump"])["Pump"])
    told = past_of(risks_of(block), block)
    assert past is not None
    assert (past.first_day, past.through, past.days.layout) == (told.first_day, told.through, told.days.layout)
    for one, other in ((past.days, told.days), (past.alerted.steps, told.alerted.steps)):
        for name in ("hours", "mark_counts", "fault_counts", "repaired", "stop_h", "stopped"):
            assert np.array_equal(getattr(one, name), getattr(other, name)), name
    assert past.alerted.lasted_h.tolist() == told.alerted.lasted_h.tolist()
    assert past.failures.at.tolist() == told.failures.at.tolist()


def test_a_quarter_teaches_a_risk_that_is_kept_and_makes_what_came_after_due(fleet, plant, conn):
    learned = learn_due(conn, unfenced)
    assert learned is not None
    assert (learned.kind, learned.through, learned.machines) == (RISK, QUARTER, 8)
    (model,) = read_models(conn, ["Pump"]).risks
    assert model.skill == learned.model.skill
    assert np.array_equal(model.risk.hazard.weights, learned.model.risk.hazard.weights)
    assert plant.rows("SELECT customer_id, changed_from FROM assessments_due") == [(fleet.customer_id, QUARTER)]
    assert learn_due(conn, unfenced) is None


@pytest.mark.usefixtures("fleet")
def test_a_model_of_machines_without_metrics_comes_back_in_its_shape(conn):
    """Levels of no metric have columns all the same; without them nothing of that type could be judged."""
    learned = learn_due(conn, unfenced)
    view = replace(learned.model.risk.view, levels=np.empty((0, 3)))
    bare = replace(learned.model, risk=replace(learned.model.risk, view=view))
    save_model(conn, RISK, "Pump", QUARTER, bare, Known(days=1, failures=1))
    (model,) = read_models(conn, ["Pump"]).risks
    assert model.risk.view.levels.shape == (0, 3)


def test_an_assessment_keeps_what_each_day_told(plant, run_health):
    customer = plant.customer("alpha")
    plant.deliver(customer, told_by(customer, days=6))
    run_health()
    told = plant.rows("SELECT at, told -> 'known_h', told -> 'stops' ? 'down' FROM risk_steps ORDER BY at")
    assert [at.hour for at, *_ in told] == [0] * 5
    assert {known for _, known, _ in told} == {24.0}
