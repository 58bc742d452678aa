"""Measures to groups to health: 100 less the points that each measure costs, a day. Pure.

    covered = coverage x freshness
    points of a measure = weight x covered x (1 - goodness) x 100      not known = sum of weight x (1 - covered) x 100
    health = 100 - points - not known - what an exception takes beyond these

A measure applies where the customer has what it is about; the others of its group share its part, and groups that
apply share that of groups that do not. What people say (`relation`, `commitments`) never has more than its own part.
What applies and is not known costs its points: silence never makes a customer look healthier. Below the floor of
coverage there is no health at all, nor where no measure of machines applies: reports alone are no health.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from services.health.block import Bools, Floats

COVERAGE_FLOOR = 0.5
MACHINES = "machines"
GROUPS: Mapping[str, Mapping[str, float]] = {
    MACHINES: {"availability": 16.0, "condition": 12.0, "effectiveness": 9.0, "quality": 8.0},
    "promises": {"guarantee": 12.0, "promise": 8.0, "commitments": 5.0},
    "use": {"adoption": 10.0},
    "relation": {"survey": 5.0, "touchpoints": 5.0},
    "visibility": {"reporting": 10.0},
}
GROUP_OF = {measure: group for group, members in GROUPS.items() for measure in members}
MOST = {"commitments": 0.05, "survey": 0.05, "touchpoints": 0.05}
NOT_KNOWN = "not_known"


@dataclass(frozen=True, kw_only=True)
class Load:
    """What a measure is judged by over a trailing window: `bad` of `whole`, against `allowed`; shape (days,)."""

    bad: Floats
    whole: Floats
    allowed: Floats


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One measure over days, each array of shape (days,).

    goodness: 0..1, 1 is best; NaN where unknown. coverage: 0..1, share of the evidence that exists. freshness: 0..1,
    how much of its word that evidence still has. applies: whether the customer has what the measure is about. load:
    None where goodness is no matter of a share.
    """

    goodness: Floats
    coverage: Floats
    freshness: Floats
    applies: Bools
    load: Load | None = None

    @property
    def covered(self) -> Floats:
        """What is known and still fresh, 0..1."""
        return np.where(np.isnan(self.goodness), 0.0, self.coverage * self.freshness)


@dataclass(frozen=True, kw_only=True)
class Scores:
    """What each of `names` weighs and costs, shape (measures, days); weights add up to 1 where anything applies."""

    names: Sequence[str]
    weight: Floats
    covered: Floats
    goodness: Floats

    @property
    def lost(self) -> Floats:
        """Points that each measure costs."""
        return 100 * self.weight * self.covered * (1 - np.nan_to_num(self.goodness))

    @property
    def not_known(self) -> Floats:
        """Points that each measure costs because it is not known."""
        return 100 * self.weight * (1 - self.covered)

    @property
    def left(self) -> Floats:
        """Health before exceptions, shape (days,)."""
        return np.asarray(100 - self.lost.sum(axis=0) - self.not_known.sum(axis=0), dtype=np.float64)

    @property
    def coverage(self) -> Floats:
        """Share of all evidence that exists and is fresh, shape (days,)."""
        return np.asarray((self.weight * self.covered).sum(axis=0), dtype=np.float64)

    @property
    def judged(self) -> Bools:
        """Days on which there is health: enough is known, and of machines at all."""
        of_machines = np.array([GROUP_OF[name] == MACHINES for name in self.names])
        enough: Bools = (self.coverage >= COVERAGE_FLOOR) & (self.weight[of_machines].sum(axis=0) > 0)
        return enough


def against_allowance(share: Floats, allowed: Floats) -> Floats:
    """1 at or below the allowed share, 0 at three times as much, linear between; NaN where unknown.

    An allowance below 1 % counts as 1 %: on a promise of 100 % every second would cost all points.
    """
    allowance = np.maximum(allowed, 0.01)
    return np.asarray(np.clip(1 - (share - allowance) / (2 * allowance), 0.0, 1.0), dtype=np.float64)


def scores(measures: Mapping[str, Measure]) -> Scores:
    """What the measures weigh and cost, in the order of GROUPS."""
    names = [name for name in GROUP_OF if name in measures]
    applies = np.array([measures[name].applies for name in names])
    return Scores(
        names=names,
        weight=_weights(names, applies),
        covered=np.array([measures[name].covered for name in names]),
        goodness=np.array([measures[name].goodness for name in names]),
    )


def _weights(names: Sequence[str], applies: Bools) -> Floats:
    """Weights that add up to 1 over what applies on each day; what may have no more than MOST has no more."""
    weight = np.zeros(applies.shape)
    for group, members in GROUPS.items():
        rows = [i for i, name in enumerate(names) if GROUP_OF[name] == group]
        own = np.array([[members[names[i]]] for i in rows]).reshape(-1, 1) * applies[rows]
        weight[rows] = sum(members.values()) * _shared(own)
    weight = _shared(weight)
    most = np.array([[MOST.get(name, 1.0)] for name in names])
    capped = most[:, 0] < 1
    weight[capped] = np.minimum(weight, most)[capped]
    weight[~capped] = _shared(weight[~capped]) * (1 - weight[capped].sum(axis=0))
    return weight


def _shared(weight: Floats) -> Floats:
    """Columns that add up to 1, or stay 0."""
    total = weight.sum(axis=0)
    shared: Floats = np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)
    return shared
