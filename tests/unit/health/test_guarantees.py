"""The error budget of a guarantee: windows, spending, probability, dates and money, on worked cases and properties."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.health.block import StateSamples
from services.health.prognostic_assessment.guarantees.breach import Fleet, returns, simulate
from services.health.prognostic_assessment.guarantees.budget import budget
from services.health.prognostic_assessment.guarantees.terms import allowed_share, terms_on
from services.health.state_detection.attributed_hours import attributed_hours, plan
from services.health.state_detection.calendars import Calendar
from services.health.state_detection.state_intervals import intervals
from services.health.state_detection.supplier_stops import Stops, stop_days, stops_until
from tests.unit.health.worlds import contract

DAY = 86400.0
START_DAY = (date(2022, 1, 3) - date(1970, 1, 1)).days
GUARANTEE = contract(guaranteed_availability=0.95, guarantee_window_days=100)


def stops(lost_h, machine=1, lasts=False):
    """One machine's stops from hours lost a day, each over on its day but perhaps the last."""
    lost = np.asarray(lost_h, dtype=float) * 3600
    began = np.flatnonzero(lost)
    return Stops(
        asset_id=np.full(len(began), machine),
        began=START_DAY + began,
        lost_s=lost[began],
        lasts=np.arange(len(began)) == (len(began) - 1 if lasts else -1),
    )


def fleet(days, machines=1, planned_h=24.0, known_h=24.0):
    return Fleet(
        asset_id=np.arange(1, machines + 1),
        ahead_s=np.full(machines, planned_h * 3600),
        known_s=np.full(machines, known_h * 3600 * (0.5 ** (np.arange(days) / 90)).sum()),
    )


def at(lost_h, *, versions=(GUARANTEE,), known_h=None, planned_h=24.0, first=START_DAY, lasts=False):
    """The budget on the evening of the last of some days of one machine."""
    lost = np.asarray(lost_h, dtype=float) * 3600
    known = np.full(len(lost), planned_h) if known_h is None else np.asarray(known_h, dtype=float)
    days = np.column_stack([np.full(len(lost), planned_h * 3600), known * 3600, lost])
    (terms,) = terms_on(versions, first + len(lost) - 1)
    hours = np.repeat(days / 24, 24, axis=0)
    mine = fleet(len(lost), planned_h=planned_h, known_h=known.mean())
    return budget(terms, versions, days, first, len(lost) - 1, mine, stops(lost_h, lasts=lasts), hours=hours)


def test_a_worked_budget():
    """5 % of 100 days of 24 h are 120 h; 50 days of 1.2 h spend 60 h, and 1.2 h a day is exactly what is allowed."""
    found = at([1.2] * 50)
    assert found.spent_s / 3600 == pytest.approx(60)
    assert found.budget_s / 3600 == pytest.approx(120)
    assert found.attributed_availability == pytest.approx(0.95)
    assert found.expected_s / 3600 == pytest.approx(120, rel=0.05)
    assert 0.3 < found.probability < 0.7
    assert [round(burn.long, 6) for burn in found.burns] == [1.0, 1.0, 1.0]
    assert (found.first_day, found.last_day, found.coverage) == (START_DAY, START_DAY + 99, 1.0)


def test_twice_the_allowed_burn_breaks_the_guarantee_half_way():
    found = at([2.4] * 30)
    assert found.probability > 0.95
    assert found.expected[0] == pytest.approx((START_DAY + 50) * DAY, abs=5 * DAY)
    assert found.expected[1] <= found.expected[0] <= found.expected[2]
    assert not at([2.4] * 49).breached
    assert at([2.4] * 51).breached
    assert at([2.4] * 51).probability == 1.0


def test_an_untouched_budget_is_safe():
    found = at([0.0] * 40)
    assert found.probability == 0.0
    assert np.isnan(found.expected[0])


def test_a_new_window_starts_with_a_whole_budget():
    found = at([2.4] * 101)
    assert found.first_day == START_DAY + 100
    assert found.spent_s / 3600 == pytest.approx(2.4)


def test_before_four_weeks_nothing_is_said():
    assert at([2.4] * 27) is None
    assert at([2.4] * 40, known_h=[0.0] * 40) is None


