"""The hours of one asset: which are known, in which it ran, what it was used for, when it was repaired. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from services.health.advisory_generation.machine_conditions import HOUR_S, WORK_KINDS, event_hours
from services.health.block import AssetBlock, Bools, CustomerBlock, Floats
from services.health.health_assessment.asset_work import AssetStates
from services.health.state_detection.state_intervals import Intervals
from services.health.state_detection.states import IS_FAILED, UNKNOWN
from services.health.state_detection.times import production_hours

REPAIR_HOURS = 1.0
_HOURS_IN = {"h": 1.0, "hour": 1.0, "hours": 1.0, "min": 1 / 60, "s": 1 / 3600}


@dataclass(frozen=True, kw_only=True)
class AssetHours:
    """One asset's whole hours of a block; all arrays have shape (T,).

    covered: any metric that is judged was known. running: hours of production; running_s: seconds of it. repaired:
    hours in which a repair ended.
    """

    covered: Bools
    running: Bools
    running_s: Floats
    repaired: Bools


def fleet_hours(block: CustomerBlock, assets: Sequence[AssetStates]) -> list[AssetHours]:
    """The hours of each asset, by what it was doing."""
    telling = [states.intervals for states in assets if states.intervals is not None]
    produced = zip(*production_hours(telling, start=block.start.timestamp(), hours=block.hours), strict=True)
    return [_asset_hours(block, states, None if states.intervals is None else next(produced)) for states in assets]


def _asset_hours(block: CustomerBlock, states: AssetStates, produced: tuple[Floats, Floats] | None) -> AssetHours:
    """produced: seconds of production and of known time; without states every covered hour counts."""
    covered = _covered(states.asset, block.hours)
    running, running_s = covered, np.where(covered, HOUR_S, 0.0)
    if produced is not None:
        running_s, known = produced
        running = (known > 0) & (running_s > known / 2)
    repaired = _repaired(block, states.asset, states.intervals, block.start.timestamp(), block.hours)
    return AssetHours(covered=covered, running=running, running_s=running_s, repaired=repaired)


def _covered(asset: AssetBlock, hours: int) -> Bools:
    """Hours in which any metric that is judged was known; any metric at all where none is judged."""
    judged = [i for i, m in enumerate(asset.metrics) if m.role == "condition"] or list(range(len(asset.metrics)))
    return (
        np.asarray((asset.covered_s[judged] > 0).any(axis=0), dtype=np.bool_) if judged else np.zeros(hours, np.bool_)
    )


def _repaired(block: CustomerBlock, asset: AssetBlock, found: Intervals | None, start: float, hours: int) -> Bools:
    """Hours in which a repair ended: a failure of at least an hour, or work that somebody recorded."""
    repaired = event_hours(block, asset.asset_id, WORK_KINDS, hours)
    if found is None or not len(found.state):
        return repaired
    failed = IS_FAILED[found.state]
    ended = failed[:-1] & ~failed[1:] & (found.state[1:] != UNKNOWN)
    ended &= found.ended[:-1] - found.started[:-1] >= REPAIR_HOURS * HOUR_S
    hour = ((found.ended[:-1][ended] - start) // HOUR_S).astype(np.int64)
    repaired[hour[(hour >= 0) & (hour < hours)]] = True
    return repaired


def used_seconds(asset: AssetBlock, row: int) -> Floats:
    """Seconds of use in each hour: an hour counter's growth, else the share of time in which the metric was on."""
    unit = asset.metrics[row].unit
    used: Floats
    if unit in _HOURS_IN:
        used = np.clip(np.nan_to_num(asset.increase[row]) * _HOURS_IN[unit] * HOUR_S, 0.0, HOUR_S)
    else:
        full = 100.0 if unit == "%" else 1.0
        used = np.clip(np.nan_to_num(asset.mean[row]) / full, 0.0, 1.0) * asset.covered_s[row]
    return used
