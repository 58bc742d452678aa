"""What the condition of one asset is over a block, and what is to blame for it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from services.health.advisory_generation.machine_conditions import HOUR_S
from services.health.block import AssetBlock
from services.health.health_assessment.asset_hours import AssetHours
from services.health.state_detection.condition import FINDINGS, ConditionFindings, advance_condition
from services.health.state_detection.condition_state import ConditionState


@dataclass(frozen=True, kw_only=True)
class AssetCondition:
    """One asset's condition over a block.

    before: what it was judged by at the block's start, None before its first day. findings: of all hours; None for an
    asset without condition metrics. after: the state at the last midnight.
    """

    asset: AssetBlock
    hours: AssetHours
    start_s: float
    before: ConditionState | None
    findings: ConditionFindings | None
    after: ConditionState | None

    def blame_at(self, hour: int) -> Sequence[tuple[str, float]]:
        """Blame as of an hour's end: judged again up to there, unless the end of the block is of the same day."""
        if self.findings is not None and hour >= _last_midnight(self.asset):
            return self.findings.blame
        told, _ = _judged(self.before, self.asset, self.hours, self.start_s, hour + 1)
        return () if told is None else told.blame


def assess_condition(
    before: ConditionState | None, asset: AssetBlock, hours: AssetHours, start_s: float
) -> AssetCondition:
    """Judge the condition of an asset in all hours of a block. start_s: the block's, Unix seconds."""
    findings, after = _judged(before, asset, hours, start_s, asset.mean.shape[1])
    return AssetCondition(asset=asset, hours=hours, start_s=start_s, before=before, findings=findings, after=after)


def _judged(
    before: ConditionState | None, asset: AssetBlock, own: AssetHours, start_s: float, count: int
) -> tuple[ConditionFindings | None, ConditionState | None]:
    """Findings of the first hours and the state at their last midnight; None for an asset without condition metrics."""
    if not any(m.role == "condition" for m in asset.metrics):
        return None, before
    hours = start_s + HOUR_S * np.arange(count, dtype=np.float64)
    cut = count // 24 * 24
    told: list[ConditionFindings] = []
    at_midnight = before
    for first, end in ((0, cut), (cut, count)):
        if first < end:
            part = slice(first, end)
            after, said = advance_condition(
                at_midnight, _hours(asset, first, end), own.running[part], hours[part], own.repaired[part]
            )
            told.append(said)
            at_midnight = after if end == cut else at_midnight
    return _concatenated(told), at_midnight


def standing(findings: ConditionFindings, hours: int) -> ConditionFindings:
    """Findings over the first hours of a day, in all of which stands what was said at its midnight."""
    told: dict[str, Any] = {name: np.full(hours, getattr(findings, name)[0]) for name in FINDINGS}
    return replace(findings, **told)


def _last_midnight(asset: AssetBlock) -> int:
    """The first hour of the day under way."""
    return int(asset.mean.shape[1]) // 24 * 24


def _hours(asset: AssetBlock, first: int, end: int) -> AssetBlock:
    part = slice(first, end)
    return replace(
        asset,
        mean=asset.mean[:, part],
        covered_s=asset.covered_s[:, part],
        increase=asset.increase[:, part],
    )


def _concatenated(parts: Sequence[ConditionFindings]) -> ConditionFindings:
    if len(parts) == 1:
        return parts[0]
    first, second = parts
    told: dict[str, Any] = {name: np.concatenate([getattr(first, name), getattr(second, name)]) for name in FINDINGS}
    return ConditionFindings(**told, blame=second.blame)