def test_time_without_data_shrinks_the_window():
    """10 of 50 days unknown: 40 days of 24 h and 50 days ahead allow 5 % of 2160 h."""
    found = at([0.0] * 49 + [1.0], known_h=[0.0] * 10 + [24.0] * 40)
    assert found.budget_s / 3600 == pytest.approx(0.05 * 24 * 90)
    assert found.coverage == pytest.approx(0.8)
    assert found.attributed_availability == pytest.approx(1 - 1 / 960)


def test_a_rolling_window_forgets_what_lies_behind_it():
    """60 h on day 3 count for 100 days: on day 100 they still do, on day 103 they do not."""
    rolling = contract(guaranteed_availability=0.98, guarantee_window_days=100, guarantee_window="rolling")
    lost = [0.0] * 3 + [60.0] + [0.0] * 100
    assert at(lost[:40], versions=(rolling,)).breached
    assert at(lost[:101], versions=(rolling,)).breached
    after = at(lost, versions=(rolling,))
    assert (after.spent_s, after.breached, after.probability < 1) == (0.0, False, True)
    assert (after.first_day, after.last_day) == (START_DAY + 4, START_DAY + 203)


def test_a_rolling_window_can_mend_without_a_new_one():
    """Of 40 allowed hours 39 were lost at the window's beginning; they are gone before much else can be lost."""
    terms = {"guaranteed_availability": 1 - 40 / 2400, "guarantee_window_days": 100}
    lost = [39.0] + [0.0] * 50 + [0.5] + [0.0] * 47
    rolling = at(lost, versions=(contract(guarantee_window="rolling", **terms),))
    assert 0 < rolling.probability < 0.6
    assert rolling.spent_s / 3600 == pytest.approx(39.5)


def test_an_amendment_counts_from_its_day():
    """95 % for 20 days, then 98 %: (20 x 5 % + 80 x 2 %) of 24 h."""
    stricter = contract(
        guaranteed_availability=0.98, guarantee_window_days=100, valid_from=date(2022, 1, 3) + timedelta(days=20)
    )
    found = at([0.5] * 40, versions=(GUARANTEE, stricter))
    assert found.budget_s / 3600 == pytest.approx(24 * (20 * 0.05 + 80 * 0.02))
    assert allowed_share((GUARANTEE, stricter), START_DAY + 18, START_DAY + 21) == pytest.approx(
        [0.05, 0.05, 0.02, 0.02]
    )


def test_days_of_an_amendment_without_a_guarantee_are_in_no_window():
    """Of 60 days the 20 in the middle have no guarantee: what was lost on them counts as little as they do."""
    since = [date(2022, 1, 3) + timedelta(days=day) for day in (20, 40)]
    none = contract(valid_from=since[0])
    again = contract(guaranteed_availability=0.97, guarantee_window_days=100, valid_from=since[1])
    found = at([1.0] * 20 + [24.0] * 20 + [1.0] * 20, versions=(GUARANTEE, none, again))
    assert found.spent_s / 3600 == pytest.approx(40)
    assert found.budget_s / 3600 == pytest.approx(24 * (20 * 0.05 + 60 * 0.03))
    assert (found.known_s / 3600, found.pbt_s / 3600) == pytest.approx((24 * 40, 24 * 40))


def test_a_window_ends_with_its_contract():
    ends = contract(
        guaranteed_availability=0.95, guarantee_window_days=100, ends_on=date(2022, 1, 3) + timedelta(days=59)
    )
    found = at([1.0] * 40, versions=(ends,))
    assert found.last_day == START_DAY + 59
    assert found.budget_s / 3600 == pytest.approx(0.05 * 24 * 60)


def test_a_credit_is_what_the_contract_pays_for_the_points_below():
    """On the last evening nothing is open: 96 h of 2400 are 4 % against 2 %, 2 points of 1000, capped at 1500."""
    terms = {"guaranteed_availability": 0.98, "guarantee_window_days": 100, "credit_per_point": 1000.0}
    lost = [0.96] * 100
    credit = at(lost, versions=(contract(**terms, bonus_per_point=300.0),)).credit
    assert (credit.low, credit.expected, credit.high, credit.currency) == (2000.0, 2000.0, 2000.0, "EUR")
    assert at(lost, versions=(contract(**terms, credit_cap=1500.0),)).credit.expected == 1500.0


