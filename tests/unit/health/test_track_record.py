"""How often alerts were right. Days are counted from an epoch; each machine is a scope of its own."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.health.advisory_generation.alert_kinds import ASSET_FAILURE, ASSET_WORK, GUARANTEE_WINDOW, OutcomeTest
from services.health.assessment import ForecastRow, OutcomeRow
from services.health.track_record.controls import shuffled_precision
from services.health.track_record.fleet_record import record_instants
from services.health.track_record.gathering import FleetRows, OpenedAlert, history_of
from services.health.track_record.record import record
from services.health.track_record.skill import Skill, evidence, needed, skill

EPOCH = datetime(2024, 1, 1, tzinfo=UTC)
WEAR = OutcomeTest(outcome=ASSET_FAILURE, horizon_days=30, in_time_h=24)
BREACH = OutcomeTest(outcome=GUARANTEE_WINDOW, horizon_days=367, in_time_h=24, decided=True, dated=True)


def day(number):
    return EPOCH + timedelta(days=number)


def alert(machine, opened, ended=None, resolution=None, *, dated=True):
    return OpenedAlert(
        customer_id=1,
        kind="kind",
        scope_type="asset",
        scope_id=machine,
        opened_at=day(opened),
        ended_at=None if ended is None else day(ended),
        resolution=resolution,
        expected_at=day(opened + 20) if dated else None,
    )


def outcome(machine, at, name=ASSET_FAILURE, *, happened=True):
    return OutcomeRow(scope_type="asset", scope_id=machine, outcome=name, at=day(at), happened=happened)


def forecast(machine, at, probability, days=30):
    return ForecastRow(
        kind="kind",
        scope_type="asset",
        scope_id=machine,
        horizon_days=days,
        at=day(at),
        until=day(at + days),
        probability=probability,
    )


def told(alerts=(), outcomes=(), forecasts=(), unseen=(), *, as_of=365, test=WEAR, through=365):
    rows = FleetRows(
        alerts=list(alerts),
        outcomes=[(1, row) for row in outcomes],
        forecasts=[(1, row) for row in forecasts],
        through={1: day(through)},
        unseen=[(1, machine, day(at).date()) for machine, at in unseen],
    )
    return record(test, (30,), history_of("kind", test, rows), day(as_of))


def counts(found):
    named = ("came_true", "too_early", "false_alarms", "averted", "unjudged", "standing")
    return {name: getattr(found, name) for name in named if getattr(found, name)}


def test_a_kind_that_work_proves_right_is_judged_by_work_and_by_how_usual_work_is():
    looked_at = OutcomeTest(outcome=ASSET_WORK, horizon_days=30, in_time_h=0)
    work = [outcome(1, 15, ASSET_WORK), outcome(3, 70, ASSET_WORK)]
    spans = [forecast(machine, at, None) for machine in (1, 2, 3) for at in (0, 30, 60)]
    found = told([alert(1, 10, dated=False), alert(2, 20, dated=False)], work, spans, test=looked_at)
    assert counts(found) == {"came_true": 1, "false_alarms": 1}
    assert found.base_rate == pytest.approx(2 / 9)


def test_three_alerts_and_two_failures():
    found = told([alert(1, 10), alert(2, 20), alert(3, 30)], [outcome(1, 22), outcome(4, 50)])
    assert counts(found) == {"came_true": 1, "false_alarms": 2}
    assert found.precision == pytest.approx(1 / 3)
    assert (found.outcomes, found.caught, found.recall) == (2, 1, 0.5)
    assert (found.lead_median_h, found.lead_p10_h) == (12 * 24, 12 * 24)


def test_lead_times_are_those_of_the_earliest_alert_in_time():
    machines = [alert(1, 10), alert(1, 15, 16), alert(2, 10), alert(3, 10)]
    found = told(machines, [outcome(1, 20), outcome(2, 30), outcome(3, 40)])
    assert found.lead_median_h == 20 * 24
    assert found.lead_p10_h == pytest.approx(12 * 24)


def test_an_alert_hours_before_its_failure_came_true_but_not_in_time():
    found = told([alert(1, 10)], [outcome(1, 10.5)])
    assert counts(found) == {"came_true": 1}
    assert found.recall == 0


@pytest.mark.parametrize(
    ("ended", "resolution", "more", "verdict"),
    [
        (25, "materialised", [outcome(1, 25)], "came_true"),
        (90, "materialised", [outcome(1, 90)], "too_early"),
        (25, "recovered", [outcome(1, 30)], "came_true"),
        (25, "recovered", [], "false_alarms"),
        (12, "dismissed_false", [], "false_alarms"),
        (12, "dismissed_false", [outcome(1, 30)], "came_true"),
        (12, "accepted_risk", [outcome(1, 30)], "came_true"),
        (12, "averted", [], "averted"),
        (12, "recovered", [outcome(1, 11, ASSET_WORK)], "unjudged"),
        (12, "data_gap", [], "unjudged"),
        (12, "duplicate", [], "unjudged"),
        (None, None, [], "false_alarms"),
    ],
)
def test_what_becomes_of_an_alert(ended, resolution, more, verdict):
    assert counts(told([alert(1, 10, ended, resolution)], more)) == {verdict: 1}


def test_right_and_wrong_are_judged_when_the_horizon_is_over_alike():
    alerts, failures = [alert(1, 10), alert(2, 10)], [outcome(1, 12)]
    assert counts(told(alerts, failures, as_of=39)) == {"standing": 2}
    assert counts(told(alerts, failures, as_of=40)) == {"came_true": 1, "false_alarms": 1}


def test_what_is_not_assessed_yet_is_not_judged():
    assert counts(told([alert(1, 10)], through=35)) == {"standing": 1}


def test_a_guarantee_is_judged_when_its_window_closes():
    closes = [outcome(1, 100, GUARANTEE_WINDOW, happened=False), outcome(2, 100, GUARANTEE_WINDOW)]
    alerts = [alert(1, 50), alert(2, 50), alert(2, 60, dated=False)]
    assert counts(told(alerts, closes, as_of=99, test=BREACH)) == {"standing": 2, "unjudged": 1}
    found = told(alerts, closes, as_of=101, test=BREACH)
    assert counts(found) == {"came_true": 1, "false_alarms": 1, "unjudged": 1}
    assert found.base_rate == 0.5


def test_a_burn_that_turned_into_a_feared_breach_is_right_only_where_the_window_closed_broken():
    closes = [outcome(1, 100, GUARANTEE_WINDOW, happened=False), outcome(2, 100, GUARANTEE_WINDOW)]
    burns = [alert(machine, 50, 60, "materialised") for machine in (1, 2)]
    assert counts(told(burns, closes, as_of=101, test=BREACH)) == {"came_true": 1, "false_alarms": 1}


def test_the_shuffled_control_judges_each_alert_by_every_other_scope():
    """Two of four machines fail in time: one of the three others of a good alert, two of those of a bad one."""
    rows = FleetRows(
        alerts=[alert(1, 10), alert(3, 10)],
        outcomes=[(1, outcome(1, 20)), (1, outcome(2, 20))],
        forecasts=[(1, forecast(machine, 0, 0.5)) for machine in (1, 2, 3, 4)],
        through={1: day(365)},
        unseen=[],
    )
    history = history_of("kind", WEAR, rows)
    assert shuffled_precision(WEAR, history, day(365)) == pytest.approx((1 / 3 + 2 / 3) / 2)
    assert shuffled_precision(WEAR, history, day(365), day(11).timestamp()) is None
    alone = FleetRows(
        alerts=[alert(1, 10)], outcomes=[(1, outcome(1, 20))], forecasts=[], through={1: day(365)}, unseen=[]
    )
    assert shuffled_precision(WEAR, history_of("kind", WEAR, alone), day(365)) is None


def test_brier_score_and_its_skill_against_the_base_rate():
    """(0.1^2 + 0.2^2 + 0.6^2 + 0.4^2) / 4 = 0.1425; two of four happened, so the base rate scores 0.25."""
    forecasts = [forecast(n, 10, p) for n, p in ((1, 0.9), (2, 0.8), (3, 0.6), (4, 0.4))]
    found = told((), [outcome(1, 20), outcome(2, 30)], forecasts).calibration[0]
    assert found.brier == pytest.approx((0.01 + 0.04 + 0.36 + 0.16) / 4)
    assert found.brier_skill == pytest.approx(1 - 0.1425 / 0.25)
    assert (found.forecasts, found.happened, found.base_rate) == (4, 2, 0.5)


def test_reliability_has_bins_of_equally_many():
    forecasts = [forecast(n, 10, 0.1 if n < 10 else 0.9) for n in range(20)]
    found = told((), [outcome(n, 20) for n in (3, *range(11, 20))], forecasts).calibration[0]
    assert [(b.forecasts, round(b.told, 9), b.happened) for b in found.bins] == [(10, 0.1, 0.1), (10, 0.9, 0.9)]
    assert found.calibration_error == pytest.approx(0)


def test_a_forecast_on_which_somebody_acted_is_censored():
    forecasts = [forecast(1, 10, 0.9), forecast(2, 10, 0.9), forecast(3, 10, 0.2)]
    acted = [outcome(1, 15, ASSET_WORK), outcome(2, 20), outcome(2, 21, ASSET_WORK)]
    found = told((), acted, forecasts).calibration[0]
    assert (found.forecasts, found.happened) == (2, 1)


def test_that_nothing_was_seen_says_nothing_while_nobody_could_see():
    """Of 30 days, six may be unseen; a seventh is more than a fifth. What happened did happen all the same."""
    alerts, forecasts = [alert(1, 10), alert(2, 10), alert(3, 10)], [forecast(n, 10, 0.1) for n in (1, 2, 3)]
    days = [(1, 11 + n) for n in range(6)] + [(2, 11 + n) for n in range(7)] + [(3, 11 + n) for n in range(20)]
    found = told(alerts, [outcome(3, 20)], forecasts, days)
    assert counts(found) == {"false_alarms": 1, "unjudged": 1, "came_true": 1}
    assert (found.calibration[0].forecasts, found.calibration[0].happened) == (2, 1)


def test_without_outcomes_nothing_is_known_and_no_share_is_nought_or_one():
    found = told([alert(n, 10) for n in range(50)], (), [forecast(n, 10, 0.5) for n in range(50)])
    assert found.skill is Skill.NOT_KNOWN_YET
    assert (found.precision, found.recall, found.base_rate, found.ready_on) == (None, None, None, None)
    assert found.calibration[0].brier is None


def test_skill_is_demonstrated_where_alerts_beat_an_alert_at_any_moment():
    machines, windows = range(20), [forecast(n, at, None) for n in range(20) for at in (40, 100, 160, 220)]
    failures = [outcome(n, 170) for n in machines]
    good = told([alert(n, 160) for n in machines], failures, windows)
    blind = told([alert(n, at) for n in machines for at in (40, 100)], failures, windows)
    assert good.skill is Skill.DEMONSTRATED
    assert good.base_rate == 0.25
    assert blind.skill is Skill.NONE


def test_what_is_not_known_yet_says_when_it_will_be():
    """One alert a ten days, each judged 30 days later; as many are missing as the rate takes."""
    windows = [forecast(n, 0, None) for n in range(9)]
    found = told([alert(n, 10 * n) for n in range(4)], [outcome(1, 20)], windows, as_of=40)
    assert found.skill is Skill.NOT_KNOWN_YET
    assert found.needed == needed(0.18)
    missing = found.needed - 2 - 2
    assert found.ready_on == date(2024, 1, 1) + timedelta(days=40 + missing * 10 + 30)


def test_it_is_ready_when_enough_alerts_stand_already():
    windows = [forecast(n, 0, None) for n in range(18)]
    found = told([alert(n, 30 + n) for n in range(30)], [outcome(1, 15)], windows, as_of=60)
    assert found.ready_on == date(2024, 1, 1) + timedelta(days=30 + found.needed - 1 + 30)


@pytest.mark.parametrize("base", [0.05, 0.2, 0.5])
def test_chance_alone_hardly_ever_shows_skill_however_often_one_looks(base):
    """Ville's inequality: at most 1 of 20 sequences reaches 20, looked at after each of 100 alerts."""
    hits = np.random.default_rng(3).random((400, 100)) < base
    table = [[evidence(k, n, base) for k in range(n + 1)] for n in range(101)]
    fooled = [any(table[n + 1][k] >= 20 for n, k in enumerate(np.cumsum(row))) for row in hits]
    assert np.mean(fooled) <= 0.05


