"""Stops that the supplier answers for, a row an asset and day, and as whole stops. Pure.

A stop is what is lost from the day on which it begins until a day at whose end it is known to be over: several short
stops on one day are one, for they seldom come without each other.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.health.block import Bools, Floats
from services.health.state_detection.state_intervals import Intervals
from services.health.state_detection.states import DAY_S, SUPPLIER, UNKNOWN

COLUMNS = 4
ASSET, DAY, LOST_S, LASTS = range(COLUMNS)


def stop_days(asset_id: int, found: Intervals, lost_s: Floats, first_day: int, *, lasting: bool) -> Floats:
    """Rows of COLUMNS for the days on which a stop took planned time, or that it did not end as it had begun.

    lost_s: shape (days,), supplier-attributed downtime a day from `first_day`. lasting: whether a stop lasted when the
    first one began. LASTS is 1 where a stop is not known to be over at the day's end: silence after it ends nothing.
    """
    known = found.state != UNKNOWN
    last_told = np.concatenate([[lasting], found.cause[known] == SUPPLIER])
    days = first_day + np.arange(len(lost_s))
    lasts = last_told[np.searchsorted(found.started[known], (days + 1) * DAY_S, side="left")]
    chosen = (lost_s > 0) | (lasts != np.append(lasting, lasts)[:-1])
    rows = np.column_stack([np.full(len(days), float(asset_id)), days, lost_s, lasts])
    return np.asarray(rows[chosen], dtype=np.float64)


@dataclass(frozen=True, kw_only=True)
class Stops:
    """Stops as known on an evening, shape (n,), by asset and day. began: day. lost_s: so far. lasts: not over yet."""

    asset_id: NDArray[np.int64]
    began: NDArray[np.int64]
    lost_s: Floats
    lasts: Bools


def stops_until(rows: Floats, day: int) -> Stops:
    """The stops of rows of COLUMNS as they are known on the evening of a day."""
    told = rows[rows[:, DAY] <= day]
    told = told[np.lexsort((told[:, DAY], told[:, ASSET]))]
    if not len(told):
        none = np.empty(0, dtype=np.int64)
        return Stops(asset_id=none, began=none, lost_s=np.empty(0), lasts=np.empty(0, dtype=np.bool_))
    goes_on = (told[1:, ASSET] == told[:-1, ASSET]) & (told[:-1, LASTS] == 1)
    first = np.append(True, ~goes_on)
    last = np.append(first[1:], True)
    return Stops(
        asset_id=told[first, ASSET].astype(np.int64),
        began=told[first, DAY].astype(np.int64),
        lost_s=np.add.reduceat(told[:, LOST_S], np.flatnonzero(first)),
        lasts=told[last, LASTS] == 1,
    )
