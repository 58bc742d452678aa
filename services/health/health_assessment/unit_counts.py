"""Units that an asset counted a day, of hours in which all that are compared with each other were counted. Pure.

An hour that one counter missed would make a ratio of two counts better or worse than it was: good units of 12 hours
over the units of 24. So what is compared leaves the hour out of both sides, and how much of the production time was
counted is told beside it. A counter of which nothing came all day (UTC) is not declared for that day, and holds up no
other.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from services.health.block import AssetBlock, Bools, Floats

HOUR_S = 3600.0
_MADE = ("production_count", "good_count")
_INSPECTED = ("inspected_count", "first_pass_count")
_OF_MADE = ("scrap_count", "rework_count")


@dataclass(frozen=True, kw_only=True)
class Counts:
    """by_day: role to units a day, shape (days,), NaN where not known. hours: shape (days * 24,), hours in which what
    was made was counted."""

    by_day: Mapping[str, Floats]
    hours: Bools

    def spans(self, start: float) -> Floats:
        """The counted hours of a block from `start` as disjoint, ascending spans in Unix seconds, shape (n, 2)."""
        edges = np.flatnonzero(np.diff(np.concatenate([[False], self.hours, [False]]).astype(np.int8)))
        return np.asarray(start + HOUR_S * edges.reshape(-1, 2), dtype=np.float64)


def counts(asset: AssetBlock, days: int) -> Counts:
    """What the asset's counters say of a block's days; units made and good units only of hours that have both, and of
    those the scrapped and reworked, not known on a day on which one such hour of theirs is not."""
    counting = {metric.role for metric in asset.metrics} & {*_MADE, *_INSPECTED, *_OF_MADE}
    told = {role: _told(asset, role, days) for role in counting}
    made, inspected = (
        _together(np.stack([told[role][1] for role in group if role in told] or [np.zeros(days * 24, dtype=np.bool_)]))
        for group in (_MADE, _INSPECTED)
    )
    by_day = dict.fromkeys((*_MADE, *_INSPECTED, *_OF_MADE), np.full(days, np.nan))
    for role, (units, known) in told.items():
        if role in _OF_MADE:
            lacking = (made & ~known).reshape(days, 24).any(axis=1)
            counted = np.where(_any_by_day(made), made, known)
            by_day[role] = np.where(lacking, np.nan, _by_day(units, known, counted))
        else:
            by_day[role] = _by_day(units, known, made if role in _MADE else inspected)
    return Counts(by_day=by_day, hours=made)


def _told(asset: AssetBlock, role: str, days: int) -> tuple[Floats, Bools]:
    """Units an hour of the metrics of a role, and hours in which they are known; shape (days * 24,) each."""
    chosen = [i for i, metric in enumerate(asset.metrics) if metric.role == role]
    hourly = np.full((len(chosen), days * 24), np.nan)
    hourly[:, : asset.increase.shape[1]] = asset.increase[chosen]
    return np.nan_to_num(hourly).sum(axis=0), _together(np.isfinite(hourly))


def _together(known: Bools) -> Bools:
    """Hours in which each of some counters is known that is known at all on that day; known: shape (n, days * 24)."""
    silent = ~np.repeat(known.reshape(len(known), known.shape[1] // 24, 24).any(axis=2), 24, axis=1)
    return np.asarray((known | silent).all(axis=0) & known.any(axis=0), dtype=np.bool_)


def _by_day(units: Floats, known: Bools, counted: Bools) -> Floats:
    """Units a day of the counted hours; NaN on days on which the counter was never known."""
    total = np.where(counted, units, 0.0).reshape(-1, 24).sum(axis=1)
    return np.where(known.reshape(-1, 24).any(axis=1), total, np.nan)


def _any_by_day(hours: Bools) -> Bools:
    """For each hour whether any hour of its day is one of these."""
    return np.asarray(np.repeat(hours.reshape(-1, 24).any(axis=1), 24), dtype=np.bool_)
