"""What is kept of past months so that value adds up since the start: figures, exposures and chance. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from services.health.block import Floats
from services.health.value_assessment.chance import SHARED, SUMS, Chance, chance_of
from services.health.value_assessment.counterfactuals import Counterfactual
from services.health.value_assessment.month_so_far import MonthSoFar
from services.health.value_assessment.value_realized import Gains

FIGURES = ("hours", "units", "money")


@dataclass(frozen=True, kw_only=True)
class MachineTally:
    """One machine of a line of business, over whole months.

    sums: of its days, by which chance is judged. down_h, known_h: what its counterfactual was measured over; 0 known
    hours where chance has no part in that. exposure: by figure, known hours times what an hour and a unit are worth in
    it, two a figure: what an error of the counterfactual is multiplied with.
    """

    sums: tuple[float, ...] = (0.0,) * SUMS
    down_h: float = 0.0
    known_h: float = 0.0
    exposure: tuple[float, ...] = (0.0,) * 6


@dataclass(frozen=True, kw_only=True)
class PastMonth:
    """A line of business in one whole month; money, net and promised in `currency`, None where unknown.

    least, most: if nothing had run, and if nothing had stopped. unknown: why money is not known, why_no_net: why the
    net is not.
    """

    number: int
    planned_h: float
    known_h: float
    hours: float | None
    units: float | None
    money: float | None
    net: float | None
    currency: str | None
    promised: float | None
    least_hours: float | None
    most_hours: float | None
    least_money: float | None
    most_money: float | None
    rung: str
    counterfactual: str
    basis: str
    author: str | None
    said_on: date | None
    unknown: str | None
    why_no_net: str | None


@dataclass(frozen=True, kw_only=True)
class BusinessTally:
    """One line of business. shared: of its days, as `chance_sums`. chance: by figure, what `Chance.of_sums` says of all
    its months, three a figure. of_peers: by figure, standard error of what peers do times what is compared with them.
    """

    machines: dict[int, MachineTally] = field(default_factory=dict)
    months: tuple[PastMonth, ...] = ()
    shared: tuple[float, ...] = (0.0,) * SHARED
    chance: tuple[float, ...] = (0.0,) * (3 * len(FIGURES))
    of_peers: tuple[float, ...] = (0.0,) * len(FIGURES)


@dataclass(frozen=True, kw_only=True)
class ValueState:
    """By line of business, of all whole months so far; under_way: by asset, of the month after them."""

    businesses: dict[str, BusinessTally] = field(default_factory=dict)
    under_way: dict[int, MonthSoFar] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Errors:
    """Of each figure, what chance did to what gains are compared with and to the gains, as `Chance.of_sums`: (3, 3)."""

    before: Floats
    since: Floats


def with_month(
    tally: BusinessTally,
    assets: Sequence[int],
    sums: tuple[Floats, Floats],
    gains: Gains,
    against: Sequence[Counterfactual | None],
    *,
    with_money: bool,
) -> tuple[BusinessTally, Errors]:
    """The tally with a month of some machines in it, and the errors of that month alone.

    sums: of the month's days, as `chance_sums`. with_money: whether the month's money is known.
    """
    told = np.array([1.0, 1.0, float(with_money)])[:, None]
    exposure = np.stack([told * gains.known_h * gains.an_hour, told * gains.known_h * gains.a_unit], axis=1)
    uncertain = np.array([case is not None and np.isfinite(case.known_h) for case in against])
    by_machine = np.where(uncertain, exposure.reshape(2 * len(FIGURES), len(assets)), 0.0).T
    before = [tally.machines.get(asset, MachineTally()) for asset in assets]
    all_sums = np.array([each.sums for each in before]) + sums[0]
    shared = np.array(tally.shared) + sums[1]
    added = np.array([each.exposure for each in before]) + by_machine
    machines = {}
    for asset, old, case, own, total in zip(assets, before, against, all_sums.tolist(), added.tolist(), strict=True):
        measured = case is not None and np.isfinite(case.known_h)
        known_h = case.known_h if case is not None and measured else old.known_h
        down_h = case.down_share * case.known_h if case is not None and measured else old.down_h
        machines[asset] = MachineTally(sums=tuple(own), down_h=down_h, known_h=known_h, exposure=tuple(total))
    chance = chance_of(all_sums, shared)
    since = np.array(
        [
            chance.of_sums(gains.down_h, gains.known_h, told[f] * gains.an_hour[f], told[f] * gains.a_unit[f])
            for f in range(3)
        ]
    )
    alone = _of_counterfactuals(chance, [machines[asset] for asset in assets], by_machine)
    peers = _error_of_peers(gains, against) * told[:, 0]
    chances = np.array(tally.chance).reshape(since.shape) * [1, 1, 0] + since
    after = BusinessTally(
        machines=tally.machines | machines,
        months=tally.months,
        shared=tuple(shared.tolist()),
        chance=tuple(chances.ravel().tolist()),
        of_peers=tuple((np.array(tally.of_peers) + peers).tolist()),
    )
    alone[:, 0] += peers**2
    return after, Errors(before=alone, since=since)


def errors_of(tally: BusinessTally) -> Errors:
    """The errors of all months of a tally together: that of what they are compared with is common to them."""
    machines = list(tally.machines.values())
    chance = chance_of(np.array([each.sums for each in machines]), np.array(tally.shared))
    exposure = np.array([each.exposure for each in machines])
    before = _of_counterfactuals(chance, machines, exposure)
    before[:, 0] += np.square(tally.of_peers)
    return Errors(before=before, since=np.array(tally.chance).reshape(before.shape))


def _error_of_peers(gains: Gains, against: Sequence[Counterfactual | None]) -> Floats:
    """By figure, the standard error of gains that comes from what peers do, which is the same for all machines."""
    errors = np.array([(0.0, 0.0) if case is None else (case.down_error, case.good_error) for case in against])
    each = gains.known_h * (gains.an_hour * errors[:, 0] + gains.a_unit * errors[:, 1])
    return np.asarray(each.sum(axis=1), dtype=np.float64)


def _of_counterfactuals(chance: Chance, machines: Sequence[MachineTally], exposure: Floats) -> Floats:
    """What chance did to machines' counterfactuals, times their exposure, (machines, 6); of each figure, (3, 3)."""
    down_h, known_h = np.array([(each.down_h, each.known_h) for each in machines]).T
    per_hour = np.divide(exposure.T, known_h, out=np.zeros((exposure.shape[1], len(known_h))), where=known_h > 0)
    return np.array(
        [chance.of_sums(down_h, known_h, per_hour[2 * f], per_hour[2 * f + 1]) for f in range(len(FIGURES))]
    )