def test_a_bonus_is_what_the_contract_pays_for_the_points_above():
    terms = {"guaranteed_availability": 0.95, "guarantee_window_days": 100, "bonus_per_point": 300.0}
    found = at([0.24] * 100, versions=(contract(**terms),))
    assert found.bonus.expected == pytest.approx(4 * 300.0)
    assert found.credit is None


def test_a_contract_without_money_promises_none():
    found = at([2.4] * 60)
    assert (found.credit, found.bonus) == (None, None)


def test_money_in_the_middle_of_a_window_is_a_range():
    found = at([2.0] * 40, versions=(contract(**vars_of(GUARANTEE), credit_per_point=1000.0),))
    assert 0 <= found.credit.low < found.credit.expected < found.credit.high


def vars_of(terms):
    return {name: getattr(terms, name) for name in ("guaranteed_availability", "guarantee_window_days")}


def test_a_machine_that_stands_still_now_is_expected_to_go_on_doing_so():
    """Stops took 10, 20 and 30 h; of one that has taken 15 h so far, the longer two say 5 or 15 h more."""
    lost = [0.0] * 90 + [10.0, 0.0, 20.0, 0.0, 30.0, 0.0, 0.0, 0.0, 0.0, 15.0]
    (terms,) = terms_on((GUARANTEE,), START_DAY + 99)
    mine = stops(lost, lasts=True)
    found = simulate(fleet(100), mine, today=START_DAY + 99, left_days=1, origin=terms.origin)
    assert {5 * 3600.0, 15 * 3600.0} <= set(found.total.tolist())
    assert found.total.min() == 5 * 3600.0


def test_each_stop_returns_as_often_as_its_machine_has_met_it():
    """90 discounted days of its own, and 90 of the fleet, which is the same machine: in 45 days half a return."""
    mine = Fleet(asset_id=np.array([1]), ahead_s=np.array([DAY]), known_s=np.array([90 * DAY]))
    fresh = Stops(
        asset_id=np.array([1]), began=np.array([START_DAY]), lost_s=np.array([3600.0]), lasts=np.array([False])
    )
    assert returns(mine, fresh, today=START_DAY, left_days=45) == pytest.approx([0.5])
    assert returns(mine, fresh, today=START_DAY + 90, left_days=45) == pytest.approx([0.25])


def test_a_new_machine_fails_as_often_as_the_fleet_until_it_has_a_past():
    """900 machine-days with 9 stops on nine machines; a tenth is new: 10 machines x 9 / 900 a day."""
    known = np.append(np.full(9, 100 * DAY), 0.0)
    mine = Fleet(asset_id=np.arange(1, 11), ahead_s=np.full(10, DAY), known_s=known)
    seen = Stops(
        asset_id=np.arange(1, 10), began=np.full(9, START_DAY), lost_s=np.full(9, 60.0), lasts=np.zeros(9, bool)
    )
    assert returns(mine, seen, today=START_DAY, left_days=10).sum() == pytest.approx(10 * 10 * 9 / 900, rel=1e-9)


@settings(max_examples=8, deadline=None)
@given(
    st.lists(st.floats(0, 20), min_size=40, max_size=90),
    st.integers(0, 39),
    st.floats(0.5, 24),
)
def test_more_supplier_downtime_never_lowers_the_probability(lost, day, more):
    worse = list(lost)
    worse[day] += more
    assert at(worse).probability >= at(lost).probability
    assert at(worse).expected_s >= at(lost).expected_s


@settings(max_examples=8, deadline=None)
@given(st.lists(st.floats(0, 8), min_size=60, max_size=90), st.integers(0, 20), st.integers(1, 25))
def test_time_that_nobody_saw_never_improves_anything(lost, first, days):
    """Unknown time in which nothing was lost: the budget shrinks, what was spent stays."""
    gone = slice(first, first + days)
    lost = np.array(lost)
    lost[gone] = 0.0
    known = np.full(len(lost), 24.0)
    known[gone] = 0.0
    seen, unseen = at(lost), at(lost, known_h=known)
    assert unseen.coverage <= seen.coverage
    assert unseen.attributed_availability <= seen.attributed_availability
    assert unseen.probability >= seen.probability


