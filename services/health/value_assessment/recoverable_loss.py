"""What a customer loses that the best of its peers do not: the largest of it, by asset type and kind of loss. Pure.

    hours a year = (own share of the last 12 months - the best peers' share) x known planned hours a year

Shares are of known planned time (`peer_levels`). Units are those hours times what the customer makes in an hour of
production. An hour of downtime is worth its cost, or the margin of its units where that is more, since they are in it;
an hour lost to slow running or to scrap is worth the margin of its units. Money is None where any of it is unknown.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from math import sqrt

import numpy as np

from services.health.block import CustomerBlock, Economics
from services.health.health_assessment.daily_history import day_number
from services.health.health_assessment.records_in_force import economics_on
from services.health.prognostic_assessment.peer_levels import DOWN_BY_CAUSE, LOSSES, PeerLevel, PeerModel, peers_of
from services.health.value_assessment.activity import ActivityMonth
from services.health.value_assessment.value_realized import line_of_business_of
from shared.months import month_start

YEAR, LEAST_MONTHS = 12, 6
_Z90 = 1.645


@dataclass(frozen=True, kw_only=True)
class Loss:
    """One loss of the machines of one type, a year. low, high: factors of its hours, its units and its money alike.

    share: own share of known planned time. units, money: None where unknown; basis: how the money is known.
    """

    asset_type: str
    category: str
    share: float
    level: PeerLevel
    hours: float
    low: float
    high: float
    units: float | None
    money: float | None
    currency: str | None
    basis: str


@dataclass(frozen=True, kw_only=True)
class Recoverable:
    """Losses above the best peers', the largest first; none where nothing can be compared. missing: how many more
    peers the type that is nearest to a comparison needs, 0 where one can be compared."""

    losses: tuple[Loss, ...]
    missing: int


def recoverable(
    months: Sequence[ActivityMonth], block: CustomerBlock, models: Iterable[PeerModel], number: int
) -> Recoverable | None:
    """What is lost at the end of a month; None for a customer that does not let itself be compared, or of whom fewer
    than six of the last twelve months are known."""
    known = [m for m in months if m.is_known and number - YEAR < m.number <= number]
    types = sorted({name.rsplit("/", 1)[0] for m in known for name in m.losses})
    if len(known) < LEAST_MONTHS or not types:
        return None
    models, day = tuple(models), day_number(month_start(number + 1))
    found: list[Loss] = []
    missing: list[int] = []
    for asset_type in types:
        for category in LOSSES:
            others = peers_of(block, models, asset_type, category, day)
            if others.missing is None:
                return None
            if category in DOWN_BY_CAUSE:
                missing.append(others.missing)
            loss = None if others.level is None else _loss(known, block, asset_type, category, others.level)
            found += [] if loss is None else [loss]
    found.sort(key=lambda loss: (-loss.hours, loss.asset_type, loss.category))
    return Recoverable(losses=tuple(found), missing=min(missing))


def _loss(
    known: Sequence[ActivityMonth], block: CustomerBlock, asset_type: str, category: str, level: PeerLevel
) -> Loss | None:
    """One loss; None where the customer has no such figure, or is no worse than the best."""
    pairs = [m.losses[name] for m in known if (name := f"{asset_type}/{category}") in m.losses]
    if len(pairs) < LEAST_MONTHS:
        return None
    part, whole = np.array(pairs).T
    share = float(part.sum() / whole.sum())
    more = share - level.best
    if more <= 0:
        return None
    residual = part - share * whole
    own_error = sqrt(len(pairs) / (len(pairs) - 1) * float((residual**2).sum())) / float(whole.sum())
    off = _Z90 * sqrt(own_error**2 + level.best_error**2) / more
    hours = more * float(whole.sum()) * YEAR / len(pairs)
    rate = _rate(known, asset_type)
    money, currency, basis = _money(block, asset_type, category, hours, rate, month_start(known[-1].number))
    return Loss(
        asset_type=asset_type,
        category=category,
        share=share,
        level=level,
        hours=hours,
        low=max(0.0, 1 - off),
        high=1 + off,
        units=None if rate is None else hours * rate,
        money=money,
        currency=currency,
        basis=basis,
    )


def _rate(known: Sequence[ActivityMonth], asset_type: str) -> float | None:
    """Units an hour of production; None where nobody counts them."""
    told = [m.made[asset_type] for m in known if asset_type in m.made]
    hours = sum(hours for _, hours in told)
    return sum(units for units, _ in told) / hours if hours > 0 else None


def _money(
    block: CustomerBlock, asset_type: str, category: str, hours: float, rate: float | None, day: date
) -> tuple[float | None, str | None, str]:
    """What the hours are worth, by the mean of what the type's machines are worth an hour; the weakest basis."""
    businesses = line_of_business_of(block)
    assets = [a for a in block.assets if a.asset_type == asset_type]
    prices = [economics_on(block.economics, a.site_id, businesses[a.line_id], day) for a in assets]
    worth = [(p, per_hour) for p in prices if p is not None and (per_hour := _an_hour(p, category, rate)) is not None]
    if not worth or len(worth) < len(assets) or len({p.currency for p, _ in worth}) > 1:
        return None, None, "measured"
    weakest = next(basis for basis in ("assumed", "supplier", "agreed") if any(p.basis == basis for p, _ in worth))
    return hours * sum(per_hour for _, per_hour in worth) / len(worth), worth[0][0].currency, weakest


def _an_hour(prices: Economics, category: str, rate: float | None) -> float | None:
    units = None if prices.margin_per_good_unit is None or rate is None else prices.margin_per_good_unit * rate
    cost = prices.downtime_cost_per_hour if category in DOWN_BY_CAUSE else None
    return max((each for each in (units, cost) if each is not None), default=None)
