"""From samples to alerts, customer beside customer."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from services.health import cycle
from services.health.cycle import CycleLimits
from services.health.data_acquisition.change_intake import newest_change, take_changes
from services.health.settings import HealthSettings

from .conftest import WALL_CLOCK
from .plant import DAY, HOUR, START, Sample
from .story import told_by


def test_samples_become_an_alert_that_the_feed_tells(plant, run_health):
    customer = plant.customer("alpha", machines=2)
    plant.deliver(customer, told_by(customer))
    run_health()
    alerts = plant.rows(
        "SELECT alert_id::text, scope_id, state FROM alerts WHERE kind = 'wear' ORDER BY pending_since DESC"
    )
    assert alerts[0][1:] == (customer.machines[0].asset_id, "open")
    told = plant.rows("SELECT subject, subject_id, transition FROM changes WHERE body ->> 'kind' = 'wear'")
    assert ("alert", alerts[0][0], "opened") in told


def test_running_again_without_news_changes_nothing(plant, run_health):
    customer = plant.customer("alpha", machines=2)
    plant.deliver(customer, told_by(customer, days=20))
    assert run_health().assessed == (customer.customer_id,)
    assert run_health().assessed == ()


def test_a_source_that_is_idle_is_advanced_by_ticks_until_its_silence_is_an_alert(plant, run_health):
    customer = plant.customer("alpha")
    plant.deliver(customer, told_by(customer, days=10))
    run_health()
    assert plant.rows("SELECT * FROM alerts WHERE kind = 'silent_source'") == []
    plant.tick(customer, START + 12 * DAY)
    run_health()
    assert plant.rows("SELECT scope_type, scope_id, state FROM alerts WHERE kind = 'silent_source'") == [
        ("site", customer.site_id, "open")
    ]
    plant.deliver(customer, [Sample(customer.machines[0].series["state"], START + 13 * DAY, "RUN")])
    plant.tick(customer, START + 14 * DAY)
    run_health()
    assert plant.rows("SELECT state, resolution FROM alerts WHERE kind = 'silent_source' ORDER BY pending_since")[
        0
    ] == (
        "resolved",
        "recovered",
    )


def test_a_machine_that_is_sold_is_each_customers_own_for_its_time(plant, run_health):
    seller, buyer = plant.customer("seller", machines=2), plant.customer("buyer")
    sold, sold_on = seller.machines[0], START + 10 * DAY
    plant.conn.execute(
        "INSERT INTO placements (asset_id, valid_from, site_id) VALUES (%s, %s, %s)",
        [sold.asset_id, sold_on, buyer.site_id],
    )
    plant.conn.execute(
        "UPDATE bindings SET asset_id = %s, valid_from = %s WHERE asset_id = %s",
        [sold.asset_id, sold_on, buyer.machines[0].asset_id],
    )
    told = told_by(seller, days=20)
    plant.deliver(seller, [s for s in told if s.at < sold_on or s.series_id not in sold.series.values()])
    plant.deliver(buyer, [s for s in told_by(buyer, days=20) if s.at >= sold_on])
    run_health()
    plant.deliver(seller, [Sample(seller.machines[1].series["state"], START + DAY + HOUR / 2, "FAULT")])
    run_health()
    times = plant.rows(f"SELECT day, unknown_s FROM times_daily WHERE asset_id = {sold.asset_id} ORDER BY day")
    assert times == [((START + n * DAY).date(), pytest.approx(times[n][1] if n == 19 else 0)) for n in range(20)]
    states = plant.rows(
        f"SELECT started_at, ended_at, state FROM state_intervals WHERE asset_id = {sold.asset_id} ORDER BY started_at"
    )
    assert "unknown" not in {state for _, _, state in states}
    assert [ended for _, ended, _ in states] == [*(began for began, _, _ in states[1:]), None]


def test_alerts_of_a_customer_who_has_lost_its_last_source_end_once(plant, run_health):
    """Machines and source went to a buyer ten days ago, as is recorded today."""
    seller, buyer = plant.customer("seller"), plant.customer("buyer")
    plant.deliver(seller, told_by(seller))
    run_health()
    open_alerts = f"SELECT kind FROM alerts WHERE customer_id = {seller.customer_id} AND state <> 'resolved'"
    assert plant.rows(open_alerts) != []
    sold_on = START + 30 * DAY
    plant.conn.execute(
        "INSERT INTO placements (asset_id, valid_from, site_id) VALUES (%s, %s, %s)",
        [seller.machines[0].asset_id, sold_on, buyer.site_id],
    )
    plant.conn.execute("UPDATE sources SET site_id = %s WHERE source_id = %s", [buyer.site_id, seller.source_id])
    plant.conn.commit()
    run_health()
    assert plant.rows(open_alerts) == []
    versions = f"SELECT alert_id, version, resolution FROM alerts WHERE customer_id = {seller.customer_id} ORDER BY 1"
    ended = plant.rows(versions)
    assert "data_gap" in {resolution for _, _, resolution in ended}
    run_health()
    assert plant.rows(versions) == ended


@pytest.mark.parametrize("error", [TypeError, AttributeError, psycopg.IntegrityError])
def test_whatever_the_data_of_one_customer_raise_the_others_go_on(plant, run_health, monkeypatch, error):
    odd, fine = plant.customer("odd"), plant.customer("fine")
    for customer in (odd, fine):
        plant.deliver(customer, told_by(customer, days=2))
    assess_customer = cycle.assess_customer

    def assess(conn, customer_id, **more):
        if customer_id == odd.customer_id:
            raise error("odd data")
        return assess_customer(conn, customer_id, **more)

    monkeypatch.setattr(cycle, "assess_customer", assess)
    assert run_health().assessed == (fine.customer_id,)


def test_a_machine_that_moves_between_sites_keeps_each_sites_calendar_for_its_time(plant, run_health):
    customer = plant.customer("alpha")
    elsewhere = plant.conn.execute(
        "INSERT INTO sites (record_source, external_id, customer_id, name, timezone)"
        " VALUES ('files', 'elsewhere', %s, 'Elsewhere', 'UTC') RETURNING site_id",
        [customer.customer_id],
    ).fetchone()[0]
    plant.conn.execute(
        "INSERT INTO shifts (record_source, external_id, site_id, valid_from, weekdays, starts_at, ends_at)"
        " VALUES ('files', 'day', %s, '0001-01-01', '{0,1,2,3,4,5,6}', '06:00', '14:00')",
        [elsewhere],
    )
    plant.conn.execute(
        "INSERT INTO placements (asset_id, valid_from, site_id) VALUES (%s, %s, %s)",
        [customer.machines[0].asset_id, START + 2 * DAY, elsewhere],
    )
    plant.deliver(customer, told_by(customer, days=5))
    run_health()
    times = plant.rows("SELECT pot_s / 3600 FROM times_daily ORDER BY day")
    assert times[:4] == [(24.0,), (24.0,), (8.0,), (8.0,)]


def test_a_source_that_replays_2013_makes_nobody_else_late(plant, run_health):
    live, replaying = plant.customer("live"), plant.customer("replaying")
    plant.deliver(live, told_by(live, days=2))
    old = datetime(2013, 6, 1, tzinfo=UTC)
    plant.deliver(replaying, [Sample(replaying.machines[0].series["speed"], old + n * HOUR, 1.0) for n in range(30)])
    run_health()
    assert plant.rows("SELECT customer_id, assessed_through FROM model_states ORDER BY 1") == [
        (live.customer_id, START + 2 * DAY - HOUR),
        (replaying.customer_id, old + 29 * HOUR),
    ]


def test_a_source_that_joins_with_old_history_takes_nothing_back(plant, run_health):
    customer = plant.customer("alpha")
    joining = plant.customer("beta")
    plant.deliver(customer, told_by(customer, days=5))
    plant.conn.execute("UPDATE sources SET site_id = %s WHERE source_id = %s", [customer.site_id, joining.source_id])
    run_health()
    before = plant.rows("SELECT * FROM times_daily ORDER BY asset_id, day")
    plant.deliver(joining, [Sample(joining.machines[0].series["speed"], START - 9 * DAY, 1.0)])
    run_health()
    after = plant.rows(f"SELECT * FROM times_daily WHERE day >= '{START:%F}' ORDER BY asset_id, day")
    assert after == before
    assert plant.rows("SELECT * FROM alerts WHERE kind = 'silent_source'") == []


def test_records_that_change_the_past_are_assessed_again(plant, run_health):
    customer = plant.customer("alpha")
    plant.deliver(customer, told_by(customer, days=5))
    run_health()
    assert plant.rows("SELECT sum(planned_s) FROM times_daily") == [(0.0,)]
    plant.conn.execute(
        "INSERT INTO planned_stops (record_source, external_id, site_id, starts_at, ends_at)"
        " VALUES ('files', 'inspection', %s, %s, %s)",
        [customer.site_id, START + DAY, START + DAY + 3 * HOUR],
    )
    plant.conn.commit()
    assert run_health().assessed == (customer.customer_id,)
    assert plant.rows("SELECT sum(planned_s) FROM times_daily") == [(3 * 3600.0,)]
    assert run_health().assessed == ()


def test_what_the_data_of_one_customer_make_impossible_is_told_and_the_others_go_on(plant, run_health, capsys):
    broken, fine = plant.customer("broken"), plant.customer("fine")
    plant.conn.execute("UPDATE sites SET timezone = 'Mars/Olympus' WHERE site_id = %s", [broken.site_id])
    plant.conn.execute(
        "INSERT INTO shifts (record_source, external_id, site_id, valid_from, weekdays, starts_at, ends_at)"
        " VALUES ('files', 'day', %s, '0001-01-01', '{0,1,2,3,4}', '06:00', '14:00')",
        [broken.site_id],
    )
    for customer in (broken, fine):
        plant.deliver(customer, told_by(customer, days=3))
    assert run_health().assessed == (fine.customer_id,)
    assert "Mars/Olympus" in capsys.readouterr().out
    assert plant.rows("SELECT customer_id FROM assessments_due") == [(broken.customer_id,)]
    plant.conn.execute("UPDATE sites SET timezone = 'UTC'")
    plant.conn.commit()
    assert run_health().assessed == (broken.customer_id,)
    plant.conn.execute("UPDATE sites SET timezone = 'Mars/Olympus' WHERE site_id = %s", [broken.site_id])
    plant.conn.commit()
    assert run_health().assessed == ()


def test_late_data_that_still_pour_in_wait_for_the_rest_but_not_for_ever(plant, run_health):
    customer = plant.customer("alpha")
    told = told_by(customer, days=20)
    plant.deliver(customer, told[len(told) // 2 :])
    run_health()
    patient = CycleLimits(quiet=timedelta(days=9999), patience=timedelta(hours=1, minutes=30))
    plant.deliver(customer, told[: len(told) // 2], received_at=WALL_CLOCK)
    assert run_health(patient).assessed == ()
    assert run_health(patient).assessed == ()
    assert run_health(patient).assessed == (customer.customer_id,)


def test_with_changes_left_no_hour_is_assessed_that_they_touch(plant, run_health):
    customer = plant.customer("alpha")
    for n in range(6):
        plant.deliver(customer, [Sample(customer.machines[0].series["speed"], START + n * HOUR, 1.0)])
    report = run_health(CycleLimits(changes_at_once=2, roll_up_for=timedelta(0)), once=True)
    assert (report.changes, report.more) == (2, True)
    assert plant.rows("SELECT assessed_through FROM model_states") == [(START + 2 * HOUR,)]


def test_a_change_that_spans_more_than_is_taken_at_once_is_taken_alone(plant, conn):
    customer = plant.customer("alpha")
    for series in ("speed", "vibration", "temperature"):
        told = [Sample(customer.machines[0].series[series], START + n * DAY, 1.0) for n in (0, 5)]
        plant.deliver(customer, told)
    taken = []
    while not taken or taken[-1]:
        taken.append(take_changes(conn, newest=newest_change(conn), most=10, hours=250, now=WALL_CLOCK))
    assert taken == [2, 1, 0]
    plant.deliver(customer, told)
    assert take_changes(conn, newest=newest_change(conn), most=10, hours=1, now=WALL_CLOCK) == 1


def test_changes_are_taken_at_once_where_statistics_say_that_there_are_none(plant, conn):
    series_id = plant.customer("alpha").machines[0].series["speed"]

    def change(count):
        conn.execute(
            "INSERT INTO changed_ranges (series_id, range_from, range_through, received_at)"
            " SELECT %s, %s, %s, %s FROM generate_series(1, %s)",
            [series_id, START, START, START, count],
        )
        conn.commit()

    change(20_000)
    conn.execute("DELETE FROM changed_ranges")
    conn.execute("ANALYZE changed_ranges")
    change(20_000)
    conn.execute("SET statement_timeout = '20s'")
    conn.commit()
    assert take_changes(conn, newest=newest_change(conn), most=5000, hours=50_000, now=WALL_CLOCK) == 5000


def test_changes_of_a_source_that_belongs_to_nobody_are_rolled_up(plant, run_health):
    customer = plant.customer("alpha")
    plant.conn.execute("UPDATE sources SET site_id = NULL")
    plant.conn.execute("DELETE FROM bindings")
    plant.deliver(customer, told_by(customer, days=1))
    assert run_health().assessed == ()
    assert plant.rows("SELECT count(*) > 0 FROM rollups_1h") == [(True,)]
    assert plant.rows("SELECT count(*) FROM changed_ranges") == [(0,)]


def test_states_outlive_their_raw_samples(plant, run_health):
    customer = plant.customer("alpha", machines=2)
    told = told_by(customer)
    plant.deliver(customer, told)
    run_health()
    for day in (100, 200):
        plant.tick(customer, START + day * DAY)
    run_health()
    before = plant.rows("SELECT * FROM state_intervals ORDER BY asset_id, started_at")
    assert plant.rows("SELECT count(*) FROM samples_text") == [(0,)]
    assert plant.rows("SELECT count(*) FROM ticks") == [(1,)]
    plant.deliver(customer, [Sample(customer.machines[0].series["speed"], START - HOUR, 1.0)])
    run_health()
    after = plant.rows("SELECT * FROM state_intervals ORDER BY asset_id, started_at")
    assert [row for row in after if row[3] != "unknown"] == [row for row in before if row[3] != "unknown"]


@pytest.mark.parametrize("interval", [0, -1])
def test_an_interval_must_take_time(interval):
    with pytest.raises(ValueError, match="interval_s"):
        HealthSettings(interval_s=interval)
