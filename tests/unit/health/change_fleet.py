"""Seeded machines that change when told to, as buckets of the search for changes."""

from dataclasses import replace

import numpy as np
from scipy.signal import lfilter

from services.health.block import Bools, Floats
from services.health.state_detection.change_detection.change import Buckets, ChangeFindings, advance_change
from services.health.state_detection.change_detection.tempo import Tempo

TEMPO = Tempo(baseline=672, first=336)


def machine(buckets: int, *, seed: int = 0, metrics: int = 4, persistence: float = 0.0, shared: float = 0.0) -> Floats:
    """Readings (T, M) around 10: AR(1) noise of variance 1, `shared` of which all metrics have in common."""
    rng = np.random.default_rng(seed)
    own, common = rng.standard_normal((buckets, metrics)), rng.standard_normal((buckets, 1))
    white = np.sqrt(1 - shared) * own + np.sqrt(shared) * common
    noise: Floats = lfilter([np.sqrt(1 - persistence**2)], [1, -persistence], white, axis=0)
    return 10 + noise


def stepped(values: Floats, metric: int, first: int, end: int, by: float) -> Floats:
    """The readings with one metric shifted in the buckets [first, end)."""
    changed = values.copy()
    changed[first:end, metric] += by
    return changed


def buckets_of(
    values: Floats, *, points: Floats | None = None, usable: Bools | None = None, renewed: Bools | None = None
) -> Buckets:
    """Hourly buckets of metrics m0, m1, … and points p0, …"""
    rows = len(values)
    at_points = np.zeros((rows, 0)) if points is None else points
    return Buckets(
        metrics=tuple(f"m{i}" for i in range(values.shape[1])),
        points=tuple(f"p{i}" for i in range(at_points.shape[1])),
        values=values,
        at_points=at_points,
        at=3600.0 * np.arange(rows),
        usable=np.ones(rows, dtype=bool) if usable is None else usable,
        renewed=np.zeros(rows, dtype=bool) if renewed is None else renewed,
    )


def part(buckets: Buckets, first: int, end: int) -> Buckets:
    """The buckets [first, end)."""
    rows = slice(first, end)
    return replace(
        buckets,
        values=buckets.values[rows],
        at_points=buckets.at_points[rows],
        at=buckets.at[rows],
        usable=buckets.usable[rows],
        renewed=buckets.renewed[rows],
    )


def judged(values: Floats, tempo: Tempo = TEMPO) -> ChangeFindings:
    """Findings of a machine that always runs."""
    return advance_change(None, buckets_of(values), tempo)[1]


def starts(flag: Bools) -> list[int]:
    """Buckets at which a flag turns on."""
    return np.flatnonzero(flag & ~np.concatenate([[False], flag[:-1]])).tolist()
