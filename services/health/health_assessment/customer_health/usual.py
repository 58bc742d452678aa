"""What is usual for a customer: its own first year, shrunk to what is usual for customers like it. Pure.

    own week        a share of what is known: downtime of planned time, rejects of units
    usual = own mean x n / (n + k) + mean of the others x k / (n + k)       k = variance within / variance between

n is the number of the customer's weeks with anything known. With few weeks the others' mean rules, with many the
customer's own (James and Stein 1961; Morris 1983). Where nobody knows the others, its own alone counts, from four weeks
on. The year ends the learning: a decline never becomes what is usual. Weeks of the last four do not count, but for the
first four.

    allowed = usual + 1.28 x standard deviation of a mean of four own weeks

beyond which chance alone carries a customer that stays as it was in one month of ten (residuals of a ratio; weeks as if
they were independent; Cochran, Sampling Techniques 1977, 6.4). Before four weeks are known chance adds nothing.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np

from services.health.block import Floats

YEAR_WEEKS, LEAST_WEEKS, WEEK_DAYS = 52, 4, 7
_BEYOND_CHANCE = 1.2816  # of a normal distribution lies a tenth beyond


@dataclass(frozen=True, kw_only=True)
class UsualState:
    """Weeks of a share that were over at a midnight, from the first day on which anything was known.

    weeks: rows of what was bad and what was known, float64; at most 52.
    """

    first_day: int | None = None
    weeks: bytes = b""


def allowed_share(
    before: UsualState,
    bad: Floats,
    known: Floats,
    first_day: int,
    rows: slice,
    others: tuple[Floats, Floats] | None = None,
) -> tuple[Floats, UsualState]:
    """The share that is allowed on the evening of each of the rows, NaN where unknown, and what to go on from.

    bad, known: a day, row 0 is `first_day`; at least the last week before the rows is there. others: mean share of
    others on each of the rows and the weeks that weigh as much as they do; NaN where unknown, infinite weeks where
    customers do not differ.
    """
    began = before.first_day if before.first_day is not None else _first(known[: rows.stop], first_day)
    days = first_day + np.arange(rows.start, rows.stop)
    mean, trusted = (np.full(len(days), np.nan),) * 2 if others is None else others
    if began is None:
        return mean, before
    weeks = _weeks(before, np.column_stack([bad, known])[: rows.stop], first_day, began)
    lived = days + 1 - began
    count = np.clip((lived - LEAST_WEEKS * WEEK_DAYS) // WEEK_DAYS, LEAST_WEEKS, YEAR_WEEKS)
    count = np.where(lived >= LEAST_WEEKS * WEEK_DAYS, np.minimum(count, len(weeks)), 0)
    bad_w, known_w = weeks.T
    terms = np.column_stack([bad_w, known_w, known_w > 0, bad_w**2, bad_w * known_w, known_w**2])
    sums = np.concatenate([np.zeros((1, terms.shape[1])), np.cumsum(terms, axis=0)])[count]
    own = np.divide(sums[:, 0], sums[:, 1], out=np.full(len(days), np.nan), where=sums[:, 1] > 0)
    usual = _shrunk(own, sums[:, 2], mean, trusted)
    return usual + _BEYOND_CHANCE * _chance(own, sums), UsualState(first_day=began, weeks=weeks.tobytes())


def _chance(own: Floats, sums: Floats) -> Floats:
    """Standard deviation of a mean of four weeks around the own mean; 0 where fewer are known."""
    _, known, weeks, bad_square, cross, known_square = sums.T
    left = np.maximum(bad_square - 2 * own * cross + own**2 * known_square, 0.0)
    spread = np.sqrt(np.divide(left, weeks - 1, out=np.zeros(len(own)), where=weeks >= LEAST_WEEKS))
    of_four = np.divide(spread * weeks, known, out=np.zeros(len(own)), where=known > 0) / sqrt(LEAST_WEEKS)
    return np.asarray(of_four, dtype=np.float64)


def _shrunk(own: Floats, weeks: Floats, mean: Floats, trusted: Floats) -> Floats:
    """Own mean of so many weeks and the others' by their weights; the own alone, from four weeks on, without others."""
    alone = np.where(weeks >= LEAST_WEEKS, own, np.nan)
    part = np.where(np.isinf(trusted), 0.0, weeks / np.maximum(weeks + np.nan_to_num(trusted), 1e-9))
    together = np.where(weeks > 0, part * np.nan_to_num(own) + (1 - part) * mean, mean)
    return np.where(np.isnan(mean), alone, together)


def _first(known: Floats, first_day: int) -> int | None:
    told = np.flatnonzero(known > 0)
    return first_day + int(told[0]) if len(told) else None


def _weeks(before: UsualState, days: Floats, first_day: int, began: int) -> Floats:
    """All whole weeks of the first year, those kept and those that the days complete, shape (weeks, 2)."""
    kept = np.frombuffer(before.weeks).reshape(-1, 2)
    start = began + WEEK_DAYS * len(kept) - first_day
    more = max(0, min((len(days) - start) // WEEK_DAYS, YEAR_WEEKS - len(kept)))
    new = days[start : start + WEEK_DAYS * more].reshape(more, WEEK_DAYS, 2).sum(axis=1) if more else np.empty((0, 2))
    return np.concatenate([kept, new])
