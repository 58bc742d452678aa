"""What an assessment concludes becomes rows, by difference, beside what people do."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import psycopg
import pytest

from services.health.assess import Assessment, CustomerState
from services.health.assessment import (
    AlertContent,
    CustomerHealthRow,
    Episode,
    IntervalRow,
    SignalRow,
    Stake,
    TimesRow,
    ValueRow,
)
from services.health.data_acquisition.record_reading import read_records
from services.health.health_assessment.customer_health.assessing import NO_HEALTH
from services.health.health_assessment.guarantee_work import GuaranteeState
from services.health.saving.alert_saving import read_actions, save_alerts
from services.health.saving.row_saving import save_rows
from services.health.state_detection.times import DAILY_FIELDS
from services.health.watermark import Span
from shared.alerts import AlertLife, AlertState, Resolution, Tier

from .plant import DAY, HOUR, START, Plant

NOW = datetime(2030, 1, 1, tzinfo=UTC)
LIVED = Span(start=START, end=START + 3 * DAY, restart=True)
NOTHING = Assessment(
    intervals=(),
    times=(),
    signals=(),
    health=(),
    values=(),
    episodes=(),
    outcomes=(),
    forecasts=(),
    life_days=(),
    risk_steps=(),
    state=CustomerState(
        through=START,
        assets={},
        silent_h={},
        days=b"",
        months=(),
        health=NO_HEALTH,
        guarantees=GuaranteeState(known_s={}),
        alerts={},
    ),
)


def interval(asset_id, started, ended, state="production"):
    return IntervalRow(
        asset_id=asset_id,
        started_at=START + started * HOUR,
        ended_at=None if ended is None else START + ended * HOUR,
        state=state,
        cause=None,
        failure=False,
        cause_basis=None,
        cause_why=None,
    )


def times(asset_id, day, apt_s=3600.0):
    return TimesRow(
        asset_id=asset_id,
        day=(START + day * DAY).date(),
        **dict.fromkeys(DAILY_FIELDS, 0.0) | {"pot_s": 86400.0, "pbt_s": 86400.0, "apt_s": apt_s, "failures": 0},
    )


def signal(day, value, evidence=None):
    return SignalRow(
        scope_type="asset",
        scope_id=1,
        kind="wear",
        day=(START + day * DAY).date(),
        value=value,
        confidence=None,
        expected_at=None,
        expected_low=None,
        expected_high=None,
        evidence=evidence or {},
    )


@pytest.fixture
def customer(plant: Plant):
    return plant.customer("alpha", machines=2)


@pytest.fixture
def save(conn: psycopg.Connection, customer):
    def save_found(found, span=LIVED):
        with conn.transaction():
            save_rows(conn, customer.customer_id, read_records(conn, customer.customer_id).assets, span, found)
        conn.commit()

    return save_found


def test_rows_become_what_the_assessment_says(plant, customer, save):
    first, second = (machine.asset_id for machine in customer.machines)
    save(replace(NOTHING, times=(times(first, 0), times(first, 1), times(second, 0))))
    save(replace(NOTHING, times=(times(first, 0, 1.0), times(second, 0), times(second, 2))))
    assert plant.rows("SELECT asset_id, day, apt_s FROM times_daily ORDER BY 1, 2") == [
        (first, START.date(), 1.0),
        (second, START.date(), 3600.0),
        (second, (START + 2 * DAY).date(), 3600.0),
    ]


def test_a_row_that_says_the_same_is_not_touched(plant, customer, save):
    found = replace(
        NOTHING,
        intervals=(interval(customer.machines[0].asset_id, 0, None),),
        times=(times(customer.machines[0].asset_id, 0),),
        signals=(signal(0, 0.1 + 0.2, {"blame": ["vibration", 0.7], "none": None}), signal(1, None)),
        health=(
            CustomerHealthRow(
                day=START.date(),
                health=70.5,
                coverage=1.0,
                contributions={"uptime": 29.5},
                groups={"machines": {"weight": 1.0}},
                exceptions=["site_dark"],
                change={"points": -1.0, "parts": []},
            ),
        ),
        values=(
            ValueRow(
                month=START.date().replace(day=1),
                line_of_business="pumping",
                rung="hours",
                counterfactual="first year",
                hours_avoided=1.5,
                good_units_gained=None,
                money=None,
                money_low=None,
                money_high=None,
                currency=None,
                basis="measured",
                promised_money=None,
                coverage=1.0,
            ),
        ),
    )
    save(found)
    tables = ("state_intervals", "times_daily", "signals", "customer_health", "value_monthly")
    before = [plant.rows(f"SELECT xmin::text, t.* FROM {table} t ORDER BY t") for table in tables]
    assert [len(rows) for rows in before] == [1, 1, 2, 1, 1]
    save(found)
    assert [plant.rows(f"SELECT xmin::text, t.* FROM {table} t ORDER BY t") for table in tables] == before


def test_what_lies_before_the_span_stays(plant, save):
    save(replace(NOTHING, signals=(signal(0, 1.0), signal(1, 1.0), signal(2, 1.0))))
    save(replace(NOTHING, signals=(signal(2, 3.0),)), Span(start=START + DAY, end=START + 3 * DAY, restart=False))
    assert plant.rows("SELECT day - %s::date, value FROM signals ORDER BY 1".replace("%s", f"'{START:%F}'")) == [
        (0, 1.0),
        (2, 3.0),
    ]


def test_the_state_that_ended_where_the_span_begins_is_closed_there(plant, customer, save):
    asset_id = customer.machines[0].asset_id
    save(replace(NOTHING, intervals=(interval(asset_id, 0, None),)))
    later = Span(start=START + DAY, end=START + 3 * DAY, restart=False)
    save(replace(NOTHING, intervals=(interval(asset_id, 24, None, "down"),)), later)
    assert plant.rows("SELECT ended_at, state FROM state_intervals ORDER BY started_at") == [
        (START + DAY, "production"),
        (None, "down"),
    ]


def test_rows_of_a_machine_from_its_time_at_another_customer_stay(plant, customer, save):
    machine, buyer = customer.machines[0], plant.customer("beta", machines=0)
    save(replace(NOTHING, times=(times(machine.asset_id, 0), times(machine.asset_id, 1))))
    plant.conn.execute(
        "INSERT INTO placements (asset_id, valid_from, site_id) VALUES (%s, %s, %s)",
        [machine.asset_id, START + DAY, buyer.site_id],
    )
    save(NOTHING)
    assert plant.rows("SELECT day FROM times_daily") == [((START + DAY).date(),)]


def test_the_open_state_of_a_machine_that_was_sold_is_not_closed_by_its_seller(plant, customer, save):
    machine, buyer = customer.machines[0], plant.customer("beta", machines=0)
    plant.conn.execute(
        "INSERT INTO placements (asset_id, valid_from, site_id) VALUES (%s, %s, %s)",
        [machine.asset_id, START + DAY, buyer.site_id],
    )
    plant.conn.execute(
        "INSERT INTO state_intervals (asset_id, started_at, state, failure) VALUES (%s, %s, 'production', false)",
        [machine.asset_id, START + DAY + HOUR],
    )
    save(NOTHING, Span(start=START + 2 * DAY, end=START + 3 * DAY, restart=False))
    assert plant.rows("SELECT ended_at FROM state_intervals") == [(None,)]


def content(sentence="The pump will stop.", evidence=None):
    return AlertContent(
        tier=Tier.ACT,
        sentence=sentence,
        evidence=evidence or {"vibration": [1.25, None]},
        stake=Stake(hours=4.0, money=1000.0, money_low=500.0, money_high=2000.0, currency="EUR", basis="agreed"),
        expected_at=START + 9 * DAY,
        expected_low=START + 8 * DAY,
        expected_high=START + 12 * DAY,
        confidence=0.8,
        owner_role="service",
        play="Plan a visit.",
    )


def episode(since, until=None, said=None):
    life = AlertLife(
        state=AlertState.OPEN if until is None else AlertState.RESOLVED,
        pending_since=START + since * DAY,
        opened_at=START + since * DAY + HOUR,
        resolved_at=None if until is None else START + until * DAY,
        resolution=None if until is None else Resolution.RECOVERED,
    )
    return Episode(kind="wear", scope_type="asset", scope_id=1, life=life, content=said or content())


@pytest.fixture
def advise(conn: psycopg.Connection, customer):
    conn.execute(
        "INSERT INTO model_states VALUES (%s, %s, %s, 1, '')", [customer.customer_id, START + DAY, START + DAY]
    )

    def save_episodes(*episodes, since=START, through=START + 20 * DAY):
        with conn.transaction():
            changed = save_alerts(conn, customer.customer_id, episodes, since=since, through=through, now=NOW)
        conn.commit()
        return changed

    return save_episodes


FEED = "SELECT sequence, transition, body ->> 'state', body ->> 'sentence' FROM changes ORDER BY sequence"
ALERTS = "SELECT state, resolution, version FROM alerts ORDER BY pending_since"


def test_a_new_episode_is_an_alert_and_an_entry_in_the_feed(plant, advise):
    assert advise(episode(0)) == 1
    assert plant.rows("SELECT stake_hours, stake_money_high, currency, basis, tier, updated_at, play FROM alerts") == [
        (4.0, 2000.0, "EUR", "agreed", "watch", NOW, "Plan a visit.")
    ]
    assert plant.rows(FEED) == [(1, "opened", "open", "The pump will stop.")]


SKILL = """
INSERT INTO track_records (kind, as_of, horizon_days, alerts, came_true, too_early, false_alarms, averted, unjudged,
    standing, outcomes, caught, skill, calibration)
