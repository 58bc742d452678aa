"""What changed at one asset, hour by hour, and which of its sensors are left out of every judgement. Pure."""

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from services.health.advisory_generation.machine_conditions import HOUR_S
from services.health.block import AssetBlock
from services.health.health_assessment.asset_hours import AssetHours
from services.health.state_detection.change_detection.change import Buckets, ChangeFindings, advance_change
from services.health.state_detection.change_detection.change_state import ChangeState
from services.health.state_detection.change_detection.tempo import HOURLY


@dataclass(frozen=True, kw_only=True)
class AssetChanges:
    """One asset's changes over a block: findings of all hours, None for an asset without condition metrics; after: the
    state at the last midnight."""

    findings: ChangeFindings | None
    after: ChangeState | None

    def trusted(self, asset: AssetBlock) -> AssetBlock:
        """The asset without the readings of sensors that are not to be trusted."""
        if self.findings is None or not self.findings.faulty.any():
            return asset
        faulty = dict(zip(self.findings.sensors, self.findings.faulty.T, strict=True))
        mean = asset.mean.copy()
        for row, metric in enumerate(asset.metrics):
            if metric.role in ("condition", "operating_point"):
                mean[row, faulty[metric.name]] = np.nan
        return replace(asset, mean=mean)


def assess_changes(before: ChangeState | None, asset: AssetBlock, hours: AssetHours, start_s: float) -> AssetChanges:
    """Look for changes of an asset in all hours of a block. start_s: the block's, Unix seconds."""
    if not any(m.role == "condition" for m in asset.metrics):
        return AssetChanges(findings=None, after=before)
    buckets = _buckets(asset, hours, start_s)
    cut = len(buckets.at) // 24 * 24
    if not cut:
        return AssetChanges(findings=advance_change(before, buckets, HOURLY)[1], after=before)
    after, told = advance_change(before, _part(buckets, slice(0, cut)), HOURLY)
    if cut < len(buckets.at):
        told = _joined(told, advance_change(after, _part(buckets, slice(cut, None)), HOURLY)[1])
    return AssetChanges(findings=told, after=after)


def _buckets(asset: AssetBlock, hours: AssetHours, start_s: float) -> Buckets:
    rows = {
        role: [i for i, m in enumerate(asset.metrics) if m.role == role] for role in ("condition", "operating_point")
    }
    names = {role: tuple(asset.metrics[i].name for i in own) for role, own in rows.items()}
    return Buckets(
        metrics=names["condition"],
        points=names["operating_point"],
        values=asset.mean[rows["condition"]].T,
        at_points=asset.mean[rows["operating_point"]].T,
        at=start_s + HOUR_S * np.arange(len(hours.running), dtype=np.float64),
        usable=hours.running,
        renewed=hours.repaired,
    )


def _part(buckets: Buckets, rows: slice) -> Buckets:
    return replace(
        buckets,
        values=buckets.values[rows],
        at_points=buckets.at_points[rows],
        at=buckets.at[rows],
        usable=buckets.usable[rows],
        renewed=buckets.renewed[rows],
    )


def _joined(first: ChangeFindings, second: ChangeFindings) -> ChangeFindings:
    per_bucket = [f.name for f in fields(ChangeFindings) if f.name not in ("metrics", "sensors", "before")]
    both: dict[str, Any] = {name: np.concatenate([getattr(first, name), getattr(second, name)]) for name in per_bucket}
    return replace(first, **both)
