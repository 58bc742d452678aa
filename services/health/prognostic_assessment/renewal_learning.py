"""Learn what the signs weigh from contracts that came due. Pure.

The most probable weights of a logistic regression, given what is believed before (penalised likelihood with a prior
that is not centred on nothing: Gelman et al., Annals of Applied Statistics 2, 2008):

level    beta-binomial: nine of ten suppliers lose 8 to 47 % of the contracts that come due, 25 % on average, which is
         Beta(3, 9), as if twelve contracts without any sign had been seen
weights  normal about the equal weights, with half of them as standard deviation: that a sign points the right way is
         all but sure (97.5 %), how much it weighs is not; none goes below 0, so that a worse sign never lowers a risk
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log

import numpy as np
from scipy.optimize import minimize

from services.health.block import Floats
from services.health.prognostic_assessment.renewal_model import PRIOR, WEIGHTS, RenewalModel

LEAST_OF_EACH = 5
_AS_CONTRACTS = 12.0
_DIGITS = 4  # sums of the database differ in their last bits with the order of its rows


@dataclass(frozen=True, kw_only=True)
class PastRenewal:
    """A contract that came due, with its signs a month before; absent where not known. lost: it ended for good."""

    signs: Mapping[str, float]
    lost: bool


def learn(past: Sequence[PastRenewal], through: float) -> RenewalModel | None:
    """What contracts that came due before `through` teach; None with fewer than five lost or five renewed."""
    lost = sum(one.lost for one in past)
    if min(lost, len(past) - lost) < LEAST_OF_EACH:
        return None
    signs = np.array([[one.signs.get(name, 0.0) for name in WEIGHTS] for one in past])
    level, *weights = _most_probable(signs, np.array([one.lost for one in past], dtype=np.float64))
    return RenewalModel(
        learned_through=through,
        prior=round(1 / (1 + exp(-level)), _DIGITS),
        weights={name: round(weight, _DIGITS) for name, weight in zip(WEIGHTS, weights, strict=True)},
        contracts=len(past),
        lost=lost,
    )


def _most_probable(signs: Floats, lost: Floats) -> list[float]:
    """Log odds of the level, then the weights."""
    believed = np.array(list(WEIGHTS.values()))
    spread = believed / 2

    def unlikely(at: Floats) -> tuple[float, Floats]:
        odds, off = at[0] + signs @ at[1:], (at[1:] - believed) / spread
        told = np.logaddexp(0, odds) - lost * odds
        level = _AS_CONTRACTS * (np.logaddexp(0, at[0]) - PRIOR * at[0])
        wrong = 1 / (1 + np.exp(-odds)) - lost
        of_level = wrong.sum() + _AS_CONTRACTS * (1 / (1 + np.exp(-at[0])) - PRIOR)
        return float(told.sum() + level + (off**2).sum() / 2), np.concatenate(
            [[of_level], signs.T @ wrong + off / spread]
        )

    start = np.concatenate([[log(PRIOR / (1 - PRIOR))], believed])
    bounds = [(None, None), *([(0.0, None)] * len(believed))]
    found = minimize(unlikely, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-13, "gtol": 1e-8})
    return [float(value) for value in found.x]
