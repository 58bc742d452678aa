"""What downtime is usual for customers like one, from the levels that the peer models keep of others. Pure.

    mean of the others    of their segment where five others are in it, else of all
    weeks of trust        weeks of a year x mean square of the levels' errors / variance between customers

The variance between is that of the levels less that of their errors (method of moments; Morris, Journal of the American
Statistical Association 78, 1983). Machines of several types count by their number.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.health.block import AssetBlock, CustomerBlock, Floats
from services.health.health_assessment.customer_health.usual import YEAR_WEEKS
from services.health.prognostic_assessment.peer_levels import DOWN_SHARE, LEAST_PEERS, PeerModel, newest
from services.health.state_detection.states import DAY_S
from shared.records.vocabulary import BENCHMARKING

_DIGITS = 3
_LEAST_PART = 0.5


@dataclass(frozen=True, kw_only=True)
class Others:
    """What customers like one have, by day: mean share, and the weeks of its own that weigh as much as all of them;
    NaN where too few others are known."""

    mean: Floats
    weeks_of_trust: Floats


def nobody(days: int) -> Others:
    """Where nothing is known of others."""
    return Others(mean=np.full(days, np.nan), weeks_of_trust=np.full(days, np.nan))


def usual_of_others(block: CustomerBlock, models: Iterable[PeerModel], days: NDArray[np.int64]) -> Others:
    """What is usual at others on each of some days of the block; unknown to a customer that is not to be compared, and
    where no model speaks of half of its machines."""
    known = list(models)
    if BENCHMARKING not in block.data_use or not known:
        return nobody(len(days))
    machines, told = np.zeros(len(days)), np.zeros((len(days), 3))
    for asset_type in sorted({asset.asset_type for asset in block.assets}):
        here = np.array([_stands(a, days) for a in block.assets if a.asset_type == asset_type]).sum(axis=0)
        machines += here
        levels = np.array(_by_day(known, asset_type, block, days))
        counted = np.where(np.isfinite(levels[:, 0]), here, 0.0)
        told += np.column_stack([counted, *(counted * np.where(counted > 0, own, 0.0) for own in levels.T)])
    enough = (told[:, 0] > 0) & (told[:, 0] >= _LEAST_PART * machines)
    mean, weeks = (np.divide(told[:, c], told[:, 0], out=np.full(len(days), np.nan), where=enough) for c in (1, 2))
    return Others(mean=mean, weeks_of_trust=weeks)


def _stands(asset: AssetBlock, days: NDArray[np.int64]) -> Floats:
    """1 on days of which the asset stood here for a part."""
    start = days * DAY_S
    here = [(start < until) & (start + DAY_S > since) for since, until in asset.here]
    return np.asarray(np.logical_or.reduce(here), dtype=np.float64)


def _by_day(
    models: Sequence[PeerModel], asset_type: str, block: CustomerBlock, days: NDArray[np.int64]
) -> list[tuple[float, float]]:
    """Mean and weeks of trust by the model that was the newest on each day."""
    found: dict[float | None, tuple[float, float]] = {}
    told = []
    for day in days.tolist():
        model = newest(models, asset_type, day)
        key = None if model is None else model.learned_through
        if key not in found:
            found[key] = level_of_others(model, block.customer_id, block.segment)
        told.append(found[key])
    return told


def level_of_others(model: PeerModel | None, customer_id: int, segment: str | None) -> tuple[float, float]:
    """Mean share of downtime of the others of a model, and weeks of trust; NaN where fewer than five are known.

    A segment's alone counts where nobody, or at least five, would be left to tell it from all.
    """
    if model is None:
        return np.nan, np.nan
    level, error = np.array(model.levels[DOWN_SHARE]), np.array(model.errors[DOWN_SHARE])
    kept = np.isfinite(level) & np.array([number != customer_id for number in model.customers])
    alike = kept & np.array([segment is not None and own == segment for own in model.segments])
    outside = int((kept & ~alike).sum())
    if alike.sum() >= LEAST_PEERS and (outside == 0 or outside >= LEAST_PEERS):
        kept = alike
    if kept.sum() < LEAST_PEERS:
        return np.nan, np.nan
    within = float((error[kept] ** 2).mean())
    between = float(np.var(level[kept], ddof=1)) - within
    trust = YEAR_WEEKS * within / between if between > 0 else np.inf
    return round(float(level[kept].mean()), _DIGITS), trust
