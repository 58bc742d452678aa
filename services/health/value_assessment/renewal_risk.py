"""How likely a contract is not to be renewed, by signs that each stand for themselves. Pure.

    log odds = log odds of the prior + sum of weight x sign

What signs weigh is believed, the prior moves with the supplier's own past (`prognostic_assessment/renewal_model.py`).
Answers alone say nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, log, log2

from services.health.prognostic_assessment.renewal_model import UNLEARNED, WEIGHTS, RenewalModel

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


def renewal_risk(signs: Mapping[str, float], model: RenewalModel = UNLEARNED) -> RenewalRisk | None:
    """The risk by the known signs; None where nothing was measured. A sign that is not known is absent, not good."""
    if not any(name not in _SAID for name in signs):
        return None
    odds = {name: WEIGHTS[name] * sign for name, sign in signs.items()}
    prior, total = model.prior, sum(odds.values())
    value = 1 / (1 + exp(-log(prior / (1 - prior)) - total))
    a_log = (value - prior) / total if abs(total) > 1e-9 else prior * (1 - prior)
    return RenewalRisk(value=value, prior=prior, contributions={name: a_log * part for name, part in odds.items()})
