"""What became of contracts that came due is learned once a quarter, from the signs that were kept a month before."""

from datetime import date, timedelta

import pytest
from psycopg.types.json import Jsonb

from services.health.charge import unfenced
from services.health.fleet_learning.command import learn_command
from services.health.fleet_learning.refit import learn_due
from services.health.fleet_learning.stored_models import NO_TYPE, RENEWALS, read_models
from services.health.prognostic_assessment.renewal_learning import PastRenewal, learn
from services.health.prognostic_assessment.renewal_model import PRIOR

from .plant import DAY, START

ENDS = START.date() + timedelta(days=100)
LOST, RENEWED = 9, 5
_CONTRACT = """
INSERT INTO contracts (record_source, external_id, customer_id, valid_from, starts_on, ends_on)
VALUES ('files', %s, %s, '0001-01-01', %s, %s) RETURNING contract_id
"""
_SIGNAL = """
INSERT INTO signals (customer_id, scope_type, scope_id, kind, day, value, evidence)
VALUES (%s, 'contract', %s, 'renewal_risk', %s, 0.3, %s)
"""


@pytest.fixture
def fleet(plant, conn):
    """A customer each with a contract that came due, some of whom signed another; judged a month before, and after."""
    found = [plant.customer(f"customer {number:02}") for number in range(LOST + RENEWED)]
    for number, one in enumerate(found):
        name = f"K-{number:02}"
        [due] = conn.execute(_CONTRACT, [name, one.customer_id, START.date() - timedelta(days=900), ENDS]).fetchone()
        if number >= LOST:
            conn.execute(_CONTRACT, [f"{name}-b", one.customer_id, ENDS + timedelta(days=1), None])
        for days, trend in ((90, 0.9), (31, round(0.5 - 0.05 * number, 2)), (0, -0.9)):
            told = Jsonb({"prior": 0.25, "contributions": {}, "signs": {"trend": trend}, "learned_from": 0})
            conn.execute(_SIGNAL, [one.customer_id, due, ENDS - timedelta(days=days), told])
        conn.execute("INSERT INTO model_states VALUES (%s, %s, %s, 0, '')", [one.customer_id, START + 300 * DAY, START])
    conn.commit()
    conn.autocommit = True
    yield found
    conn.autocommit = False


def learned_all(conn):
    return [one for one in iter(lambda: learn_due(conn, unfenced), None) if one.kind == RENEWALS]


def test_a_quarter_teaches_what_is_known_90_days_after_contracts_came_due(fleet, plant, conn):
    [learned] = learned_all(conn)
    assert (learned.through, learned.machines, learned.failures) == (START.replace(month=10, day=1), 14, LOST)
    [model] = read_models(conn, []).renewals
    past = [PastRenewal(signs={"trend": 0.5 - 0.05 * number}, lost=number < LOST) for number in range(LOST + RENEWED)]
    expected = learn(past, (date(2024, 10, 1) - date(1970, 1, 1)).days)
    assert expected is not None
    assert model == expected
    assert model.prior > PRIOR
    due = plant.rows("SELECT customer_id, changed_from FROM assessments_due ORDER BY 1")
    assert due == [(one.customer_id, learned.through) for one in fleet]
    assert learned_all(conn) == []


def test_other_signs_or_another_outcome_are_learned_from_anew(fleet, plant, conn):
    learned_all(conn)
    conn.execute("UPDATE signals SET evidence = jsonb_set(evidence, '{signs,trend}', '0.7') WHERE day < %s", [ENDS])
    [again] = learned_all(conn)
    assert again.model is not None
    conn.execute("UPDATE contracts SET ends_on = NULL WHERE customer_id = %s", [fleet[0].customer_id])
    [fewer] = learned_all(conn)
    assert (fewer.machines, fewer.failures) == (LOST + RENEWED - 1, LOST - 1)
    assert read_models(conn, ["Pump"]).renewals == (fewer.model,)
    assert plant.rows("SELECT asset_type FROM models WHERE kind = 'renewals'") == [(NO_TYPE,)]


@pytest.mark.usefixtures("fleet")
def test_the_command_says_from_how_many_contracts_it_learned(database_url, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    learn_command(database_url, None)
    told = capsys.readouterr().out
    assert "14 contracts" in told
    assert "9 lost" in told
