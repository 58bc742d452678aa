"""A machine fails too often against its like and its own past, not because machines fail at all."""

from datetime import date, timedelta

import pytest
from scipy.stats import binomtest

from services.health.account_assessment.account import midnight
from services.health.account_assessment.chronic_failures import chronic
from services.health.assessment import OutcomeRow
from tests.unit.health.accounts import account, asset, hours, months

DAY = date(2026, 1, 1)
YEAR, BEFORE = date(2025, 1, 1), date(2024, 1, 1)
THREE = (asset(1), asset(2), asset(3))


def failed(count: int, asset_id: int = 1, since: date = YEAR) -> tuple[OutcomeRow, ...]:
    """So many failures of a machine, ten days apart."""
    return tuple(
        OutcomeRow(
            scope_type="asset",
            scope_id=asset_id,
            outcome="asset_failure",
            at=midnight(since) + timedelta(days=10 * n),
            happened=True,
        )
        for n in range(count)
    )


def a_year(*asset_ids: int, since: date = YEAR):
    return tuple(row for n in asset_ids for row in months(since, *[0.0] * 12, asset_id=n))


def found(**said: object) -> dict[int, float]:
    return {machine.asset_id: machine.usual for machine in chronic(account(**said), DAY)}


def test_machines_that_all_fail_alike_have_no_case():
    often = (*failed(12, 1), *failed(11, 2), *failed(13, 3))
    assert found(assets=THREE, times=a_year(1, 2, 3), outcomes=often) == {}


def test_one_that_fails_more_than_its_like_has_one_against_what_they_do():
    """13 of 18 failures in a third of the hours; as usual it would have had five in two machines' years, 2.5."""
    assert binomtest(13, 18, 1 / 3, alternative="greater").pvalue < 0.05
    told = (*failed(13, 1), *failed(2, 2), *failed(3, 3))
    assert found(assets=THREE, times=a_year(1, 2, 3), outcomes=told) == {1: pytest.approx(2.5)}


def test_one_that_fails_more_than_by_chance_needs_less_than_one_in_twenty():
    """6 against 2 in as many hours come by chance in 37 of 256 cases, 8 against 2 in 56 of 1,024."""
    pair = {"assets": THREE[:2], "times": a_year(1, 2)}
    assert found(**pair, outcomes=(*failed(6, 1), *failed(2, 2))) == {}
    assert found(**pair, outcomes=(*failed(8, 1), *failed(2, 2))) == {}
    assert found(**pair, outcomes=(*failed(9, 1), *failed(2, 2))) == {1: pytest.approx(2.0)}


def test_its_own_past_says_what_is_usual_where_it_stands_alone():
    alone = {"assets": THREE[:1], "times": (*a_year(1, since=BEFORE), *a_year(1))}
    assert found(**alone, outcomes=(*failed(10, since=BEFORE), *failed(10))) == {}
    assert found(**alone, outcomes=(*failed(1, since=BEFORE), *failed(10))) == {1: pytest.approx(1.0, abs=0.01)}


def test_machines_of_another_type_say_nothing():
    other = asset(2, asset_type="labeller")
    told = (*failed(4, 1), *failed(12, 2))
    assert found(assets=(asset(1), other), times=a_year(1, 2), outcomes=told) == {1: 1.0, 2: 1.0}


def test_repair_beyond_the_usual_failures_is_spared():
    repaired = (*(hours(date(2025, n, 1), repair=3.0) for n in range(1, 13)), *a_year(2))
    (machine,) = chronic(account(assets=THREE[:2], times=repaired, outcomes=(*failed(12, 1), *failed(3, 2))), DAY)
    assert machine.spared_h == pytest.approx(36.0 * (1 - 3 / 12))
