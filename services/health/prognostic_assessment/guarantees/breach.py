"""What the supplier's machines will still lose in a window, by simulating failures and repairs. Pure.

Every stop of the past may come again: how often is a gamma-Poisson process of its own with the stop as its one
observation, so stops to come are Poisson with a gamma-distributed rate, and repairs a Bayesian bootstrap of those seen
(a gamma process as prior of the jump measure of a compound Poisson process, its own weight gone to zero; Ferguson and
Klass 1972, Rubin 1981). A stop counts half as much for each half-life that it is older, which follows a trend, and a
machine's own time is joined by as much of the fleet's as one half-life, which shrinks its rate to the fleet's:

    returns of a stop of machine a, in the mean
        = weight x days left x (h_a / (k + e_a) + sum over machines b of h_b k / (k + e_b) / sum of e_b)

with h the planned seconds a day ahead, e the discounted known seconds, k the half-life in planned seconds. What makes
all rates change together from now on is a log-normal factor of mean 1, its deviation growing with the square root of
time. How much it is after a year is learned from before the window (`rate_change`); CHANGE_A_YEAR, where nothing is
known, and the half-life were chosen on synthetic fleets (`make bench-signals`, scenario `guarantee-breach`).

The same stop draws the same numbers on every evening and under every name: they depend on the machine's place in the
fleet and on the day counted from the contract's start, so that replay equals live, an answer does not flutter from one
evening to the next, and one more stop in a window can only add to what is lost.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from services.health.block import Floats
from services.health.state_detection.supplier_stops import Stops

HALF_LIFE_DAYS = 90.0
CHANGE_A_YEAR = 0.8
# The standard error of a probability is at most 0.016; where stops are many, fewer draws of each hold the cost down,
# and what comes out varies less.
DRAWS, LEAST_DRAWS, MOST_CELLS = 1000, 250, 256_000
PATHS = 300
STEPS = 120


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """The machines under a guarantee, shape (machines,), ascending by id.

    ahead_s: planned seconds a day from now on. known_s: known seconds so far, discounted by half-lives.
    """

    asset_id: NDArray[np.int64]
    ahead_s: Floats
    known_s: Floats


@dataclass(frozen=True, kw_only=True)
class Losses:
    """Simulated supplier-attributed downtime of the rest of a window, in seconds.

    total: shape (draws,). paths: how far some of the draws, `of`, had come at the end of each step, (draws, steps).
    step_days: length of a step.
    """

    total: Floats
    paths: Floats
    of: NDArray[np.int64]
    step_days: float


def weights(age_days: NDArray[np.int64]) -> Floats:
    """What a stop of so many days ago counts."""
    return np.asarray(0.5 ** (age_days / HALF_LIFE_DAYS), dtype=np.float64)


def returns(fleet: Fleet, stops: Stops, *, today: int, left_days: float) -> Floats:
    """Expected number of returns of each stop in the days that are left, shape (stops,)."""
    if not len(stops.began) or not fleet.known_s.sum():
        return np.zeros(len(stops.began))
    like = HALF_LIFE_DAYS * fleet.ahead_s.mean()
    own = fleet.ahead_s / np.maximum(like + fleet.known_s, 1.0)
    pooled = (own * like).sum() / fleet.known_s.sum()
    place = np.searchsorted(fleet.asset_id, stops.asset_id)
    return np.asarray(weights(today - stops.began) * left_days * (own[place] + pooled), dtype=np.float64)


def simulate(
    fleet: Fleet, stops: Stops, *, today: int, left_days: int, origin: int, change: float = CHANGE_A_YEAR
) -> Losses:
    """What the days after `today` will lose. origin: the day from which days are counted in what is drawn.

    change: deviation of the log of what makes all rates change together, after a year.

    Without a stop so far nothing is lost; a machine that stands still now first takes the rest of that repair.
    """
    draws = int(np.clip(MOST_CELLS // max(1, len(stops.began)), LEAST_DRAWS, DRAWS))
    mean = returns(fleet, stops, today=today, left_days=left_days)
    place = np.searchsorted(fleet.asset_id, stops.asset_id)
    keys = list(zip(place.tolist(), (stops.began - origin).tolist(), strict=True))
    luck = np.array([_luck(*key)[:draws] for key in keys]).reshape(len(mean), draws)
    counts = _counts(mean, luck, change * np.sqrt(left_days / 365))
    begun = np.zeros(draws)
    for index in np.flatnonzero(stops.lasts):
        luck_of_repair = _stream(*keys[index]).random(2 * DRAWS)[DRAWS:][:draws]
        rest = _rest_of_repair(stops, int(index), luck_of_repair)
        begun = begun + np.minimum(rest, fleet.ahead_s[place[index]] * left_days)
    of = np.arange(0, draws, -(-draws // PATHS))
    steps = max(1, min(left_days, STEPS))
    return Losses(
        total=begun + stops.lost_s @ counts,
        paths=_paths(counts[:, of].astype(np.int64), stops.lost_s, begun[of], steps),
        of=of,
        step_days=left_days / steps,
    )


@lru_cache(maxsize=4096)
def _luck(place: int, day: int) -> Floats:
    """Exponential numbers by which one stop returns, shape (DRAWS,); kept, since every evening asks for the same."""
    return np.asarray(-np.log1p(-_stream(place, day).random(DRAWS)), dtype=np.float64)


def _stream(place: int, day: int) -> np.random.Generator:
    key = np.array([place, day & (2**64 - 1)], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key))


def _counts(mean: Floats, luck: Floats, spread: float) -> Floats:
    """Geometric numbers, which a Poisson number with an exponential rate is, by inversion; shape (stops, draws).

    A rate so small that its inverse is infinite brings none.
    """
    quantile = (np.arange(luck.shape[1]) + 0.5) / luck.shape[1]
    factor = np.exp(spread * ndtri(quantile) - spread**2 / 2)
    with np.errstate(divide="ignore", over="ignore"):
        found = (1 / mean)[:, None] * (1 / factor)
        np.log(found + 1, out=found)
        return np.asarray(np.floor(luck / found), dtype=np.float64)


def _rest_of_repair(stops: Stops, index: int, luck: Floats) -> Floats:
    """Seconds that a stop still takes, by luck in [0, 1): what longer ones took, else as long again as so far."""
    so_far = stops.lost_s[index]
    longer = np.sort(stops.lost_s[stops.lost_s > so_far])
    if not len(longer):
        return np.asarray(-so_far * np.log1p(-luck), dtype=np.float64)
    return np.asarray(longer[(luck * len(longer)).astype(np.int64)] - so_far, dtype=np.float64)


def _paths(counts: NDArray[np.int64], lost_s: Floats, begun: Floats, steps: int) -> Floats:
    """Running totals over the steps, shape (draws, steps); when a stop comes is as likely at any time."""
    draws = counts.shape[1]
    stop, draw = np.divmod(np.repeat(np.arange(counts.size), counts.ravel()), draws)
    when = np.random.Generator(np.random.Philox(key=0)).integers(0, steps, size=len(stop))
    lost = np.bincount(draw * steps + when, weights=lost_s[stop], minlength=draws * steps)
    added: Floats = lost.astype(np.float64).reshape(draws, steps)
    added[:, 0] += begun
    return np.asarray(np.cumsum(added, axis=1), dtype=np.float64)
