"""Learn how many contracts a supplier loses from those that came due. Pure.

Only the level is learned, not what signs weigh: whoever has the worse signs has the higher risk of a day, whatever was
learned. The level stays at the believed one until the supplier's own past surely contradicts it, and then goes no
further than to where it just does not: the nearest end of the 95 % interval of Rao's score test, the equal weights
given, which without signs is Wilson's interval of a share (Journal of the American Statistical Association 22, 1927).
Not the 90 % of other figures, because every quarter tries anew whether the past contradicts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import copysign

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, logit

from services.health.block import Floats
from services.health.prognostic_assessment.renewal_model import PRIOR, WEIGHTS, RenewalModel

_Z95 = 1.96
_FARTHEST = 15.0  # of the believed level, in natural logs of odds
_LEAST = 0.0001  # a risk of nothing has no odds
_DIGITS = 4  # sums of the database differ in their last bits with the order of its rows


@dataclass(frozen=True, kw_only=True)
class PastRenewal:
    """A contract that came due, with its signs a month before; absent where not known. lost: it ended for good."""

    signs: Mapping[str, float]
    lost: bool


def learn(past: Sequence[PastRenewal], through: float) -> RenewalModel | None:
    """What contracts that came due before `through` teach; None without any."""
    if not past:
        return None
    odds = np.array([sum(WEIGHTS[name] * sign for name, sign in one.signs.items()) for one in past])
    lost = sum(one.lost for one in past)
    prior = float(np.clip(round(_level(odds, lost), _DIGITS), _LEAST, 1 - _LEAST))
    return RenewalModel(learned_through=through, prior=prior, contracts=len(past), lost=lost)


def _level(odds: Floats, lost: int) -> float:
    """Risk without any sign, 0..1. odds: what the signs of each contract add to the log odds."""

    def too_many(level: float) -> float:
        """Standard deviations by which more were lost than expected."""
        risk = expit(level + odds)
        return float((lost - risk.sum()) / np.sqrt((risk * (1 - risk)).sum()))

    believed = float(logit(PRIOR))
    bound = copysign(_Z95, too_many(believed))
    if abs(too_many(believed)) <= _Z95:
        return PRIOR
    farthest = believed + copysign(_FARTHEST, bound)
    return float(expit(brentq(lambda level: too_many(level) - bound, believed, farthest)))
