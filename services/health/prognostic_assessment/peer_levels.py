"""What machines of one type do at other customers: levels to compare a customer with, and never who they are. Pure.

Each customer's level of a figure is a ratio of sums over its months of one year, with its standard error. Before
levels are ranked they are drawn to their mean as far as their errors explain their spread (Efron and Morris, Journal of
the American Statistical Association 70, 1975): the best of many uncertain levels is otherwise the luckiest.

A customer is compared with others alone. A figure that fewer than LEAST_PEERS others have is not told, and what is told
is a mean over three of them at least, rounded, so that no single one can be read off.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np

from services.health.block import CustomerBlock, Floats
from shared.records.vocabulary import BENCHMARKING, CAUSES

LAYOUT_VERSION = 2
LEAST_PEERS = 5
_LEAST_TOLD = 3  # peers that share in any level that is told
_BEST_PART = 0.2
_DIGITS = 3
# Asymptotic standard error of a median of normal values, in those of their mean: sqrt(pi / 2).
_MEDIAN_ERROR = 1.2533

DOWN_SHARE, GOOD_PER_HOUR, ASKED_SHARE = "down_share", "good_per_hour", "asked_share"
DOWN_BY_CAUSE = tuple(f"{cause}_down" for cause in CAUSES)
EFFECTIVENESS_LOSS, QUALITY_LOSS = "effectiveness_loss", "quality_loss"
LOSSES = (*DOWN_BY_CAUSE, EFFECTIVENESS_LOSS, QUALITY_LOSS)
"""Shares of known planned time: downtime by its cause, time lost to slow running, and to units that were not good."""
FIGURES = (DOWN_SHARE, GOOD_PER_HOUR, ASKED_SHARE, *LOSSES)


@dataclass(frozen=True, kw_only=True)
class PeerModel:
    """Levels of all customers that let themselves be compared, in the year up to `learned_through`.

    learned_through: days since 1970-01-01. customers, segments: in one order. levels, errors: by figure, in that
    order; NaN where a customer has no such figure.
    """

    asset_type: str
    learned_through: float
    customers: tuple[int, ...]
    segments: tuple[str | None, ...]
    levels: Mapping[str, tuple[float, ...]]
    errors: Mapping[str, tuple[float, ...]]

    @property
    def skill(self) -> dict[str, object]:
        """How many customers it knows; the record of models shows it."""
        return {"customers": len(self.customers)}


@dataclass(frozen=True, kw_only=True)
class PeerLevel:
    """One figure of a customer's peers, in the figure's unit; errors are standard errors.

    peers: how many others there are. best: mean of the best fifth of them, of three at least.
    """

    peers: int
    median: float
    median_error: float
    best: float
    best_error: float


@dataclass(frozen=True, kw_only=True)
class Others:
    """What is told of a figure of other customers. level: None where fewer than LEAST_PEERS have it. missing: how
    many more of them it takes; None where the customer does not let itself be compared."""

    level: PeerLevel | None
    missing: int | None


def newest(models: Iterable[PeerModel], asset_type: str, day: int) -> PeerModel | None:
    """The model of a type that was learned last before a day (days since 1970-01-01); None where there is none."""
    known = [m for m in models if m.asset_type == asset_type and m.learned_through <= day]
    return max(known, key=lambda m: m.learned_through, default=None)


def peers_of(
    block: CustomerBlock,
    models: Iterable[PeerModel],
    asset_type: str,
    figure: str,
    day: int,
    segment: str | None = None,
) -> Others:
    """What the block's customer is told, on a day, of a figure of all others; of one segment's alone, where one is
    given. Nothing where it does not let itself be compared."""
    if BENCHMARKING not in block.data_use:
        return Others(level=None, missing=None)
    return others(newest(models, asset_type, day), figure, block.customer_id, segment)


def others(model: PeerModel | None, figure: str, customer_id: int, segment: str | None = None) -> Others:
    """A figure of all customers of the model but one; of one segment's alone, where a segment is given."""
    if model is None:
        return Others(level=None, missing=LEAST_PEERS)
    kept = np.array([number != customer_id for number in model.customers])
    level, error = np.array(model.levels[figure]), np.array(model.errors[figure])
    kept &= np.isfinite(level)
    if segment is not None:
        kept, everybody = kept & np.array([own == segment for own in model.segments]), int(kept.sum())
        outside = everybody - int(kept.sum())
        kept &= outside == 0 or outside >= LEAST_PEERS  # the difference to all others would tell of the few
    missing = LEAST_PEERS - int(kept.sum())
    if missing > 0:
        return Others(level=None, missing=missing)
    return Others(level=_level(level[kept], error[kept], lower_is_better=figure != GOOD_PER_HOUR), missing=0)


def _level(level: Floats, error: Floats, *, lower_is_better: bool) -> PeerLevel:
    drawn, left = _drawn_to_mean(level, error)
    order = np.argsort(drawn if lower_is_better else -drawn, kind="stable")
    best = order[: max(_LEAST_TOLD, ceil(_BEST_PART * len(level)))]
    middle = order[(len(level) - 1) // 2 - 1 : len(level) // 2 + 2]
    spread = float(np.var(drawn, ddof=1) + left.mean())
    among_best = float(np.var(drawn[best], ddof=1) + left[best].mean())
    return PeerLevel(
        peers=len(level),
        median=round(float(drawn[middle].mean()), _DIGITS),
        median_error=round(_MEDIAN_ERROR * sqrt(spread / len(level)), _DIGITS),
        best=round(float(drawn[best].mean()), _DIGITS),
        best_error=round(sqrt(among_best / len(best)), _DIGITS),
    )


def _drawn_to_mean(level: Floats, error: Floats) -> tuple[Floats, Floats]:
    """Levels drawn to their mean, and what variance each has left; as they are where their errors explain nothing."""
    mean, variance = level.mean(), error**2
    between = max(0.0, float(np.var(level, ddof=1) - variance.mean()))
    total = between + variance
    part = np.divide(between, total, out=np.ones_like(total), where=total > 0)
    return mean + part * (level - mean), part * variance
