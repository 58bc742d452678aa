"""Intervals of gains: they hold the truth as often as they say, for few and many stops, alone and together."""

from math import sqrt

import numpy as np
import pytest

from services.health.value_assessment.chance import SHARED, Chance, chance_of, chance_sums, interval


def days(rng, share, machines, count, *, hours=3.0):
    """Hours known, down and good units of made-up machines whose stops last `hours` on average, unevenly."""
    stops = rng.poisson(share * 24 / hours, (machines, count))
    down = np.array([[rng.lognormal(np.log(hours) - 0.32, 0.8, n).sum() for n in row] for row in stops])
    down = np.minimum(down, 24.0)
    return np.full(down.shape, 24.0), down, rng.poisson(100 * (24 - down)).astype(float)


def test_the_variance_of_stops_is_their_number_times_the_square_of_their_length():
    """Stops of exactly 3 h, Poisson: of 100 h of them, variance 300 h2, one go is 3 h; a unit adds its own."""
    chance = Chance(stop_h=3.0, units_lost=np.array([2.0]), units_variance=np.array([0.5]))
    one, nothing = np.array([1.0]), np.array([0.0])
    assert chance.of_sums(np.array([100.0]), np.array([600.0]), one, nothing) == pytest.approx([300, 900, 3])
    priced = chance.of_sums(np.array([100.0]), np.array([600.0]), np.array([5.0]), one)
    assert priced == pytest.approx([3 * 100 * 7**2 + 0.5 * 600, (3 * 100 * 49 + 300) * 21, 21])


def test_what_days_say_of_chance_is_what_made_them():
    """For 0.4 stops a day of mean 3 h, log-normal with sigma 0.8: E[l2] / E[l] = 3 exp(0.64) h, 100 units an hour."""
    known, down, good = days(np.random.default_rng(1), 0.05, 4, 3000)
    found = chance_of(*chance_sums(known, down, good))
    assert found.stop_h == pytest.approx(3 * np.exp(0.64), rel=0.12)
    assert found.units_lost == pytest.approx(100, rel=0.02)
    assert found.units_variance == pytest.approx(100 * 0.95, rel=0.15)


def test_days_that_resemble_their_neighbours_and_machines_that_stop_together_leave_more_to_chance():
    rng = np.random.default_rng(2)
    noise, shock = np.zeros((3, 3000)), rng.standard_normal((3, 3000))
    for day in range(1, 3000):
        noise[:, day] = 0.6 * noise[:, day - 1] + 0.8 * shock[:, day]
    known = np.full((3, 3000), 24.0)

    def stop_h(which):
        return chance_of(*chance_sums(known, 2 + 0.3 * which, np.full((3, 3000), np.nan))).stop_h

    assert stop_h(noise) / stop_h(shock) == pytest.approx((1 + 0.6) / (1 - 0.6), rel=0.15)
    assert stop_h(np.tile(shock[:1], (3, 1))) / stop_h(shock) == pytest.approx(3, rel=0.1)


def test_large_sums_have_the_normal_interval_and_no_stop_still_has_one():
    """Variance 400 and 500 in steps of 0.01; a go of 2 h that never came: 95 % point 1.92 goes (Jeffreys)."""
    many = interval(10.0, np.array([400.0, 4.0, 0.01]), np.array([500.0, 5.0, 0.01]))
    assert many == pytest.approx((10 - 1.645 * 30, 10 + 1.645 * 30), abs=0.1)
    low, high = interval(0.0, np.array([0.0, 0.0, 2.0]), np.zeros(3))
    assert (low, high) == pytest.approx((0.0, 1.92 * 2), abs=0.02)
    assert interval(3.0, np.zeros(3), np.zeros(3), more=16.0) == pytest.approx((3 - 1.645 * 4, 3 + 1.645 * 4), abs=0.01)


@pytest.mark.parametrize(("share", "later", "seed"), [(0.01, 0.01, 11), (0.05, 0.02, 12), (0.10, 0.12, 13)])
def test_nine_of_ten_intervals_hold_the_gain_of_expected_rates(share, later, seed):
    """28 days compared with 30 of two machines: of 150 intervals 85 to 95 % hold 1440 h x (share - later)."""
    rng, held, rounds = np.random.default_rng(seed), 0, 150
    for _ in range(rounds):
        first, then = days(rng, share, 2, 28), days(rng, later, 2, 30)
        own = [chance_sums(*first), chance_sums(*then)]
        chance = chance_of(own[0][0] + own[1][0], np.zeros(SHARED))
        first_h, then_h = first[0].sum(axis=1), then[0].sum(axis=1)
        lost, down = first[1].sum(axis=1), then[1].sum(axis=1)
        gain = float((lost / first_h * then_h - down).sum())
        ones, none = np.ones(2), np.zeros(2)
        low, high = interval(
            gain, chance.of_sums(lost, first_h, then_h / first_h, none), chance.of_sums(down, then_h, ones, none)
        )
        held += low <= 1440 * (share - later) <= high
    assert abs(held / rounds - 0.9) < 0.05 + sqrt(0.09 / rounds)
