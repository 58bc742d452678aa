"""Kaplan-Meier and losses a year, by a case worked by hand and by scipy."""

from datetime import date
from math import exp, log, sqrt

import numpy as np
import pytest
from scipy.stats import CensoredData, binomtest, ecdf, logrank, norm

from services.health.portfolio.contract_lives import ContractLife
from services.health.portfolio.renewal import renewal
from services.health.portfolio.survival import losses_a_year, survival
from tests.unit.health.test_contract_lives import contract

# Ten contracts by hand: lost at 1, 2, 2 and 5 years, others followed for so long.
YEARS = [1, 1.5, 2, 2, 3, 3.5, 4, 5, 5, 6]
LOST = [True, False, True, True, False, False, False, True, False, False]
BY_HAND = {1: (9 / 10, 10), 2: (9 / 10 * 6 / 8, 8), 3: (9 / 10 * 6 / 8, 6), 5: (9 / 10 * 6 / 8 * 2 / 3, 3)}


def test_the_curve_is_the_one_worked_by_hand():
    found = {at.years: (at.share, at.at_risk) for at in survival(YEARS, LOST)}
    assert found == {years: (pytest.approx(share), at_risk) for years, (share, at_risk) in BY_HAND.items()}


def test_the_interval_is_greenwoods_on_the_scale_of_log_minus_log():
    share = 9 / 10 * 6 / 8
    greenwood = 1 / (10 * 9) + 2 / (8 * 6)
    half = norm.ppf(0.95) * sqrt(greenwood) / abs(log(share))
    at_two = survival(YEARS, LOST)[1]
    assert (at_two.low, at_two.high) == (
        pytest.approx(exp(log(share) * exp(half))),
        pytest.approx(exp(log(share) * exp(-half))),
    )


def test_segments_differ_where_a_log_rank_test_says_so():
    generator = np.random.default_rng(5)

    def followed(losses_a_year):
        ends = generator.exponential(1 / losses_a_year, 200)
        return np.minimum(ends, 6), ends < 6

    loyal, fickle = followed(0.05), followed(0.25)
    curves = [{at.years: at for at in survival(*some)} for some in (loyal, fickle)]
    assert curves[0][3].low > curves[1][3].high
    as_scipy = [CensoredData(uncensored=years[lost], right=years[~lost]) for years, lost in (loyal, fickle)]
    assert logrank(*as_scipy).pvalue < 0.001
    assert curves[0][3].share == pytest.approx(float(ecdf(as_scipy[0]).sf.evaluate(3)))


def test_while_nobody_is_lost_the_interval_says_how_few_were_followed():
    [at_one, at_two] = survival([1, 2, 2], [False] * 3)
    # Of n that all renewed the exact 90 % interval leaves 5 % below it: n = 2 from 0.224, n = 3 from 0.368.
    assert (at_one.share, at_one.low, at_one.high) == (1, pytest.approx(0.05 ** (1 / 3)), 1)
    assert at_two.low == pytest.approx(0.2236, abs=1e-4)
    assert at_one.low == pytest.approx(binomtest(3, 3).proportion_ci(confidence_level=0.9).low)


def test_beyond_who_was_followed_longest_nothing_is_known():
    assert [at.years for at in survival([0.5, 2.5], [True, False])] == [1, 2]
    assert survival([], []) == []


def test_losses_a_year_have_garwoods_interval():
    # Garwood (1936), table of the 90 % interval: of 4 events 1.366 to 9.154.
    assert losses_a_year(4, 10) == (0.4, pytest.approx(0.1366, abs=1e-4), pytest.approx(0.9154, abs=1e-4))
    assert losses_a_year(0, 10) == (0, 0, pytest.approx(0.29957, abs=1e-4))


def life(years, lost, **columns):
    running = contract("a", "2020-01-01", "2022-12-31" if lost else None, **columns)
    return ContractLife(
        customer_id=1, newest=running, started_on=date(2020, 1, 1), years=years, lost=lost, undecided=False
    )


def test_standing_still_takes_what_will_be_lost_in_each_currency():
    lives = [life(4, True), life(4, False), life(4, False, annual_value=50.0), life(4, False, currency="USD")]
    found = renewal([*lives, life(4, False, annual_value=None)], date(2025, 1, 1))
    lost = 1 - exp(-1 / 20)
    assert (found["lost_a_year"]["value"], found["without_value"]) == (pytest.approx(lost), 1)
    told = {each["currency"]: (each["in_force"], each["needed"]["value"]) for each in found["to_stand_still"]}
    assert told == {"EUR": (150, pytest.approx(150 * lost)), "USD": (100, pytest.approx(100 * lost))}


def test_without_contracts_nothing_is_claimed():
    found = renewal([], date(2025, 1, 1))
    assert (found["lost_a_year"], found["survival"], found["to_stand_still"]) == (None, [], [])
