"""What machines do at other customers is learned once a quarter, of those who let themselves be compared."""

from datetime import timedelta

import pytest

from services.health.charge import unfenced
from services.health.fleet_learning.command import learn_command
from services.health.fleet_learning.refit import learn_due
from services.health.fleet_learning.stored_models import PEERS, read_models
from services.health.prognostic_assessment.peer_levels import DOWN_SHARE, GOOD_PER_HOUR, others

from .plant import DAY, START

QUARTER = START.replace(month=7, day=1)
_DAYS = """
INSERT INTO times_daily (asset_id, day, pot_s, planned_s, pbt_s, apt_s, adet_s, adot_s, unknown_s, supplier_down_s,
                         stopped_s, failures, repair_s, produced, good)
SELECT %(asset)s, %(start)s::date + day, 86400, 0, 86400, 86400 - %(down)s, %(down)s, 0, 0, %(down)s, %(down)s, 0, 0,
       2500, 2400
FROM generate_series(0, %(days)s - 1) day
"""


@pytest.fixture
def fleet(plant, conn):
    """Seven customers with a pump each, one of whom lets nobody compare it; known for 130 days."""
    found = [plant.customer(name) for name in "abcdefg"]
    conn.execute("UPDATE customers SET data_use = '{service,benchmarking}' WHERE name <> 'g'")
    for place, one in enumerate(found):
        conn.execute(
            _DAYS, {"asset": one.machines[0].asset_id, "start": START, "days": 130, "down": 864.0 * (place + 1)}
        )
        conn.execute("INSERT INTO model_states VALUES (%s, %s, %s, 0, '')", [one.customer_id, START + 130 * DAY, START])
    conn.commit()
    conn.autocommit = True
    yield found
    conn.autocommit = False


def learned_all(conn):
    return [one for one in iter(lambda: learn_due(conn, unfenced), None) if one.kind == PEERS]


def test_a_quarter_teaches_the_levels_of_all_who_let_themselves_be_compared(fleet, plant, conn):
    assert [(one.through, one.model is None) for one in learned_all(conn)] == [
        (START.replace(month=4, day=1), True),
        (QUARTER, False),
    ]
    (model,) = read_models(conn, ["Pump"]).peers
    assert model.customers == tuple(one.customer_id for one in fleet[:6])
    assert model.levels[DOWN_SHARE] == (0.01, 0.02, 0.03, 0.04, 0.05, 0.06)
    assert model.levels[GOOD_PER_HOUR] == (100.0,) * 6
    told = others(model, DOWN_SHARE, fleet[5].customer_id).level
    assert told is not None
    assert (told.peers, told.best) == (5, 0.02)
    due = plant.rows("SELECT customer_id, changed_from FROM assessments_due ORDER BY 1")
    assert due == [(one.customer_id, QUARTER) for one in fleet]
    assert learned_all(conn) == []


def test_who_does_not_let_itself_be_compared_any_more_is_forgotten(fleet, conn):
    learned_all(conn)
    conn.execute("UPDATE customers SET data_use = '{service}' WHERE name = 'a'")
    assert [one.model for one in learned_all(conn)] == [None, None]
    assert read_models(conn, ["Pump"]).peers == ()
    conn.execute("UPDATE customers SET data_use = '{benchmarking}' WHERE name = 'g'")
    assert [one.through for one in learned_all(conn)][-1] == QUARTER
    (model,) = read_models(conn, ["Pump"]).peers
    assert model.customers == tuple(one.customer_id for one in fleet[1:])


def test_a_gap_that_is_filled_in_is_learned_from(fleet, conn):
    gap = {"asset": fleet[0].machines[0].asset_id, "at": START.date() + timedelta(days=50)}
    conn.execute("UPDATE times_daily SET unknown_s = 80000 WHERE asset_id = %(asset)s AND day = %(at)s", gap)
    assert len(learned_all(conn)) == 2
    conn.execute("UPDATE times_daily SET unknown_s = 0 WHERE asset_id = %(asset)s AND day = %(at)s", gap)
    assert [one.through for one in learned_all(conn)] == [QUARTER]


@pytest.mark.usefixtures("fleet")
def test_the_command_says_how_many_customers_there_are_to_compare_with(database_url, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    learn_command(database_url, None)
    assert "levels of 6 customers" in capsys.readouterr().out
