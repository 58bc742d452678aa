"""Seeded machines for the fast watch: regimes, shifts, days, seasons and weather, and faults of known size.

Nothing in them was taken from a data set. A machine has three speeds and what it does at each, a disturbance that all
its metrics share, noise that lasts for hours, a day's rhythm, and a season of up to two and a half of its own sigmas.
"""

from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

from services.health.block import Bools, Floats
from services.health.state_detection.change_detection.change import Buckets, ChangeFindings, advance_change
from services.health.state_detection.change_detection.tempo import HOURLY

METRICS = 5
YEAR_H = 8760
_SPEEDS = np.array([40.0, 70.0, 100.0])


@dataclass(frozen=True, kw_only=True)
class Machine:
    """values: (T, METRICS); speed: (T, 1); running: (T,). sigma: (METRICS,), scatter of an hour at one speed."""

    values: Floats
    speed: Floats
    running: Bools
    sigma: Floats


def machine(seed: int, hours: int = YEAR_H, shared: float | None = None) -> Machine:
    """A machine in which nothing happens. shared: what part of the disturbances all metrics share, None: by chance."""
    rng = np.random.default_rng(seed)
    hour = np.arange(hours)
    regime = _regimes(rng, hours)
    speed = _SPEEDS[regime] + rng.standard_normal(hours)
    by_chance = rng.uniform(0.0, 0.9)
    shared = by_chance if shared is None else shared
    noise = np.sqrt(1 - shared) * _lasting(rng, (hours, METRICS)) + np.sqrt(shared) * _lasting(rng, (hours, 1))
    weather = np.sin(2 * np.pi * (hour / YEAR_H + rng.uniform())) * rng.uniform(0.0, 2.5)
    day = np.sin(2 * np.pi * (hour / 24 + rng.uniform())) * rng.uniform(0.0, 0.5)
    felt = rng.uniform(-1.0, 1.0, METRICS)
    scatter = rng.uniform(0.8, 1.3, 3)[regime, None]
    sigma = 10.0 ** rng.uniform(-2, 3, METRICS)
    level = rng.uniform(-20, 20, (3, METRICS))[regime] + 0.1 * (speed - _SPEEDS[regime])[:, None] * felt
    values = sigma * (level + scatter * noise + (weather + day)[:, None] * felt)
    week = hour % 168
    shifts = [np.ones(hours, dtype=np.bool_), week < 120, (week < 120) & (hour % 24 >= 6) & (hour % 24 < 22)]
    running = shifts[rng.integers(3)] & (rng.random(hours) > 0.02)
    return Machine(values=values, speed=speed[:, None], running=running, sigma=sigma)


def _regimes(rng: np.random.Generator, hours: int) -> np.ndarray:
    """Which speed it runs at: orders of a few hours up to days."""
    lengths = rng.geometric(1 / 18, hours)
    return np.repeat(rng.integers(0, 3, hours), lengths)[:hours]


def _lasting(rng: np.random.Generator, shape: tuple[int, int]) -> Floats:
    """AR(1) noise of variance 1 that is forgotten after one to six hours."""
    r = np.exp(-1 / rng.uniform(1.0, 6.0))
    noise: Floats = lfilter([np.sqrt(1 - r**2)], [1, -r], rng.standard_normal(shape), axis=0)
    return noise


def findings_of(one: Machine, values: Floats | None = None, speed: Floats | None = None) -> ChangeFindings:
    """What the live functions say of it, or of other values that it told."""
    told = one.values if values is None else values
    buckets = Buckets(
        metrics=tuple(f"m{k}" for k in range(METRICS)),
        points=("speed",),
        values=told,
        at_points=one.speed if speed is None else speed,
        at=3600.0 * np.arange(len(told)),
        usable=one.running,
        renewed=np.zeros(len(told), dtype=np.bool_),
    )
    return advance_change(None, buckets, HOURLY)[1]


def spells(flag: Bools) -> list[tuple[int, int]]:
    """First and last bucket of each spell of a flag."""
    edges = np.diff(np.concatenate([[0], flag.astype(np.int64), [0]]))
    return list(zip(np.flatnonzero(edges == 1).tolist(), (np.flatnonzero(edges == -1) - 1).tolist(), strict=True))
