"""What the judgement of an asset's condition carries from one block of hours to the next."""

from dataclasses import dataclass, replace

import numpy as np

from services.health.block import AssetBlock, Bools, Floats
from services.health.prognostic_assessment.forecast import DAMAGE, Trend
from services.health.state_detection.operating_baseline import Baseline, widened_baseline


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What is said about an asset from the end of one judged day to the next. Fields as in ConditionFindings."""

    deviation: float = float("nan")
    watch: bool = False
    act: bool = False
    expected_at: float = float("nan")
    expected_low: float = float("nan")
    expected_high: float = float("nan")
    confidence: float = float("nan")
    renewed: bool = False


@dataclass(frozen=True, kw_only=True)
class ConditionState:
    """All that later hours need to know of earlier ones; bounded, and made of what msgspec can write.

    pending: hours of the UTC day under way; collected: hours to learn a baseline from, of `collected_days` days.
    Both are tables of float64, row by row, little-endian: hour, running, repaired, M values, P points.
    slow, fast: smoothed deviation of each metric. verdict: the newest. limit: the combined deviation that counts as
    damage. before_repair: what `slow` was at a repair whose effect is awaited since `repair_days` judged days. worn:
    the same of a repair that had an effect, while the baseline is learned anew.
    """

    metrics: tuple[str, ...]
    points: tuple[str, ...]
    pending: bytes = b""
    collected: bytes = b""
    collected_days: int = 0
    baselines: list[Baseline]
    slow: list[float]
    fast: list[float]
    trend: Trend
    verdict: Verdict
    limit: float = DAMAGE
    before_repair: list[float] | None = None
    repair_days: int = 0
    worn: list[float] | None = None


def with_metrics(state: ConditionState | None, asset: AssetBlock) -> ConditionState:
    """The state with room for every metric of the asset; metrics it no longer reports stay, without values."""
    metrics = {m.name for m in asset.metrics if m.role == "condition"}
    points = {m.name for m in asset.metrics if m.role == "operating_point"}
    if state is None:
        state = ConditionState(metrics=(), points=(), baselines=[], slow=[], fast=[], trend=Trend(), verdict=Verdict())
    if metrics <= set(state.metrics) and points <= set(state.points):
        return state
    return _widened(state, tuple(sorted(metrics | set(state.metrics))), tuple(sorted(points | set(state.points))))


def _widened(state: ConditionState, metrics: tuple[str, ...], points: tuple[str, ...]) -> ConditionState:
    metric_from = [state.metrics.index(name) if name in state.metrics else -1 for name in metrics]
    point_from = [state.points.index(name) if name in state.points else -1 for name in points]
    fixed, had = 3, len(state.metrics)
    columns = [*range(fixed), *(fixed + i if i >= 0 else -1 for i in metric_from)]
    columns += [fixed + had + i if i >= 0 else -1 for i in point_from]
    width = fixed + had + len(state.points)
    return replace(
        state,
        metrics=metrics,
        points=points,
        pending=_widened_table(state.pending, width, columns),
        collected=_widened_table(state.collected, width, columns),
        baselines=[widened_baseline(baseline, metric_from, point_from) for baseline in state.baselines],
        slow=_picked(state.slow, metric_from),
        fast=_picked(state.fast, metric_from),
        before_repair=None if state.before_repair is None else _picked(state.before_repair, metric_from),
        worn=None if state.worn is None else _picked(state.worn, metric_from),
    )


def _picked(row: list[float], source: list[int]) -> list[float]:
    return [row[i] if i >= 0 else 0.0 for i in source]


def _widened_table(table: bytes, width: int, columns: list[int]) -> bytes:
    rows = unpack(table, width)
    return np.column_stack([rows, np.full(len(rows), np.nan)])[:, columns].tobytes()


def hour_table(state: ConditionState, asset: AssetBlock, running: Bools, hours: Floats, repaired: Bools) -> Floats:
    """Hours as rows: start, running, repaired, metrics and points in the state's order."""
    row_of = {m.name: i for i, m in enumerate(asset.metrics) if m.role in ("condition", "operating_point")}
    missing = np.full(len(hours), np.nan)
    names = (*state.metrics, *state.points)
    columns = [asset.mean[row_of[name]] if name in row_of else missing for name in names]
    return np.column_stack([hours, running, repaired, *columns]).astype(np.float64)


def unpack(table: bytes, width: int) -> Floats:
    """Rows of a stored table, shape (n, width)."""
    return np.frombuffer(table, dtype=np.float64).reshape(-1, width)
