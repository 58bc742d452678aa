"""A day's readings of one machine: what remaining life is learned from, and told by. One row a judged day.

Readings depend on the operating point. They are kept beside its linear and quadratic terms, averaged over the same
hours: a fleet's model takes out what a linear function of these terms explains, which is exact for a machine with a
few distinct regimes too, and what is kept of a machine needs no model to be known.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np

from services.health.block import AssetBlock, Bools, Floats

MOST_CROSSED = 4  # operating points beyond that many enter without products


@dataclass(frozen=True, kw_only=True)
class LifeDays:
    """Days of one asset, ascending; those with a value or a renewal only.

    day: (n,), days since 1970-01-01. metrics: names of M columns of `values` (n, M), means of the hours in which the
    asset ran, NaN where unknown. terms: names of K columns of `terms_mean` (n, K). deviation: (n,), combined deviation
    from the asset's own baseline in its sigmas, NaN before there is one. renewed: (n,), true on the day with which a
    new life begins.
    """

    day: Floats
    metrics: tuple[str, ...]
    values: Floats
    terms: tuple[str, ...]
    terms_mean: Floats
    deviation: Floats
    renewed: Bools

    def rows(self, chosen: slice | Bools) -> "LifeDays":
        """Some of the days."""
        return LifeDays(
            day=self.day[chosen],
            metrics=self.metrics,
            values=self.values[chosen],
            terms=self.terms,
            terms_mean=self.terms_mean[chosen],
            deviation=self.deviation[chosen],
            renewed=self.renewed[chosen],
        )


def life_days(asset: AssetBlock, running: Bools, start_s: float, deviation: Floats, renewed: Bools) -> LifeDays:
    """The whole days of a block that starts at a UTC midnight.

    running, deviation, renewed: (T,), as ConditionFindings has them at each hour's end. An hour without one of the
    operating points is left out, since its readings cannot be compared; a point that the block never has is none.
    """
    days = asset.mean.shape[1] // 24
    metrics, values = _named(asset, "condition", days)
    points, settings = _named(asset, "operating_point", days)
    usable = (
        running[: 24 * days].reshape(days, 24) & np.isfinite(values).any(axis=0) & np.isfinite(settings).all(axis=0)
    )
    names, terms = point_terms(points, settings)
    means = _means(values, usable)
    at_midnight = np.arange(days) * 24 + 23
    fresh = renewed[at_midnight]
    found = LifeDays(
        day=start_s // 86_400 + np.arange(days, dtype=np.float64),
        metrics=metrics,
        values=means,
        terms=names,
        terms_mean=_means(terms, usable),
        deviation=deviation[at_midnight],
        renewed=fresh,
    )
    return found.rows(np.asarray(np.isfinite(means).any(axis=1) | fresh))


def point_terms(names: Sequence[str], points: Floats) -> tuple[tuple[str, ...], Floats]:
    """Operating points (P, ...) and their products, with their names: shape (K, ...)."""
    crossed = len(names) <= MOST_CROSSED
    pairs = list(combinations_with_replacement(range(len(names)), 2)) if crossed else []
    products = [points[i] * points[j] for i, j in pairs]
    found = (*names, *(f"{names[i]} * {names[j]}" for i, j in pairs))
    return found, np.array([*points, *products]) if names else points


def _named(asset: AssetBlock, role: str, days: int) -> tuple[tuple[str, ...], Floats]:
    """Names in order, and hours as (count, days, 24), of the metrics of a role that have any value."""
    rows = {m.name: asset.mean[i, : 24 * days] for i, m in enumerate(asset.metrics) if m.role == role}
    names = tuple(sorted(name for name, row in rows.items() if np.isfinite(row).any()))
    return names, np.array([rows[name] for name in names], dtype=np.float64).reshape(len(names), days, 24)


def _means(hours: Floats, usable: Bools) -> Floats:
    """Means of usable hours a day: (count, days, 24) to (days, count); NaN where there are none."""
    known = np.isfinite(hours) & usable
    count = known.sum(axis=2)
    total = np.where(known, hours, 0.0).sum(axis=2)
    mean = np.full(total.shape, np.nan)
    np.divide(total, count, out=mean, where=count > 0)
    return np.asarray(mean.T, dtype=np.float64)
