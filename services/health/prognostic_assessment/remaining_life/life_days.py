"""A day's readings of one machine: what remaining life is learned from, and told by. One row a judged day.

Readings depend on the operating point. They are kept beside its linear and quadratic terms, averaged over the same
hours: a fleet's model takes out what a linear function of these terms explains, which is exact for a machine with a
few distinct regimes too, and what is kept of a machine needs no model to be known.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement, pairwise

import numpy as np

from services.health.block import AssetBlock, Bools, Floats
from services.health.state_detection.condition import ConditionFindings

MOST_CROSSED = 4  # operating points beyond that many enter without products


@dataclass(frozen=True, kw_only=True)
class LifeDays:
    """Days of one asset, ascending; those with a value or a renewal only.

    day: (n,), days since 1970-01-01. metrics: names of M columns of `values` (n, M), means of the hours in which the
    asset ran, NaN where unknown. terms: names of K columns of `terms_mean` (n, K), NaN where the machine was not yet
    known to have one of the term's points. deviation: (n,), combined deviation
    from the asset's own baseline in its sigmas, NaN before there is one. confidence: (n,), probability of a failure as
    condition alone foretold it. renewed: (n,), true on the day with which a
    new life begins.
    """

    day: Floats
    metrics: tuple[str, ...]
    values: Floats
    terms: tuple[str, ...]
    terms_mean: Floats
    deviation: Floats
    confidence: Floats
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
            confidence=self.confidence[chosen],
            renewed=self.renewed[chosen],
        )


def life_days(
    asset: AssetBlock, running: Bools, start_s: float, findings: ConditionFindings, known: Sequence[str] = ()
) -> LifeDays:
    """The whole days of a block that starts at a UTC midnight.

    running: (T,), findings: of condition alone, at each hour's end. known: operating points that
    the machine is known to have from earlier days. From the day on which a point is first heard, an hour without it is
    left out, since its readings cannot be compared; one that was never heard is none.
    """
    days = asset.mean.shape[1] // 24
    metrics, values = _named(asset, "condition", days)
    points, settings = _with_silent(*_named(asset, "operating_point", days), known)
    heard = np.isfinite(settings).any(axis=2)
    had = np.array([name in known for name in points], dtype=np.bool_)[:, None] | np.logical_or.accumulate(
        heard, axis=1
    )
    usable = running[: 24 * days].reshape(days, 24) & np.isfinite(values).any(axis=0)
    usable &= (np.isfinite(settings) | ~had[:, :, None]).all(axis=0)
    means = _means(values, usable)
    names, terms_mean = _terms_of_days(points, settings, had, usable)
    at_midnight = np.arange(days) * 24 + 23
    fresh = findings.renewed[at_midnight]
    found = LifeDays(
        day=start_s // 86_400 + np.arange(days, dtype=np.float64),
        metrics=metrics,
        values=means,
        terms=names,
        terms_mean=terms_mean,
        deviation=findings.deviation[at_midnight],
        confidence=np.where(np.isnan(findings.deviation), np.nan, findings.confidence)[at_midnight],
        renewed=fresh,
    )
    return found.rows(np.asarray(np.isfinite(means).any(axis=1) | fresh))


def points_heard(asset: AssetBlock, known: Sequence[str]) -> tuple[str, ...]:
    """Operating points known before with those that have a value in the block's whole days, by name."""
    return tuple(sorted({*known, *_named(asset, "operating_point", asset.mean.shape[1] // 24)[0]}))


def of_one_layout(days: LifeDays) -> list[LifeDays]:
    """The days cut where a new operating point came to be known, each part with its own terms alone."""
    known = np.isfinite(days.terms_mean)
    valued = np.flatnonzero(np.isfinite(days.values).any(axis=1))
    changed = valued[1:][(known[valued[1:]] != known[valued[:-1]]).any(axis=1)]
    parts = []
    for first, end in pairwise([0, *changed.tolist(), len(days.day)]):
        part = days.rows(slice(first, end))
        own = np.flatnonzero(np.isfinite(part.terms_mean).any(axis=0)).tolist()
        names = tuple(days.terms[k] for k in own)
        parts.append(replace(part, terms=names, terms_mean=part.terms_mean[:, own]))
    return parts


def _with_silent(names: tuple[str, ...], rows: Floats, known: Sequence[str]) -> tuple[tuple[str, ...], Floats]:
    """The points with those that are known but silent in all of the block."""
    every = tuple(sorted({*names, *known}))
    table = np.full((len(every), *rows.shape[1:]), np.nan)
    table[[every.index(name) for name in names]] = rows
    return every, table


def _terms_of_days(
    points: tuple[str, ...], settings: Floats, had: Bools, usable: Bools
) -> tuple[tuple[str, ...], Floats]:
    """Names, in order, and daily means (days, K) of the terms of the points that each day had."""
    columns: dict[str, Floats] = {}
    patterns, member = np.unique(had, axis=1, return_inverse=True)
    for pattern in range(patterns.shape[1]):
        own: list[bool] = patterns[:, pattern].tolist()
        of_pattern = member.reshape(-1) == pattern
        names, terms = point_terms([name for name, has in zip(points, own, strict=True) if has], settings[own])
        for name, row in zip(names, _means(terms, usable).T, strict=True):
            columns.setdefault(name, np.full(len(row), np.nan))[of_pattern] = row[of_pattern]
    every = tuple(sorted(columns))
    return every, np.array([columns[name] for name in every], dtype=np.float64).reshape(len(every), len(usable)).T


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
