"""What could be told at all: by one who knows every course, its rates and its noise, and only not which it is. Pure.

He sees every stop, as the product does, and knows how long repairs take: how many stops a month has tells of their rate
all that can be told, more than the time they took, which repairs blur. What he does not know is the course, and the
month in which it turned. He gives the alert when the probability that one is deserved passes a threshold, and that
threshold is chosen afterwards, as nobody could.
"""

from collections.abc import Iterator

import numpy as np

from services.health.block import Floats
from tests.bench.value_plants import month_edges_h
from tests.bench.value_scores import Caught, caught
from tests.bench.value_told import Told
from tests.bench.value_truth import COURSES, MONTHS, OF_HUNDRED, Rates, onset_of, smooth_course

_TURNS = {"stagnant": range(6, 30), "declining": range(12, 34)}
_PRECISION = 0.8


def probabilities(told: Told, course: str) -> Floats:
    """Probability at each month's end that the course has its onset behind it, shape (months,)."""
    truth = told.truth
    seen = told.stops * truth.repair_h / _machine_hours(told)
    paths, weights, onsets = zip(*_hypotheses(truth.rates, course), strict=True)
    path = np.array([_of_known(p, truth.ordered)[: len(seen)] for p in paths])
    unlike = np.linalg.solve(_root(told), (seen - path).T)
    weight = np.log(np.array(weights))[:, None] - 0.5 * np.cumsum(unlike.T**2, axis=1)
    weight = np.exp(weight - weight.max(axis=0))
    past = np.array([np.arange(1, len(seen) + 1) >= onset for onset in onsets])
    return np.asarray((weight * past).sum(axis=0) / weight.sum(axis=0))


def _hypotheses(rates: Rates, course: str) -> Iterator[tuple[Floats, float, float]]:
    """Each path that the share of stops may take, its weight, and the month from which an alert is deserved."""
    for name, share in zip(COURSES, OF_HUNDRED, strict=True):
        turns = _TURNS.get(name, (rates.turns,))
        for turn in turns:
            own = Rates(start=rates.start, falls=rates.falls, rises=rates.rises, turns=turn)
            onset = onset_of(name, own) if name == course else None
            yield smooth_course(name, own), share / len(turns), np.inf if onset is None else onset


def _of_known(stopped: Floats, ordered: Floats) -> Floats:
    """Share of all known time, of which waits for orders are a part."""
    return np.asarray(stopped / (1 + (1 - stopped) * (1 - ordered) / ordered))


def _machine_hours(told: Told) -> Floats:
    return np.diff(month_edges_h()[: len(told.stops) + 1]) * told.truth.machines


def _root(told: Told) -> Floats:
    """Root of the covariance of the months, shape (months, months): planted noise, and Poisson's of stops."""
    truth, months = told.truth, np.arange(len(told.uptime))
    level = smooth_course(truth.course, truth.rates)[: len(months)]
    planted = 0.004**2 * np.sqrt(np.outer(level, level)) / 0.06 * 0.5 ** np.abs(np.subtract.outer(months, months))
    few = level * truth.repair_h / _machine_hours(told)
    return np.linalg.cholesky(planted + np.diag(few))


def ceiling(all_told: list[Told], course: str) -> Caught:
    """The most onsets that are caught in two quarters while 80 % of the alerts are deserved; the best threshold."""
    sure = {id(told): probabilities(told, course) for told in all_told}
    best = Caught(alerts=0, right=0, onsets=0, caught=0, delays=())
    for threshold in np.linspace(0.02, 0.98, 49).tolist():

        def opened(told: Told, least: float = threshold) -> list[tuple[float, float]]:
            over = np.flatnonzero(sure[id(told)] > least)
            return [(float(over[0] + 1), np.inf)] if len(over) and over[0] + 1 < MONTHS else []

        found = caught(all_told, course, opened)
        if found.alerts and found.precision >= _PRECISION and found.caught >= best.caught:
            best = found
    return best