VALUES ('wear', %s, 90, 9, 9, 0, 0, 0, 0, 0, 9, 9, %s, '[]')
"""
SHOWN = "SELECT tier, assessed_tier, shown_at, withheld FROM alerts ORDER BY pending_since, scope_id"


def test_a_forecast_is_shown_as_act_from_the_monday_on_which_its_kind_has_shown_skill(plant, advise):
    advise(episode(0), through=START + 6 * DAY)
    assert plant.rows(SHOWN) == [("watch", "act", START + HOUR, None)]
    for week, skill in ((1, "not_known_yet"), (2, "demonstrated")):
        plant.conn.execute(SKILL, [START + 7 * week * DAY, skill])
    advise(episode(0), since=START + 12 * DAY, through=START + 13 * DAY)
    assert plant.rows(SHOWN)[0][0] == "watch"
    advise(episode(0), since=START + 14 * DAY, through=START + 15 * DAY)
    assert plant.rows(SHOWN)[0][0] == "act"
    assert [told for _, told, *_ in plant.rows(FEED)] == ["opened", "updated"]


def test_what_the_budget_holds_back_is_kept_untold_until_there_is_room(plant, advise):
    several = [replace(episode(0), scope_id=n) for n in range(1, 7)]
    advise(*several, through=START + 6 * DAY)
    assert Counter(row[2:] for row in plant.rows(SHOWN)) == {(START + HOUR, None): 5, (None, "budget"): 1}
    assert len(plant.rows(FEED)) == 5
    advise(*several, since=START + 7 * DAY, through=START + 8 * DAY)
    assert Counter(row[2:] for row in plant.rows(SHOWN)) == {(START + HOUR, None): 5, (START + 7 * DAY + HOUR, None): 1}
    assert [told for _, told, *_ in plant.rows(FEED)] == ["opened"] * 6


def test_what_flaps_is_untold_until_it_has_stood_for_two_days_however_long_ago_it_was_judged(plant, advise):
    told = [replace(episode(2 * n, 2 * n + 1), kind="silent_source") for n in range(3)]
    standing = replace(episode(29), kind="silent_source")
    advise(*told, standing, through=START + 30 * DAY)
    advise(standing, since=START + 30 * DAY, through=START + 31 * DAY)
    assert plant.rows(SHOWN)[3][2:] == (None, "flapping")
    for since in (31, 60):
        advise(standing, since=START + since * DAY, through=START + (since + 10) * DAY)
        assert plant.rows(SHOWN)[3][2:] == (START + 31 * DAY + HOUR, None)


def test_the_same_episode_again_changes_nothing(plant, advise):
    advise(episode(0))
    assert advise(episode(0)) == 0
    assert plant.rows(ALERTS) == [("open", None, 1)]
    assert len(plant.rows(FEED)) == 1


def test_each_change_of_an_alert_counts_a_version_and_is_told_once(plant, advise):
    advise(episode(0))
    advise(episode(0, said=content("The pump will stop on Friday.")))
    advise(episode(0, 4))
    advise(episode(0))
    assert plant.rows(ALERTS) == [("open", None, 4)]
    assert plant.rows(FEED) == [
        (1, "opened", "open", "The pump will stop."),
        (2, "updated", "open", "The pump will stop on Friday."),
        (3, "resolved", "resolved", "The pump will stop."),
        (4, "reopened", "open", "The pump will stop."),
    ]


def test_an_alert_that_moves_in_time_keeps_its_identity_and_leaves_the_old_one_free(plant, advise):
    advise(episode(3))
    (before,) = plant.rows("SELECT alert_id FROM alerts")
    advise(episode(2, 2.5), episode(3))
    advise(episode(2))
    rows = plant.rows("SELECT alert_id, pending_since, state FROM alerts ORDER BY pending_since")
    assert len(rows) == 2
    assert sum(row[2] != "resolved" for row in rows) == 1
    assert before[0] in {row[0] for row in rows}


def test_when_one_ends_and_the_next_begins_there_is_never_more_than_one_alive(plant, advise):
    advise(episode(0))
    advise(episode(0, 1), episode(2))
    assert plant.rows(ALERTS) == [("resolved", "recovered", 2), ("open", None, 1)]


def test_an_alert_that_the_data_do_not_support_any_more_is_resolved_as_a_data_gap(plant, advise):
    advise(episode(0))
    advise()
    assert plant.rows(ALERTS) == [("resolved", "data_gap", 2)]
    assert [row[1] for row in plant.rows(FEED)] == ["opened", "resolved"]


def test_an_alert_of_a_kind_that_is_none_any_more_ends_as_a_duplicate_and_what_was_over_stays(plant, advise, conn):
    advise(episode(0, 1), episode(2))
    conn.execute("UPDATE alerts SET kind = 'sensor_fault'")
    advise()
    advise()
    assert plant.rows(ALERTS) == [("resolved", "recovered", 1), ("resolved", "duplicate", 2)]
    assert [row[1] for row in plant.rows(FEED)][-1] == "resolved"


def act(plant: Plant, action, **columns):
    assignments = ", ".join(f"{name} = %({name})s" for name in columns)
    plant.conn.execute(f"UPDATE alerts SET {assignments}, version = version + 1", columns)
    plant.conn.execute(
        "INSERT INTO alert_actions (alert_id, at, actor, action) SELECT alert_id, %s, 'ann', %s FROM alerts",
        [NOW, action],
    )
    plant.conn.commit()


def test_what_a_person_did_stays_and_is_told_to_the_next_assessment_in_event_time(plant, customer, advise):
    advise(episode(0))
    act(plant, "acknowledge", state="acknowledged", acknowledged_at=NOW, acknowledged_by="ann")
    advise(episode(0, said=content("Sooner.")))
    assert plant.rows("SELECT state, acknowledged_by, sentence, version FROM alerts") == [
        ("acknowledged", "ann", "Sooner.", 3)
    ]
    (action,) = read_actions(plant.conn, customer.customer_id)
    assert (action.action, action.actor, action.at, action.effective_at) == ("acknowledge", "ann", NOW, START + DAY)
    plant.conn.execute("UPDATE model_states SET assessed_through = assessed_through + interval '1 day'")
    assert read_actions(plant.conn, customer.customer_id) == (action,)


def test_what_a_person_resolved_stays_resolved_while_the_condition_goes_on(plant, customer, advise):
    advise(episode(0))
    act(plant, "resolve", state="resolved", resolved_at=NOW, resolution="accepted_risk")
    (action,) = read_actions(plant.conn, customer.customer_id)
    assert action.resolution == Resolution.ACCEPTED_RISK
    plant.conn.commit()
    assert advise(episode(0)) == 0
    assert plant.rows(ALERTS) == [("resolved", "accepted_risk", 2)]
    assert advise(episode(0), episode(5)) == 1


def test_health_waits_for_a_person_who_is_acting_on_the_row(plant, database_url, advise):
    advise(episode(0))
    with psycopg.connect(database_url) as person:
        person.execute("SELECT FROM alerts FOR UPDATE")
        plant.conn.execute("SET lock_timeout = '200ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            advise(episode(0, 2))
