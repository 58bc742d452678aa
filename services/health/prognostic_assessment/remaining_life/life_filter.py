"""Level and trend of each metric over a machine's life, in sums that a judged day advances and no model is needed for.

Three figures a metric: its discounted mean over months, the slope of the discounted least-squares line through the
same days, and how far the mean of the last days is from that of the months. All three are linear in the readings, so
the effect of the operating point is taken out afterwards, by the same linear function for a reading and its terms.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from services.health.block import Bools, Floats
from services.health.prognostic_assessment.remaining_life.life_days import LifeDays

SLOW = 0.98  # the mean day is 49 days old; chosen by cross-validation on C-MAPSS FD001 train
FAST = 0.90  # nine days old; the same
# A month of a flat line is taken to have been before the first day, so that a few days make no trend: the sum of
# squares of 28 consecutive days about their mean is 28^3 / 12.
_FLAT = 28.0**3 / 12
_COUNTS = 4  # s0, s1, s2 of the slow memory, w of the fast one
FIGURES = 3


@dataclass(frozen=True, kw_only=True)
class LifeSums:
    """What a life's later days need to know of its earlier ones; serialisable.

    metrics, terms: the layout. sums: for each metric and then for the deviation, float64: s0, s1, s2, w, and y0, y1, e
    of the reading and of each term. s0..s2 are discounted sums of ones, ages and squared ages (ages are negative),
    y0, y1 of values and values times ages; w, e are the fast memory's.
    """

    metrics: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    sums: bytes = b""


def with_layout(state: LifeSums, days: LifeDays) -> LifeSums:
    """The sums with room for every metric; new operating points make what was summed of readings without them
    worthless, and change nothing about the deviation."""
    terms = days.terms if set(days.terms) - set(state.terms) else state.terms
    metrics = tuple(sorted({*state.metrics, *days.metrics}))
    if (metrics, terms) == (state.metrics, state.terms):
        return state
    table = np.zeros((len(metrics) + 1, _width(terms)))
    if terms == state.terms:
        for old, name in enumerate((*state.metrics, "")):
            table[metrics.index(name) if name else -1] = _unpacked(state)[old]
    elif state.sums:
        table[-1, _plain(terms)] = _unpacked(state)[-1, _plain(state.terms)]
    return LifeSums(metrics=metrics, terms=terms, sums=table.tobytes())


def advance_life(state: LifeSums, days: LifeDays) -> tuple[LifeSums, Floats]:
    """The sums after more days, and the figures of level and trend after each of them.

    Figures have shape (n, M + 1, 3, 1 + K): metrics in the state's order and then the deviation as log(1 + x); mean,
    slope a day, recent minus mean; the reading and the terms in the state's order. NaN before a metric's first day.
    Any cut of the same days into blocks gives the same.
    """
    state = with_layout(state, days)
    rows = _columns(state, days)
    sums, found = _unpacked(state), []
    for first, end in _lives(days.renewed):
        if days.renewed[first : first + 1].any():
            sums = np.zeros_like(sums)
        after = _filtered(sums, rows[first:end])
        found.append(after)
        sums = after[-1]
    history = np.concatenate(found) if found else np.empty((0, *sums.shape))
    return replace(state, sums=sums.tobytes()), _figures(history)


def _lives(renewed: Bools) -> list[tuple[int, int]]:
    """First and end row of what lies between renewals."""
    edges = sorted({0, *np.flatnonzero(renewed).tolist(), len(renewed)})
    return list(pairwise(edges))


def _columns(state: LifeSums, days: LifeDays) -> Floats:
    """Days as (n, M + 1, 1 + K); a row of a metric is NaN where its reading or a term is unknown."""
    rows = np.full((len(days.day), len(state.metrics) + 1, 1 + len(state.terms)), np.nan)
    column = {name: i for i, name in enumerate(days.metrics)}
    terms = {name: i for i, name in enumerate(days.terms)}
    for k, name in enumerate(state.terms):
        if name in terms:
            rows[:, :-1, 1 + k] = days.terms_mean[:, terms[name], None]
    for m, name in enumerate(state.metrics):
        if name in column:
            rows[:, m, 0] = days.values[:, column[name]]
    rows[np.isnan(rows).any(axis=2)] = np.nan
    rows[:, -1] = 0.0
    rows[:, -1, 0] = np.log1p(days.deviation)
    rows[np.isnan(days.deviation), -1] = np.nan
    return rows


def _filtered(sums: Floats, rows: Floats) -> Floats:
    """Sums after each day, (n, M + 1, width); a day without a value leaves a metric's sums as they are."""
    known = ~np.isnan(rows).any(axis=2)
    after = np.empty((len(rows), *sums.shape))
    patterns, member = np.unique(known, axis=1, return_inverse=True)
    for pattern in range(patterns.shape[1]):
        group, have = np.flatnonzero(member.reshape(-1) == pattern), patterns[:, pattern]
        moved = _recursed(sums[group], rows[have][:, group])
        path = np.concatenate([sums[None, group], moved])
        after[:, group] = path[np.cumsum(have)]
    return after