@settings(max_examples=10, deadline=None)
@given(st.lists(st.floats(0, 8), min_size=40, max_size=60), st.integers(-3000, 3000), st.floats(0.2, 5))
def test_names_dates_and_units_change_nothing(lost, shift, scale):
    moved = contract(external_id="other name", starts_on=date(2022, 1, 3) + timedelta(days=shift), **vars_of(GUARANTEE))
    ours = at(lost)
    days = np.column_stack([np.full(len(lost), DAY), np.full(len(lost), DAY), np.array(lost) * 3600]) * scale
    (terms,) = terms_on((moved,), START_DAY + shift + len(lost) - 1)
    own = stops(lost)
    theirs = budget(
        terms,
        (moved,),
        days,
        START_DAY + shift,
        len(lost) - 1,
        Fleet(asset_id=np.array([77]), ahead_s=np.array([DAY * scale]), known_s=fleet(len(lost)).known_s * scale),
        Stops(
            asset_id=np.full(len(own.began), 77), began=own.began + shift, lost_s=own.lost_s * scale, lasts=own.lasts
        ),
        hours=np.repeat(days / 24, 24, axis=0),
    )
    assert theirs.probability == pytest.approx(ours.probability, abs=0.002)
    assert theirs.expected_s == pytest.approx(ours.expected_s * scale)


def evening(samples, days):
    """The budget of one machine on the last of some days, from (hour, state) on; a state holds until the next."""
    hour, states = zip(*samples, strict=True)
    told = StateSamples(at=START_DAY * DAY + 3600.0 * np.array(hour), state=states, max_hold_s=days * DAY)
    start, end = START_DAY * DAY, (START_DAY + days) * DAY
    found = intervals(None, told, {}, (), start=start, end=end)
    always = Calendar(scheduled=np.array([[start, end]]), planned=np.empty((0, 2)), given_from=-np.inf)
    hours = attributed_hours(found, plan(always, start=start, hours=24 * days), start=start, hours=24 * days)
    by_day = hours.reshape(days, 24, 3).sum(axis=1)
    rows = stop_days(1, found, by_day[:, 2], START_DAY, lasting=False)
    known_s = float(by_day[:, 1] @ 0.5 ** (np.arange(days)[::-1] / 90))
    mine = Fleet(asset_id=np.array([1]), ahead_s=np.array([DAY]), known_s=np.array([known_s]))
    today = START_DAY + days - 1
    (terms,) = terms_on((GUARANTEE,), today)
    past = stops_until(rows, today)
    return budget(terms, (GUARANTEE,), by_day, START_DAY, days - 1, mine, past, hours=hours)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 44), st.integers(0, 16), st.integers(1, 7)), min_size=3, max_size=9),
    st.integers(0, 44 * 24),
    st.integers(1, 300),
)
def test_silence_in_place_of_running_hours_never_improves_anything(stops_of_days, first, hours):
    """Wherever it begins, in the hour after a stop or before one as well."""
    told = [(0, "production")]
    for day, hour, long in sorted({day: (day, hour, long) for day, hour, long in stops_of_days}.values()):
        told += [(24 * day + hour, "down"), (24 * day + hour + long, "production")]
    running = next(i for i in range(len(told))[::-1] if told[i][0] <= first or i == 0)
    running -= told[running][1] == "down"
    ends = [hour for hour, _ in told[running + 1 :]]
    begin, until = max(first, told[running][0]), min([first + hours, 45 * 24, *ends])
    again = [(until, "production")] if until < 45 * 24 and until not in ends else []
    heard, silent = evening(told, 45), evening([*told[: running + 1], (begin, None), *again, *told[running + 1 :]], 45)
    assert silent.attributed_availability <= heard.attributed_availability
    assert silent.probability >= heard.probability
    assert silent.spent_s == heard.spent_s
