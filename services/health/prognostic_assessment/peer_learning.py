"""Learn what machines of one type do at each customer, from its months. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from services.health.block import Floats
from services.health.prognostic_assessment.peer_levels import FIGURES, LEAST_PEERS, PeerModel

LEAST_MONTHS, LEAST_COVERAGE = 3, 0.5
_DIGITS = 6  # sums of the database differ in their last bits with the order of its rows


@dataclass(frozen=True, kw_only=True)
class MonthSums:
    """One customer's months of one type, each array of shape (months,), machines summed up.

    planned_h, known_h: hours of PBT, and those for which data exists. parts, wholes: of each figure, whose level is the
    ratio of their sums; NaN in months without it.
    """

    customer_id: int
    segment: str | None
    planned_h: Floats
    known_h: Floats
    parts: Mapping[str, Floats]
    wholes: Mapping[str, Floats]


def learn(members: Sequence[MonthSums], asset_type: str, through: float) -> PeerModel | None:
    """Levels of all customers with half of their planned time known in at least three months; None where they are too
    few for any comparison."""
    told = [own for own in sorted(members, key=lambda m: m.customer_id) if _is_known(own)]
    if len(told) <= LEAST_PEERS:
        return None
    figures = {name: [_ratio(own.parts[name], own.wholes[name]) for own in told] for name in FIGURES}
    return PeerModel(
        asset_type=asset_type,
        learned_through=through,
        customers=tuple(own.customer_id for own in told),
        segments=tuple(own.segment for own in told),
        levels={name: tuple(level for level, _ in own) for name, own in figures.items()},
        errors={name: tuple(error for _, error in own) for name, own in figures.items()},
    )


def _is_known(own: MonthSums) -> bool:
    covered = (own.known_h > 0) & (own.known_h >= LEAST_COVERAGE * own.planned_h)
    return int(covered.sum()) >= LEAST_MONTHS


def _ratio(part: Floats, whole: Floats) -> tuple[float, float]:
    """Sum of part / sum of whole over the months that have both, and its standard error (Cochran, Sampling Techniques,
    1977, eq. 6.13); NaN for fewer than three."""
    used = np.isfinite(part) & (np.nan_to_num(whole) > 0)
    months = int(used.sum())
    if months < LEAST_MONTHS:
        return float("nan"), float("nan")
    total = float(whole[used].sum())
    ratio = float(part[used].sum()) / total
    residual = part[used] - ratio * whole[used]
    error = sqrt(months / (months - 1) * float((residual**2).sum())) / total
    return round(ratio, _DIGITS), round(error, _DIGITS)
