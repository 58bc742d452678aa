"""What it costs a year to be behind on releases, as far as it was measured here what they do. Pure.

    hours   effect of the missed releases on uptime x hours a year in which the machine was asked for
    units   effect on the good rate x good units a year, and those of the hours at its pace
    money   units x margin + hours x max(0, cost of an hour - margin x units of a running hour)

a machine that is behind, added up; of the last twelve whole months, of which six are known at least by half. A running
hour is one of production or setting up: waiting for an order is none. Days on which nobody counted have the pace of
the others, if these are half of the running hours at least. Effects of several missed releases add up, and so do the
ends of their 90 % intervals, which is wide: what is common to machines that share an estimate is not told apart from
chance. Of releases that reached no machine here beside others that they did not reach, nobody knows what they do: they
are named and cost nothing in these figures. Without counters there are hours alone. Unknown money is None, and
currencies never mix. Below 0 where the releases made it worse.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from services.health.account_assessment.account import Account, AccountAsset
from services.health.account_assessment.kpi_months import LEAST_COVERAGE, YEAR, months_before, totals
from services.health.assessment import UpdateEffectRow
from services.health.block import Economics, Floats
from services.health.health_assessment.records_in_force import economics_on
from services.health.value_assessment.value_realized import worth
from shared.kpis import Totals, summed
from shared.records.vocabulary import MONEY_BASES

LEAST_MONTHS = 6


@dataclass(frozen=True, kw_only=True)
class _Year:
    """A machine's year: hours in which it was asked for, good units, and those of a running hour; NaN where too little
    is counted."""

    asked_h: float
    good: float
    running: float


@dataclass(frozen=True, kw_only=True)
class _Cost:
    """Of one machine a year, each with its low and high end, shape (3,); NaN where unknown."""

    hours: Floats
    units: Floats
    money: Floats
    price: Economics | None


def lag_cost(
    account: Account, day: date, missed: Mapping[int, Sequence[str]], effects: Mapping[str, UpdateEffectRow]
) -> dict[str, object] | None:
    """missed: releases that each machine is without. effects: of those that reached machines here. None where none of
    them was measured, or too little is known of the machines."""
    effects = {version: row for version, row in effects.items() if row.unknown is None}
    assets = {asset.asset_id: asset for asset in account.assets}
    found = []
    for asset, versions in sorted(missed.items()):
        told, year = [effects[version] for version in versions if version in effects], _year(account, day, asset)
        if told and year is not None:
            found.append(_cost(year, told, _price(account, assets[asset], day)))
    if not found:
        return None
    named = {version for versions in missed.values() for version in versions}
    return {
        "machines": len(found),
        "releases": sorted(named & effects.keys()),
        "not_measured": sorted(named - effects.keys()),
        "hours": _figure([own.hours for own in found], 1),
        "good_units": _figure([own.units for own in found], 0),
        **_money(found),
    }


def _year(account: Account, day: date, asset: int) -> _Year | None:
    """None where fewer than six of the last twelve months are known."""
    months = months_before(day, YEAR)
    known = [own for month in months if (own := totals(account, [month], {asset})) and _is_known(own)]
    if len(known) < LEAST_MONTHS:
        return None
    rows = [row for own in known for row in own]
    sums, counted = summed(rows), summed([row for row in rows if row.good is not None])
    scale, run_s, counted_s = YEAR / len(known) / 3600, sums["aupt_s"], counted["aupt_s"]
    enough = counted_s > 0 and counted_s >= LEAST_COVERAGE * run_s
    running = 3600 * counted["good"] / counted_s if enough else np.nan
    asked_h = scale * (run_s + sums["stopped_s"] - sums["customer_down_s"])
    return _Year(asked_h=asked_h, good=running * scale * run_s, running=running)


def _is_known(month: Sequence[Totals]) -> bool:
    """Whether half of its planned time is known, which is so of a month without any."""
    sums = summed(month)
    return sums["known_s"] >= LEAST_COVERAGE * sums["pbt_s"]


def _cost(year: _Year, told: Sequence[UpdateEffectRow], price: Economics | None) -> _Cost:
    uptime = _sum((row.uptime, row.uptime_low, row.uptime_high) for row in told)
    rate = _sum((row.rate, row.rate_low, row.rate_high) for row in told)
    hours = uptime * year.asked_h
    units = rate * year.good + hours * year.running
    margin, cost = (
        np.array([np.nan if amount is None else amount])
        for amount in ((None, None) if price is None else (price.margin_per_good_unit, price.downtime_cost_per_hour))
    )
    an_hour, a_unit = worth(margin, cost, np.array([year.running]))
    counted = np.zeros(3) if np.isnan(year.good) else units * a_unit
    return _Cost(hours=hours, units=units, money=hours * an_hour + counted, price=price)


def _sum(figures: Iterable[Sequence[float | None]]) -> Floats:
    """Figures with their ends added up; NaN where any is unknown."""
    told = np.array([[np.nan if f is None else f for f in row] for row in figures], dtype=np.float64)
    return np.asarray(told.sum(axis=0), dtype=np.float64)


def _price(account: Account, asset: AccountAsset, day: date) -> Economics | None:
    return economics_on(account.economics, asset.site_id, asset.line_of_business, day)


def _figure(rows: Sequence[Floats], digits: int) -> dict[str, float] | None:
    """Added up; None where any machine's is unknown."""
    total = np.sum(rows, axis=0)
    if not np.isfinite(total).all():
        return None
    value, low, high = (round(float(each), digits) for each in total)
    return {"value": value, "low": low, "high": high}


def _money(found: Sequence[_Cost]) -> dict[str, object]:
    """With the weakest basis; None where any machine's is unknown, or currencies differ."""
    prices = [own.price for own in found if own.price is not None]
    money = _figure([own.money for own in found], 2)
    if money is None or len({price.currency for price in prices}) != 1:
        return {"money": None, "basis": "measured"}
    weakest = min(prices, key=lambda price: (MONEY_BASES.index(price.basis), -price.valid_from.toordinal()))
    said_on = None if weakest.valid_from == date.min else weakest.valid_from.isoformat()
    return {
        "money": money | {"currency": weakest.currency},
        "basis": weakest.basis,
        "author": weakest.author,
        "said_on": said_on,
    }