def test_evidence_of_one_hit_is_the_mean_of_its_likelihood_ratio():
    """Against b = 0.5: the mean of p over 0.5..1 is 0.75, so one hit is 1.5 times likelier; one miss half as likely."""
    assert evidence(1, 1, 0.5) == pytest.approx(1.5)
    assert evidence(0, 1, 0.5) == pytest.approx(0.5)
    assert skill(0, 0, 5, 0.5) is Skill.NOT_KNOWN_YET


def test_records_are_kept_on_mondays_and_at_the_last_midnight():
    assert record_instants(day(2), day(16.5)) == [day(7), day(14), day(16)]
    assert record_instants(day(2), day(2.9)) == []


events = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 120)), max_size=12, unique=True)


@given(events, events, st.tuples(st.integers(0, 3), st.integers(0, 120)))
def test_a_true_alert_more_never_lowers_recall(alerts, failures, more):
    rows = [alert(*each) for each in alerts]
    happened = [*(outcome(*each) for each in failures), outcome(more[0], more[1] + 10.5)]
    before, after = told(rows, happened), told([*rows, alert(*more)], happened)
    assert after.recall >= before.recall


@given(events, events)
def test_what_was_averted_is_never_false(alerts, failures):
    rows, happened = [alert(*each) for each in alerts], [outcome(*each) for each in failures]
    with_success = told([*rows, alert(9, 50, 60, "averted")], happened)
    assert with_success.false_alarms == told(rows, happened).false_alarms
    assert with_success.averted == 1


