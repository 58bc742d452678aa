"""The record of alerts is kept as health goes on, and a backtest finds the same without writing anything."""

import json
from datetime import timedelta

from services.health.backtest.command import backtest
from services.health.backtest.replaying import assessed_customers, judged, replayed
from services.health.customer_assessment import AssessmentLimits
from services.health.cycle import CycleLimits, Memory, run_cycle
from shared.database import connect

from .conftest import WALL_CLOCK
from .plant import DAY, START
from .story import conclusions, told_by

THROUGH = START + 60 * DAY
KEPT = "SELECT kind, as_of, alerts, standing, outcomes, caught, skill FROM track_records ORDER BY kind, as_of"


def lived(plant, run_health):
    customer = plant.customer("alpha", machines=2)
    plant.deliver(customer, told_by(customer))
    run_health()


def test_a_record_is_kept_each_monday_and_at_the_newest_midnight(plant, run_health):
    lived(plant, run_health)
    wear = [row[1:] for row in plant.rows(KEPT) if row[0] == "wear"]
    assert [(at - START) // DAY for at, *_ in wear] == [14, 21, 28, 35, 42, 49, 56, 59]
    assert wear[-1][1:] == (2, 2, 6, 0, "not_known_yet")


def test_the_record_waits_until_nothing_else_is_to_do_and_ten_minutes_are_over(plant, database_url):
    customer = plant.customer("alpha")
    told, memory, kept = told_by(customer, days=24), Memory(), []
    calm, busy = CycleLimits(), CycleLimits(changes_at_once=1, roll_up_for=timedelta(0))
    with connect(database_url, application="test-health") as health:
        health.autocommit = True
        for days, minute, limits in ((16, 0, busy), (16, 1, calm), (20, 10, calm), (24, 11, calm)):
            plant.deliver(customer, [s for s in told if s.at < START + days * DAY])
            plant.deliver(customer, told[:1])
            run_cycle(health, memory, limits, now=WALL_CLOCK + timedelta(minutes=minute))
            kept.append(plant.rows("SELECT max(as_of) FROM track_records")[0][0])
    assert kept == [None, START + 15 * DAY, START + 15 * DAY, START + 23 * DAY]


def test_what_was_said_at_its_opening_stays_as_it_was(plant, run_health):
    lived(plant, run_health)
    said = plant.rows("SELECT issued_tier, issued_expected_at < expected_at FROM alerts WHERE kind = 'wear'")
    assert said == [("act", True), ("act", True)]


def test_a_backtest_finds_the_record_that_was_lived_and_writes_nothing(plant, run_health, database_url):
    lived(plant, run_health)
    before = conclusions(plant)
    newest = plant.rows("SELECT max(as_of) FROM track_records")[0][0]
    with connect(database_url, application="test") as conn:
        conn.read_only = True
        customers = assessed_customers(conn, None)
        found = dict(replayed(conn, customers, newest, AssessmentLimits()))
    told = judged(found, customers, START, newest).records
    kept = [(k, r.as_of, r.alerts, r.standing, r.outcomes, r.caught, r.skill) for k, r in sorted(told.items())]
    assert kept == [row for row in plant.rows(KEPT) if row[1] == newest]
    assert conclusions(plant) == before


def test_the_command_answers_programs_and_people(plant, run_health, database_url, capsys):
    lived(plant, run_health)
    capsys.readouterr()
    backtest(database_url, START, THROUGH, ["alpha"], as_json=True)
    answer = json.loads(capsys.readouterr().out)
    assert (answer["customers"], answer["records"]["wear"]["outcomes"]) == (1, 6)
    backtest(database_url, START, THROUGH, None, as_json=False)
    assert "wear 90 d" in capsys.readouterr().out
