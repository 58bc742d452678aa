"""What changed at one asset, hour by hour, and which of its sensors are left out of every judgement. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from services.health.advisory_generation.machine_conditions import HOUR_S
from services.health.block import AssetBlock
from services.health.health_assessment.asset_hours import AssetHours
from services.health.state_detection.change_detection.change import Buckets, ChangeFindings, advance_changes
from services.health.state_detection.change_detection.change_state import ChangeState
from services.health.state_detection.change_detection.tempo import HOURLY


@dataclass(frozen=True, kw_only=True)
class AssetChanges:
    """One asset's changes over a block: findings of all hours, None for an asset without condition metrics.

    after: the state at the last midnight; latest: after the last hour. hours: by which they were judged.
    """

    findings: ChangeFindings | None
    after: ChangeState | None
    latest: ChangeState | None
    hours: AssetHours

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


def fleet_changes(
    before: Sequence[ChangeState | None], assets: Sequence[AssetBlock], hours: Sequence[AssetHours], start_s: float
) -> list[AssetChanges]:
    """Look for changes of each asset in all hours of a block. start_s: the block's, Unix seconds."""
    found = [
        AssetChanges(findings=None, after=state, latest=state, hours=own)
        for state, own in zip(before, hours, strict=True)
    ]
    judged = [i for i, asset in enumerate(assets) if any(m.role == "condition" for m in asset.metrics)]
    buckets = {i: _buckets(assets[i], hours[i], start_s) for i in judged}
    count = len(hours[0].running) if hours else 0
    for part in (slice(0, count // 24 * 24), slice(count // 24 * 24, count)):
        if part.start < part.stop:
            told = advance_changes([found[i].latest for i in judged], [_part(buckets[i], part) for i in judged], HOURLY)
            for i, (state, said) in zip(judged, told, strict=True):
                over = part.stop % 24 == 0
                found[i] = _followed(found[i], state, said, hours[i], over=over)
    return found


def more_changes(
    earlier: Sequence[AssetChanges],
    before: Sequence[ChangeState | None],
    assets: Sequence[AssetBlock],
    hours: Sequence[AssetHours],
    start_s: float,
    known_hours: int,
) -> list[AssetChanges]:
    """The same in a day under way of which more hours are whole than were `earlier`.

    before: the states at its midnight. known_hours: readings of so many hours are what they were; an asset whose hours
    were others is looked at from midnight on.
    """
    going = [_goes_on(own, now, known_hours) for own, now in zip(earlier, hours, strict=True)]
    found = [
        own if go else AssetChanges(findings=None, after=state, latest=state, hours=now)
        for own, state, now, go in zip(earlier, before, hours, going, strict=True)
    ]
    judged = [i for i, asset in enumerate(assets) if any(m.role == "condition" for m in asset.metrics)]
    parts = [
        _part(_buckets(assets[i], hours[i], start_s), slice(len(found[i].hours.running) if going[i] else 0, None))
        for i in judged
    ]
    told = advance_changes([found[i].latest for i in judged], parts, HOURLY)
    for i, (state, said) in zip(judged, told, strict=True):
        found[i] = _followed(found[i], state, said, hours[i], over=False)
    return found


def _goes_on(earlier: AssetChanges, now: AssetHours, known_hours: int) -> bool:
    """Whether nothing of the hours that were judged is another than it was."""
    was, count = earlier.hours, len(earlier.hours.running)
    same = np.array_equal(was.running, now.running[:count]) and np.array_equal(was.repaired, now.repaired[:count])
    return count <= known_hours and same


def _followed(
    earlier: AssetChanges, state: ChangeState, said: ChangeFindings, hours: AssetHours, *, over: bool
) -> AssetChanges:
    """With what was found in the hours behind it; over: they end at a midnight."""
    findings = said if earlier.findings is None else _joined(earlier.findings, said)
    return AssetChanges(findings=findings, after=state if over else earlier.after, latest=state, hours=hours)


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
