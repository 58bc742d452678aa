"""Rows of value by month and line of business, and what is kept of whole months. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np

from services.health.assessment import ValueRow
from services.health.block import CustomerBlock, Economics, Floats
from services.health.health_assessment.daily_history import day_number
from services.health.health_assessment.records_in_force import annual_value_on
from services.health.value_assessment.accruals import MonthOf, WorkOrders, fees, maintenance, net_of, promised
from services.health.value_assessment.chance import chance_sums, interval
from services.health.value_assessment.tallies import BusinessTally, Errors, PastMonth, with_month
from services.health.value_assessment.value_realized import Days, Gains, Machine, days_of, gains_of, prices_of

BASIS_RANK = {"measured": 0, "assumed": 1, "supplier": 2, "agreed": 3}
Triple = tuple[float | None, float | None, float | None]


@dataclass(frozen=True, kw_only=True)
class Priced:
    """Money of a month: its currency and the weakest basis; None with the reason where any machine's is not known."""

    money: float | None
    currency: str | None
    basis: str
    author: str | None
    said_on: date | None
    unknown: str | None


@dataclass(frozen=True, kw_only=True)
class BusinessMonth:
    """A line of business in one month: its row, and the tally with the month in it."""

    row: ValueRow
    tally: BusinessTally


def business_month(
    block: CustomerBlock,
    business: str,
    machines: Sequence[Machine],
    month: MonthOf,
    orders: WorkOrders,
    tally: BusinessTally,
) -> BusinessMonth | None:
    """One line of business in one month; None where no machine was planned to run. tally: of the months before."""
    days = days_of(machines, month)
    if days.planned.sum() <= 0:
        return None
    against, prices = [m.against for m in machines], prices_of(block, machines, business, month.first)
    gains = gains_of(days, day_number(month.first), against, prices)
    priced = _priced(gains, prices)
    assets, sums = [m.place.asset_id for m in machines], chance_sums(days.wanted, days.down, days.good)
    after, errors = with_month(tally, assets, sums, gains, against, with_money=priced.money is not None)
    names = {m.against.name for m, known in zip(machines, gains.known_h, strict=True) if m.against and known > 0}
    told = _measured(month, business, gains, priced, errors)
    told |= {
        "rung": _rung(block, month, priced),
        "counterfactual": "+".join(sorted(names)) or "none yet",
        "coverage": float(days.known.sum() / days.planned.sum()),
    }
    row = _with_deductions(ValueRow(**told), block, month, orders)
    kept = _kept(row, month, days, gains, priced)
    return BusinessMonth(row=row, tally=replace(after, months=(*tally.months, kept)))


def _measured(month: MonthOf, business: str, gains: Gains, priced: Priced, errors: Errors) -> dict[str, Any]:
    """Hours, units and money of a month with their ranges, and whose figures the money rests on."""
    figures = (_total(gains.hours), _total(gains.units), priced.money)
    hours, units, money = (_range(figures[f], errors.before[f], errors.since[f]) for f in range(len(figures)))
    return {
        "month": month.first,
        "line_of_business": business,
        **dict(zip(("hours_avoided", "hours_low", "hours_high"), hours, strict=True)),
        **dict(zip(("good_units_gained", "units_low", "units_high"), units, strict=True)),
        **dict(zip(("money", "money_low", "money_high"), money, strict=True)),
        "currency": priced.currency,
        "basis": priced.basis,
        "author": priced.author,
        "said_on": priced.said_on,
        "promised_money": None,
    }


def _kept(row: ValueRow, month: MonthOf, days: Days, gains: Gains, priced: Priced) -> PastMonth:
    """What later months need of this one."""
    return PastMonth(
        number=month.number,
        planned_h=float(days.planned.sum()),
        known_h=float(days.known.sum()),
        hours=row.hours_avoided,
        units=row.good_units_gained,
        money=row.money,
        net=row.net,
        currency=row.currency,
        promised=row.promised_money,
        least_hours=_total(gains.least_hours),
        most_hours=_total(gains.most_hours),
        least_money=None if row.money is None else _total(gains.least_money),
        most_money=None if row.money is None else _total(gains.most_money),
        rung=row.rung,
        counterfactual=row.counterfactual,
        basis=row.basis,
        author=row.author,
        said_on=row.said_on,
        unknown=priced.unknown,
        why_no_net=row.net_unknown,
    )


def _total(each: Floats) -> float | None:
    return float(np.nansum(each)) if np.isfinite(each).any() else None


def _range(centre: float | None, before: Floats, since: Floats) -> Triple:
    """A figure with its 5 % and 95 % points."""
    return (None, None, None) if centre is None else (centre, *interval(centre, before, since))


def _priced(gains: Gains, prices: Sequence[Economics | None]) -> Priced:
    told = [price for price, known in zip(prices, gains.known_h, strict=True) if known > 0]
    nothing = Priced(money=None, currency=None, basis="measured", author=None, said_on=None, unknown=None)
    if not told:
        return replace(nothing, unknown="there is nothing to compare with yet")
    said = [price for price in told if price is not None]
    if len(said) < len(told) or not np.isfinite(gains.money[gains.known_h > 0]).all():
        return replace(nothing, unknown="nobody said what an hour or a unit is worth")
    if len({price.currency for price in said}) > 1:
        return replace(nothing, unknown="sites count in several currencies")
    authors = sorted({price.author for price in said if price.author is not None})
    newest = max(price.valid_from for price in said)
    return Priced(
        money=_total(gains.money),
        currency=said[0].currency,
        basis=min((price.basis for price in said), key=lambda name: BASIS_RANK[name]),
        author="; ".join(authors) or None,
        said_on=None if newest == date.min else newest,
        unknown=None,
    )


def _rung(block: CustomerBlock, month: MonthOf, priced: Priced) -> str:
    """The highest rung of the ladder that the records allow."""
    if priced.money is not None:
        return "money_agreed" if priced.basis == "agreed" else "money_assumed"
    annual, _ = annual_value_on(block.contracts, month.first)
    return "hours" if annual is None else "contract_value"


def _with_deductions(row: ValueRow, block: CustomerBlock, month: MonthOf, orders: WorkOrders) -> ValueRow:
    """The row with the promise, fees, maintenance and what is left; a promise in another currency is left out."""
    business = row.line_of_business
    promise, fee = promised(block, month, business), fees(block, month, business)
    upkeep = maintenance(orders, month, business)
    net, unknown = net_of(row.money, row.currency, fee, upkeep)
    less = None if net is None or row.money is None else row.money - net
    comparable = row.currency is None or promise.currency == row.currency
    return replace(
        row,
        currency=row.currency or promise.currency,
        promised_money=promise.amount if comparable else None,
        maintenance=upkeep.amount,
        maintenance_currency=upkeep.currency,
        fees=fee.amount,
        fees_currency=fee.currency,
        net=net,
        net_low=None if less is None or row.money_low is None else row.money_low - less,
        net_high=None if less is None or row.money_high is None else row.money_high - less,
        net_unknown=unknown,
    )
