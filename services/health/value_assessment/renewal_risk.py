"""How likely a contract is not to be renewed, by signs that each stand for themselves. Pure.

    log odds = log odds of the prior + sum of weight x sign

A sign is a number from -1 to 1, high is bad, on a scale that does not hang on anybody's data; most are a doubling: +1
where what should be small is twice as much as it is held against, -1 where it is half. Equal weights on signs of one
scale foretell nearly as well as fitted ones and do not break in another world (Dawes, "The robust beauty of improper
linear models", 1979): each measured sign weighs one natural log, an odds ratio of 2.7. What people say, and alerts,
which repeat other signs, weigh less, and answers alone say nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, log, log2

PRIOR = 0.25  # a year's non-renewals in the reference, domain.md #45, until the supplier's own are counted
WEIGHTS: Mapping[str, float] = {
    "promise": 1.0,
    "gain": 1.0,
    "trend": 1.0,
    "orders": 1.0,
    "unused": 1.0,
    "alerts": 0.5,
    "survey": 0.5,
}
_SAID = ("survey",)
_FLOOR = 0.01  # of time: below a point of stops a doubling is noise


@dataclass(frozen=True, kw_only=True)
class RenewalRisk:
    """value: probability, 0..1, that the contract ends for good. contributions: points that sum to value - prior."""

    value: float
    prior: float
    contributions: dict[str, float]


def doubling(now: float, against: float) -> float:
    """How often a share of time has doubled, from -1 to 1; both count a point more than they are."""
    return min(1.0, max(-1.0, log2((now + _FLOOR) / (against + _FLOOR))))


def renewal_risk(signs: Mapping[str, float]) -> RenewalRisk | None:
    """The risk by the known signs; None where nothing was measured. A sign that is not known is absent, not good."""
    if not any(name not in _SAID for name in signs):
        return None
    odds = {name: WEIGHTS[name] * sign for name, sign in signs.items()}
    base, total = log(PRIOR / (1 - PRIOR)), sum(odds.values())
    value = 1 / (1 + exp(-base - total))
    a_log = (value - PRIOR) / total if abs(total) > 1e-9 else PRIOR * (1 - PRIOR)
    return RenewalRisk(value=value, prior=PRIOR, contributions={name: a_log * part for name, part in odds.items()})
