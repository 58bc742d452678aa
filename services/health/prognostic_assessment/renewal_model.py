"""What the signs of a renewal weigh, and how many contracts are lost without any: believed, or learned. Pure.

A sign is a number from -1 to 1, high is bad, on a scale that does not hang on anybody's data; most are a doubling: +1
where what should be small is twice as much as it is held against, -1 where it is half. Equal weights on signs of one
scale foretell nearly as well as fitted ones and do not break in another world (Dawes, "The robust beauty of improper
linear models", 1979): each measured sign weighs one natural log, an odds ratio of 2.7. What people say, and alerts,
which repeat other signs, weigh less.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

LAYOUT_VERSION = 2
PRIOR = 0.25  # a year's non-renewals in the reference, domain.md #45
# Natural logs of odds.
WEIGHTS: Mapping[str, float] = {
    "promise": 1.0,
    "gain": 1.0,
    "trend": 1.0,
    "orders": 1.0,
    "unused": 1.0,
    "alerts": 0.5,
    "survey": 0.5,
}


@dataclass(frozen=True, kw_only=True)
class RenewalModel:
    """The level of risk as known at `learned_through`, days since 1970-01-01.

    prior: risk of a contract whose signs are all 0. contracts: how many that came due it was held against, `lost` of
    them lost.
    """

    learned_through: float
    prior: float
    contracts: int
    lost: int

    @property
    def skill(self) -> dict[str, object]:
        """From how much it was learned; the record of models shows it."""
        return {"contracts": self.contracts, "lost": self.lost, "prior": self.prior}


UNLEARNED = RenewalModel(learned_through=0.0, prior=PRIOR, contracts=0, lost=0)
"""What is believed while nothing came due."""


def newest(models: Iterable[RenewalModel], day: int) -> RenewalModel:
    """The model that was learned last before a day (days since 1970-01-01)."""
    known = [model for model in models if model.learned_through <= day]
    return max(known, key=lambda model: model.learned_through, default=UNLEARNED)
