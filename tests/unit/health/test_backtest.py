"""What a backtest says beside its record: the price of the cap, and drawings that show what the data say."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from services.health.assessment import AlertContent, Episode, OutcomeRow, SignalRow, Stake
from services.health.backtest.budgets import budget_report
from services.health.backtest.chart import Panel, drawing
from services.health.backtest.plot import reliability_plot
from services.health.backtest.replaying import judged
from services.health.track_record.gathering import FleetRows, OpenedAlert
from services.health.track_record.scores import Bin, Calibration
from shared.alerts import AlertLife, AlertState, Tier
from tests.bench.pictures import DIRECTORY, guarantee_picture, wear_picture
from tests.unit.health.worlds import START

DAY = timedelta(days=1)
UNTIL = START + 140 * DAY


def wear_of(machine, opened, lasts=90.0):
    content = AlertContent(
        tier=Tier.WATCH,
        sentence="",
        evidence={},
        stake=Stake(hours=4.0, money=1000.0, currency="EUR"),
        expected_at=None,
        expected_low=None,
        expected_high=None,
        confidence=None,
        owner_role="service_manager",
        play="",
    )
    at = START + opened * DAY
    life = AlertLife(state=AlertState.RESOLVED, pending_since=at, opened_at=at, resolved_at=at + lasts * DAY)
    return Episode(kind="wear", scope_type="asset", scope_id=machine, life=life, content=content)


def report(episodes, failures):
    alerts = [
        OpenedAlert(
            customer_id=1,
            kind="wear",
            scope_type="asset",
            scope_id=e.scope_id,
            opened_at=e.life.opened_at,
            ended_at=e.life.resolved_at,
            resolution="recovered",
            expected_at=None,
        )
        for e in episodes
    ]
    outcomes = [
        (1, OutcomeRow(scope_type="asset", scope_id=m, outcome="asset_failure", at=START + d * DAY, happened=True))
        for m, d in failures
    ]
    rows = FleetRows(alerts=alerts, outcomes=outcomes, forecasts=[], through={1: UNTIL}, unseen=[])
    return budget_report({1: episodes}, rows, START, UNTIL)


def test_the_sixth_alert_of_a_week_waits_and_what_is_over_by_then_was_missed():
    shown = [wear_of(n, 1 + n / 10) for n in range(5)]
    told = report([*shown, wear_of(5, 2), wear_of(6, 3, lasts=2), wear_of(7, 3, lasts=2)], [(5, 30), (6, 40)])
    assert (told.owners, told.held_back, told.delayed, told.missed) == (1, 2, 1, 1)
    assert told.lead_lost_h == pytest.approx(24 * 6.0)
    assert (told.stake_hours, told.money) == (4.0, {"EUR": 1000.0})


def test_without_the_cap_an_owner_would_have_had_all_in_one_week():
    told = report([wear_of(n, 7 * (n // 8) + (n % 8) / 10) for n in range(160)], [])
    assert told.p95_uncapped == 8
    assert told.p95 == 5


def test_a_line_breaks_where_nothing_is_known_and_stays_in_its_frame():
    panel = Panel(left=10, top=20, width=100, height=50, x=(0, 10), y=(0, 5))
    path = panel.line(np.array([0.0, 5, 6, 10, 10]), np.array([0.0, 5, np.nan, 1, 9]), "#000000")
    assert re.findall(r"[ML][\d.]+ [\d.]+", path) == ["M10.0 70.0", "L60.0 20.0", "M110.0 60.0", "L110.0 20.0"]


def test_text_of_a_drawing_is_text():
    assert "a &lt; b &amp; c</text>" in drawing(
        10, 10, [Panel(left=0, top=0, width=1, height=1, x=(0, 1), y=(0, 1)).note(0, 0, "a < b & c", "#000000")]
    )


def test_a_reliability_diagram_has_a_dot_for_each_bin_where_it_was_told_and_happened():
    nothing = judged({}, {}, START, UNTIL)
    bins = (Bin(forecasts=10, told=0.0, happened=0.25), Bin(forecasts=10, told=1.0, happened=0.5))
    told = Calibration(
        horizon_days=90,
        forecasts=20,
        happened=8,
        base_rate=0.4,
        brier=0.2,
        brier_skill=0.1,
        calibration_error=0.3,
        bins=bins,
    )
    found = replace(nothing, records={"wear": replace(nothing.records["wear"], calibration=(told,))})
    picture = reliability_plot(found)
    dots = [tuple(map(float, at)) for at in re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', picture)]
    (left, low), (right, high) = dots
    assert right - left == 290
    assert low - high == pytest.approx(290 / 4)
    assert "wear within 90 days: 20 forecasts, 8 happened" in picture


def signal(kind, day, value, evidence=None, expected=(None, None, None)):
    at, low, high = (None if d is None else START + d * DAY for d in expected)
    return SignalRow(
        scope_type="asset",
        scope_id=1,
        kind=kind,
        day=START.date() + (day - 1) * DAY,
        value=value,
        confidence=None,
        expected_at=at,
        expected_low=low,
        expected_high=high,
        evidence=evidence or {},
    )


def test_the_pictures_show_the_alert_the_failure_and_what_was_foretold():
    rows = [
        signal("deviation", 100, 1.0),
        signal("deviation", 120, 3.0, expected=(180, 160, 200)),
        signal("deviation", 121, 3.0, expected=(180, 160, 200)),
    ]
    picture = wear_picture(rows, 130.0, 170.0)
    assert {"alert on day 130", "it fails on day 170", "the day on which it failed: 170"} <= set(
        re.findall(r">([^<]+)</text>", picture)
    )
    ((points,),) = [re.findall(r'points="([^"]+)"', picture)]
    assert len({y for _, y in (point.split(",") for point in points.split())}) == 2
    spent = [
        signal("attributed_availability", day, 0.9, {"spent_h": 3.0 * day, "budget_h": 300.0}) for day in (50, 101, 110)
    ]
    burn = [signal("guarantee_burn", day, 1.0) for day in (50, 101)]
    words = re.findall(
        r">([^<]+)</text>", guarantee_picture([*spent, *burn, signal("guarantee_breach", 50, 0.5)], 60.0)
    )
    assert {"the budget: 300 h", "spent on day 101", "alert on day 60"} <= set(words)


@pytest.mark.parametrize("name", ["wear", "guarantee", "value", "reliability"])
def test_the_pictures_that_are_kept_are_small_and_their_words_are_text(name):
    kept = Path(DIRECTORY, f"{name}.svg").read_text()
    assert len(kept) < 60_000
    assert "</text>" in kept