def _recursed(start: Floats, rows: Floats) -> Floats:
    """Sums (g, width) after each of n days, all known, with readings and terms (n, g, 1 + K)."""
    n, groups, columns = rows.shape
    if not n:
        return np.empty((0, *start.shape))
    ones = np.ones((n, groups))
    s0 = _recursive(SLOW, ones, start[:, 0])
    s1 = _recursive(SLOW, -SLOW * _before(s0, start[:, 0]), start[:, 1])
    s2 = _recursive(SLOW, SLOW * (_before(s0, start[:, 0]) - 2 * _before(s1, start[:, 1])), start[:, 2])
    w = _recursive(FAST, ones, start[:, 3])
    old = start[:, _COUNTS:].reshape(groups, FIGURES, columns)
    y0 = _recursive(SLOW, rows, old[:, 0])
    y1 = _recursive(SLOW, -SLOW * _before(y0, old[:, 0]), old[:, 1])
    e = _recursive(FAST, rows, old[:, 2])
    counts = np.stack([s0, s1, s2, w], axis=2)
    return np.concatenate([counts, np.stack([y0, y1, e], axis=2).reshape(n, groups, -1)], axis=2)


def _recursive(keep: float, added: Floats, start: Floats) -> Floats:
    """y[t] = keep * y[t - 1] + added[t] along the first axis, y[-1] = start."""
    return np.asarray(lfilter([1.0], [1.0, -keep], added, axis=0, zi=keep * start[None])[0], dtype=np.float64)


def _before(after: Floats, start: Floats) -> Floats:
    return np.concatenate([start[None], after[:-1]])


def _figures(sums: Floats) -> Floats:
    s0, s1, s2, w = (sums[:, :, i, None] for i in range(_COUNTS))
    shape = (*sums.shape[:2], FIGURES, (sums.shape[2] - _COUNTS) // FIGURES)
    y0, y1, e = np.moveaxis(sums[:, :, _COUNTS:].reshape(shape), 2, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = y0 / s0
        slope = (y1 - s1 * mean) / (s2 - s1 * s1 / s0 + _FLAT)
        recent = e / w - mean
    return np.stack([mean, slope, recent], axis=2)


def _width(terms: tuple[str, ...]) -> int:
    return _COUNTS + FIGURES * (1 + len(terms))


def _plain(terms: tuple[str, ...]) -> list[int]:
    """Columns of the counts and of the reading itself, without those of its terms."""
    return [*range(_COUNTS), *range(_COUNTS, _width(terms), 1 + len(terms))]


def _unpacked(state: LifeSums) -> NDArray[np.float64]:
    if not state.sums:
        return np.zeros((len(state.metrics) + 1, _width(state.terms)))
    return np.frombuffer(state.sums, dtype=np.float64).reshape(-1, _width(state.terms))
