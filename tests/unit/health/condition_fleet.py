"""Seeded machines with known wear, and their hours as the health service reads them."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from services.health.block import AssetBlock, Bools, Floats, Metric
from services.health.state_detection.condition import ConditionFindings, no_findings

DAY_S = 86_400.0
START_S = 1_600_041_600.0  # a UTC midnight


def asset(values: dict[str, Floats], points: dict[str, Floats] | None = None) -> AssetBlock:
    """One asset whose condition metrics and operating points have these hourly means, NaN where unknown."""
    points = points or {}
    metrics = [Metric(name=name, unit="", role="condition") for name in values]
    metrics += [Metric(name=name, unit="", role="operating_point") for name in points]
    mean = np.array([*values.values(), *points.values()], dtype=np.float64)
    return AssetBlock(
        asset_id=1,
        name="pump",
        asset_type="pump",
        state_decoder={},
        site_id=1,
        line_id=None,
        commissioned_on=None,
        metrics=tuple(metrics),
        mean=mean,
        covered_s=np.where(np.isnan(mean), 0.0, 3600.0),
        increase=np.full(mean.shape, np.nan),
        states=None,
        source_ids=(),
    )


def hours_of(block: AssetBlock) -> Floats:
    return START_S + 3600.0 * np.arange(block.mean.shape[1])


def always(block: AssetBlock) -> Bools:
    return np.ones(block.mean.shape[1], dtype=bool)


def findings(hours: int, *, deviation: Floats | None = None, renewed: Bools | None = None) -> ConditionFindings:
    """What condition would say if it foretold nothing."""
    said = no_findings(hours)
    return replace(
        said,
        deviation=said.deviation if deviation is None else deviation,
        renewed=said.renewed if renewed is None else renewed,
    )


def part(block: AssetBlock, first: int, end: int) -> AssetBlock:
    """The hours [first, end) of a block."""
    values = {m.name: block.mean[i, first:end] for i, m in enumerate(block.metrics) if m.role == "condition"}
    points = {m.name: block.mean[i, first:end] for i, m in enumerate(block.metrics) if m.role == "operating_point"}
    return asset(values, points)


def pump(
    *,
    seed: int,
    days: int,
    wear: NDArray[np.float64] | None = None,
    persistence: float = 0.8,
    worn_metrics: int = 3,
    every_hours: int = 1,
) -> AssetBlock:
    """A pump with four metrics and two operating points.

    Load switches between 60 % and 100 % by order; the ambient temperature swings daily and slowly over weeks; both
    move the metrics. Noise is AR(1) from hour to hour. wear: (days,) in noise sigmas, added to the first
    `worn_metrics` metrics, downwards in the last of them.
    """
    rng = np.random.default_rng(seed)
    hour = np.arange(days * 24)
    load = np.repeat(rng.choice([60.0, 100.0], size=days * 3, p=[0.4, 0.6]), 8)
    slow = lfilter([0.1], [1, -0.995], rng.normal(size=len(hour)))
    ambient = 18 + 4 * np.sin(2 * np.pi * hour / 24) + slow
    grown = np.zeros(len(hour)) if wear is None else np.interp(hour / 24, np.arange(days), wear)
    values = {}
    for k, (name, at, unit) in enumerate(
        [("vibration", 2.0, 0.1), ("bearing_temperature", 55.0, 1.5), ("pressure", 8.0, 0.05), ("current", 40.0, 0.6)]
    ):
        noise = lfilter([np.sqrt(1 - persistence**2)], [1, -persistence], rng.normal(size=len(hour)))
        cycle = 0.3 * np.sin(2 * np.pi * hour / 24 + k) + 0.2 * np.sin(2 * np.pi * hour / 168 + k)
        worn = 0.0 if k >= worn_metrics else (-grown if k == worn_metrics - 1 else grown)
        values[name] = at + unit * (noise + cycle + 0.1 * (load - 60) + 0.2 * (ambient - 18) + worn)
        values[name][hour % every_hours != 0] = np.nan
    return asset(values, {"load": load, "ambient": ambient})


def episodes(flag: Bools) -> int:
    """How often a flag turns on."""
    return int(np.sum(flag & ~np.concatenate([[False], flag[:-1]])))
