"""Plays keep score: what acting brought, against those that nobody acted on."""

from datetime import date, timedelta
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.health.account_assessment.account import midnight
from services.health.account_assessment.plays import plays, score
from tests.unit.health.accounts import account, alert, asset, months

DAY = date(2026, 1, 1)
OPENED = midnight(date(2025, 6, 10))
TIMES = months(date(2025, 1, 1), *[10.0] * 6, *[4.0] * 6)


def episode(acted_after: int | None = None, **said: object):
    acted_at = None if acted_after is None else OPENED + timedelta(days=acted_after)
    return alert("wear", OPENED, scope_type="asset", scope_id=1, acted_at=acted_at, **said)


def told(*alerts: object, on: date = DAY):
    found = list(plays(account(assets=(asset(1),), times=TIMES, alerts=alerts), on))
    return found[0].evidence["changes"] if found else None


def test_an_episode_is_what_stops_fell_by_around_it():
    assert told(episode(3)) == {"filler": {"acted": [pytest.approx(60.0)], "left_alone": []}}
    assert told(episode()) == {"filler": {"acted": [], "left_alone": [pytest.approx(60.0)]}}


def test_who_acted_after_thirty_days_is_in_neither_group():
    assert told(episode(31)) is None


def test_an_episode_counts_when_three_months_after_it_are_over():
    assert told(episode(3), on=date(2025, 10, 1)) is not None
    assert told(episode(3), on=date(2025, 9, 30)) is None


def one_type(acted: list[float], left: list[float], customer: int = 1):
    return [(customer, {"filler": {"acted": acted, "left_alone": left}})]


def test_the_score_is_the_difference_of_means_with_welchs_variance():
    found = score("wear", DAY, one_type([10.0, 12.0, 14.0, 16.0, 18.0], [1.0, 2.0, 3.0, 4.0, 5.0]))
    half = 1.645 * sqrt(10 / 5 + 2.5 / 5)  # variances 10 and 2.5
    assert (found.verdict, found.effect) == ("works", 11.0)
    assert (found.low, found.high) == (pytest.approx(11 - half), pytest.approx(11 + half))


def test_types_are_compared_within_themselves_and_weighted_by_how_often_was_acted():
    slow = {"acted": [1.0, 3.0], "left_alone": [0.0, 2.0, 1.0]}
    fast = {"acted": [50.0, 52.0, 51.0], "left_alone": [40.0, 42.0]}
    found = score("wear", DAY, [(1, {"slow": slow}), (2, {"fast": fast})])
    assert found.effect == pytest.approx((2 * 1 + 3 * 10) / 5)
    assert found.customers == 2


@pytest.mark.parametrize(("acted", "left", "needed"), [(2, 9, 3), (9, 2, 3), (5, 5, None), (0, 9, 5)])
def test_too_few_episodes_are_not_known_and_it_is_said_how_many_more(acted, left, needed):
    found = score("wear", DAY, one_type([float(n) for n in range(acted)], [float(n) for n in range(left)]))
    assert (found.needed, found.effect is None) == (needed, needed is not None)


def test_acting_that_changed_nothing_is_not_shown_and_acting_that_hurt_is_said():
    same = [float(n) for n in range(6)]
    assert score("wear", DAY, one_type(same, same)).verdict == "not_shown"
    assert score("wear", DAY, one_type([n - 50 for n in same], same)).verdict == "harms"


@given(st.permutations(range(4)))
def test_the_score_does_not_depend_on_the_order_of_customers(order):
    each = [one_type([n + 1.0, n + 2.0], [n + 0.0, n + 0.5], customer=n)[0] for n in range(4)]
    found = score("wear", DAY, [each[n] for n in order])
    assert found.effect == pytest.approx(score("wear", DAY, each).effect)
