"""A person's word on a stop wins, is kept, and re-opens only the time since."""

from datetime import timedelta

from prometheus_client import REGISTRY
from psycopg.types.json import Jsonb

from shared.records.reopening import Reopening

from .plant import DAY, HOUR, START, Customer, Plant, Sample
from .story import CONCLUSIONS, told_by

BEGAN = START + 12 * DAY + 5 * HOUR
STOP = f"SELECT cause, cause_basis FROM state_intervals WHERE started_at = '{BEGAN.isoformat()}'"
DOWN = f"SELECT supplier_down_s, external_down_s FROM times_daily WHERE day = '{BEGAN:%F}'"


def correct(plant: Plant, customer: Customer, cause: str = "external") -> None:
    """What the API does when somebody corrects the cause of the stop."""
    word = {"cause": cause, "reason": "power cut", "actor": "shift lead", "said_at": "2030-01-01T08:00:00+00:00"}
    attributes = Jsonb(word | {"until_s": (BEGAN + 4 * HOUR).timestamp()})
    plant.conn.execute(
        "INSERT INTO events (record_source, external_id, scope_type, scope_id, at, kind, attributes)"
        " VALUES ('api', %s, 'asset', %s, %s, 'correction', %s)",
        [cause, customer.machines[0].asset_id, BEGAN, attributes],
    )
    Reopening(customers={customer.customer_id: BEGAN}).write(plant.conn)
    plant.conn.commit()


def restarts() -> float:
    return REGISTRY.get_sample_value("bellwether_health_assessments_total", {"kind": "restart"}) or 0.0


def test_a_correction_wins_counts_and_re_opens_only_the_time_since(plant, run_health):
    customer = plant.customer("alpha")
    plant.deliver(customer, told_by(customer, days=20))
    run_health()
    assert (plant.rows(STOP), plant.rows(DOWN)) == ([("supplier", "default")], [(4 * 3600.0, 0.0)])
    plant.conn.execute(f"UPDATE times_daily SET repair_s = -1 WHERE day = '{START:%F}'")
    correct(plant, customer)
    before = restarts()
    assert run_health().assessed == (customer.customer_id,)
    assert (plant.rows(STOP), plant.rows(DOWN)) == ([("external", "person")], [(0.0, 4 * 3600.0)])
    assert plant.rows(f"SELECT repair_s FROM times_daily WHERE day = '{START:%F}'") == [(-1.0,)]
    assert restarts() == before
    assert run_health().assessed == ()


def test_a_correction_survives_late_data_and_replay(plant, run_health):
    customer = plant.customer("alpha")
    plant.deliver(customer, told_by(customer, days=20))
    run_health()
    correct(plant, customer)
    run_health()
    late = Sample(customer.machines[0].series["state"], BEGAN - timedelta(minutes=20), "FAULT")
    plant.deliver(customer, [late])
    run_health()
    moved = plant.rows("SELECT started_at, cause FROM state_intervals WHERE state = 'down'")
    assert moved == [(late.at, "external")]
    lived = {name: plant.rows(CONCLUSIONS[name]) for name in ("state_intervals", "times_daily")}
    plant.conn.execute("DELETE FROM model_states")
    run_health()
    assert {name: plant.rows(CONCLUSIONS[name]) for name in lived} == lived