@given(events, events, st.integers(0, 150), events, events)
def test_a_record_never_changes_by_what_comes_later(alerts, failures, now, later_alerts, later_failures):
    """Reckoned then or from a longer history, the record of an instant is the same."""
    rows, happened = [alert(*each) for each in alerts], [outcome(*each) for each in failures]
    lived = [a for a in rows if a.opened_at <= day(now)], [o for o in happened if o.at <= day(now)]
    rows += [alert(m, now + 1 + at) for m, at in later_alerts]
    happened += [outcome(m, now + 1 + at) for m, at in later_failures]
    assert told(rows, happened, as_of=now, through=400) == told(*lived, as_of=now, through=now)


@given(events, events, st.permutations(range(4)), st.integers(0, 50))
def test_names_and_dates_of_machines_do_not_matter(alerts, failures, names, weeks):
    def moved(each):
        return names[each[0]], each[1] + 7 * weeks

    one = told([alert(*a) for a in alerts], [outcome(*f) for f in failures], as_of=200, through=200)
    shifted = 200 + 7 * weeks
    other = told(
        [alert(*moved(a)) for a in alerts], [outcome(*moved(f)) for f in failures], as_of=shifted, through=shifted
    )
    assert counts(one) == counts(other)
    assert (one.precision, one.recall, one.lead_median_h) == (other.precision, other.recall, other.lead_median_h)


def test_a_fleet_in_which_nothing_fails_has_a_record_too():
    assert skill(0, 3, 1, 1 / 1000) is Skill.NOT_KNOWN_YET
    assert needed(1 / 1000) == needed(0.01)
    assert needed(999 / 1000) == needed(0.99)
