"""Readings that stand still or stay away although their peers go on: told from the raw values alone."""

from dataclasses import dataclass

import numpy as np

from services.health.block import Bools, Floats
from services.health.state_detection.change_detection.smoothing import run_lengths
from services.health.state_detection.change_detection.tempo import Tempo

_LEAST_RUN = 6
_SELDOM = 0.05  # share of equal readings above which a metric is one that is set, not measured


@dataclass(frozen=True, kw_only=True)
class RunLimits:
    """Per sensor, (M,): the longest runs of equal and of missing readings that can still be chance, in buckets."""

    equal: list[float]
    missing: list[float]


@dataclass(frozen=True, kw_only=True)
class RunState:
    """Per sensor: its last reading (NaN for none yet), and the runs of equal and of missing readings under way."""

    last: list[float]
    equal: list[int]
    missing: list[int]


def run_limits(values: Floats, measured: int, tempo: Tempo) -> RunLimits:
    """Learn from n buckets (n, M) in which nothing was wrong; only the first `measured` are surely no set points.

    Set points may stand still for as long as an order lasts.
    A run is no chance where it is longer than twice the longest seen, and than a run of independent buckets would be
    in one baseline of many: length > log(chance) / log(share of such buckets).
    """
    equal, other, missing = _kinds(values, np.full(values.shape[1], np.nan))
    still = _limit(equal, other, equal | other, tempo)
    still[measured:][(equal.sum(axis=0) > _SELDOM * (equal | other).sum(axis=0))[measured:]] = np.inf
    return RunLimits(
        equal=still.tolist(),
        missing=_limit(missing, ~missing, np.ones_like(missing), tempo).tolist(),
    )


def _limit(counted: Bools, broken: Bools, of: Bools, tempo: Tempo) -> Floats:
    none = np.zeros(counted.shape[1], dtype=np.int64)
    longest = run_lengths(counted, broken, none).max(axis=0, initial=0)
    share = (counted.sum(axis=0) + 1) / (of.sum(axis=0) + 2)
    improbable = np.log(tempo.chance(2 * counted.shape[1])) / np.log(share)
    return np.asarray(np.maximum(np.maximum(2 * longest, improbable), _LEAST_RUN), dtype=np.float64)


def _kinds(values: Floats, last: Floats) -> tuple[Bools, Bools, Bools]:
    """Buckets whose reading equals the metric's one before, whose reading does not, and that have none; (T, M)."""
    read = np.vstack([last, values])
    index = np.maximum.accumulate(np.where(np.isnan(read), 0, np.arange(len(read))[:, None]), axis=0)
    missing = np.isnan(values)
    equal = values == np.take_along_axis(read, index, axis=0)[:-1]
    return equal, ~equal & ~missing, missing


def advance_runs(state: RunState, limits: RunLimits, values: Floats) -> tuple[RunState, Bools, Bools]:
    """Which metrics stand still and which stay away, (T, M) each, in buckets in which the machine ran."""
    if not len(values):
        nothing = np.zeros(values.shape, dtype=np.bool_)
        return state, nothing, nothing
    equal, other, missing = _kinds(values, np.array(state.last))
    still = run_lengths(equal, other, np.array(state.equal, dtype=np.int64))
    away = run_lengths(missing, ~missing, np.array(state.missing, dtype=np.int64))
    read = np.vstack([state.last, values])
    index = np.where(np.isnan(read), 0, np.arange(len(read))[:, None]).max(axis=0)
    last = read[index, np.arange(read.shape[1])]
    after = RunState(last=last.tolist(), equal=still[-1].tolist(), missing=away[-1].tolist())
    return after, still > np.array(limits.equal), away > np.array(limits.missing)
