"""What the customer gained, against a named counterfactual, on the highest rung that the records allow. Pure.

    hours            hours of downtime avoided, good units gained; measured
    contract_value   the same, and a contract whose value is known
    money_assumed    money from what we or the supplier assume that a unit and an hour are worth
    money_agreed     money from figures agreed with the customer

    money = units gained x margin + hours avoided x max(0, cost of an hour - margin x units of an hour)

The second term leaves out the margin of the units that an avoided hour makes: they are in the first. Fees and
maintenance are not deducted. Unknown money is None, never zero, and currencies are never mixed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from math import sqrt

import numpy as np

from services.health.assessment import ValueRow
from services.health.block import CustomerBlock, Economics, Floats
from services.health.health_assessment.daily_history import DailyHistory, day_number, month_start, trailing_sum
from services.health.health_assessment.records_in_force import annual_value_on, contracts_on, economics_on
from services.health.state_detection.times import GOOD, PBT, STOPPED, UNKNOWN_S

ACCEPTANCE_DAYS = 28
ACCEPTANCE_COVERAGE = 0.8
_Z90 = 1.645
_BASIS_RANK = {"measured": 0, "assumed": 1, "supplier": 2, "agreed": 3}
NO_LINE_OF_BUSINESS = "unassigned"


@dataclass(frozen=True, kw_only=True)
class Counterfactual:
    """What would have been without us, of one asset.

    down_share: time of stops a known hour of PBT, with its standard error. good_per_hour: good units a known hour
    of PBT, None where nobody counts them. through_day: gains count after it, in days since 1970-01-01.
    """

    name: str
    through_day: int
    down_share: float
    down_error: float
    good_per_hour: float | None
    good_error: float


def acceptance_window(own: DailyHistory, first_day: int, last_row: int) -> Counterfactual | None:
    """The first four weeks with coverage of at least 80 %, of an asset first seen on `first_day`; None until they end.

    Errors are those of a ratio of sums over days, as if days were independent. Rows after last_row are not looked at.
    """
    known = own.column(PBT) - own.column(UNKNOWN_S)
    known_sum = trailing_sum(known, ACCEPTANCE_DAYS)
    complete = own.first_day + np.arange(len(known)) >= first_day + ACCEPTANCE_DAYS - 1
    covered = (known_sum > 0) & (known_sum >= ACCEPTANCE_COVERAGE * trailing_sum(own.column(PBT), ACCEPTANCE_DAYS))
    found = np.flatnonzero((complete & covered)[: last_row + 1])
    if not len(found):
        return None
    end = int(found[0])
    rows = slice(end - ACCEPTANCE_DAYS + 1, end + 1)
    down_share, down_error = _ratio(own.column(STOPPED)[rows], known[rows])
    good = own.column(GOOD)[rows]
    counted = bool(np.isfinite(good).any())
    good_per_hour, good_error = _ratio(np.nan_to_num(good), known[rows] / 3600) if counted else (0.0, 0.0)
    return Counterfactual(
        name="acceptance_window",
        through_day=own.first_day + end,
        down_share=down_share,
        down_error=down_error,
        good_per_hour=good_per_hour if counted else None,
        good_error=good_error,
    )


def _ratio(part: Floats, whole: Floats) -> tuple[float, float]:
    """Sum of part / sum of whole and its standard error (Cochran, Sampling Techniques, 1977, eq. 6.13)."""
    used = whole > 0
    total, days = float(whole[used].sum()), int(used.sum())
    ratio = float(part[used].sum()) / total
    if days < 2:
        return ratio, 0.0
    residual = part[used] - ratio * whole[used]
    return ratio, sqrt(days / (days - 1) * float((residual**2).sum())) / total


def declared_counterfactual(block: CustomerBlock) -> Counterfactual | None:
    """The one of the business case: the customer's latest event `baseline` with an `availability`."""
    told = [e for e in block.events if e.kind == "baseline" and e.scope_type == "customer"]
    for event in sorted(told, key=lambda e: e.at, reverse=True):
        availability = event.attributes.get("availability")
        if isinstance(availability, int | float):
            return Counterfactual(
                name="declared",
                through_day=day_number(event.at.date()) - 1,
                down_share=1 - float(availability),
                down_error=0.0,
                good_per_hour=None,
                good_error=0.0,
            )
    return None


@dataclass(frozen=True, kw_only=True)
class AssetGain:
    """What one asset gained in one month; money in its own economics, None where they or their figures are missing."""

    hours: float
    hours_error: float
    units: float | None
    units_error: float
    economics: Economics | None
    money: float | None
    money_error: float


def asset_gain(
    against: Counterfactual, *, down_h: float, known_h: float, good: float | None, economics: Economics | None
) -> AssetGain:
    """Hours avoided, units gained and their money. down_h, known_h: downtime and known PBT of the days that count."""
    hours = against.down_share * known_h - down_h
    counted = good is not None and against.good_per_hour is not None
    units = good - against.good_per_hour * known_h if good is not None and against.good_per_hour is not None else None
    margin = economics.margin_per_good_unit if economics else None
    cost = economics.downtime_cost_per_hour if economics else None
    per_hour, per_unit = _worth(margin if counted else None, cost, against.good_per_hour)
    money = None
    if per_hour is not None or per_unit is not None:
        money = hours * (per_hour or 0.0) + (units or 0.0) * (per_unit or 0.0)
    return AssetGain(
        hours=hours,
        hours_error=known_h * against.down_error,
        units=units,
        units_error=known_h * against.good_error,
        economics=economics,
        money=money,
        money_error=known_h * (against.down_error * (per_hour or 0.0) + against.good_error * (per_unit or 0.0)),
    )


def _worth(margin: float | None, cost: float | None, good_per_hour: float | None) -> tuple[float | None, float | None]:
    """Money of an avoided hour beyond its units, and of a unit; margin is None where units are not counted."""
    if cost is None:
        return None, margin
    if margin is None or good_per_hour is None:
        return cost, None
    return max(0.0, cost - margin * good_per_hour), margin


def monthly_values(
    block: CustomerBlock,
    assets: Sequence[tuple[int, str, DailyHistory, Counterfactual | None]],
    declared: Counterfactual | None,
    *,
    first_month: int,
    last_month: int,
) -> list[ValueRow]:
    """Rows of every month and line of business in which machines were planned to run.

    assets: (site, line of business, days, counterfactual) of each asset that reports states. declared: the
    counterfactual of the business case; it takes the place of the assets' own from its month on.
    """
    found = []
    by_business = sorted(assets, key=lambda a: a[1])
    for month in range(first_month, last_month + 1):
        for business, own in groupby(by_business, key=lambda a: a[1]):
            members = list(own)
            row = _month_row(block, business, members, declared, month, len(members) / len(assets))
            if row is not None:
                found.append(row)
    return found


def _month_row(
    block: CustomerBlock,
    business: str,
    members: Iterable[tuple[int, str, DailyHistory, Counterfactual | None]],
    declared: Counterfactual | None,
    month: int,
    part_of_customer: float,
) -> ValueRow | None:
    first, after = month_start(month), month_start(month + 1)
    planned = known = 0.0
    gains: list[AssetGain] = []
    names: set[str] = set()
    for site_id, _, own, acceptance in members:
        against = acceptance
        if declared is not None and declared.through_day + 1 < day_number(after):
            against = declared
        rows = slice(max(0, own.row_of(first)), max(0, own.row_of(after)))
        table = own.table[rows]
        planned += float(table[:, PBT].sum())
        known += float((table[:, PBT] - table[:, UNKNOWN_S]).sum())
        if against is not None:
            counts = table[max(0, against.through_day + 1 - own.first_day - rows.start) :]
            if (counts[:, PBT] > counts[:, UNKNOWN_S]).any():
                names.add(against.name)
                gains.append(_gain_of(counts, against, economics_on(block.economics, site_id, business, first)))
    if planned <= 0:
        return None
    return _row(block, business, first, gains, "+".join(sorted(names)) or "none yet", known / planned, part_of_customer)


def _gain_of(days: Floats, against: Counterfactual, economics: Economics | None) -> AssetGain:
    good = days[:, GOOD]
    return asset_gain(
        against,
        down_h=float(days[:, STOPPED].sum()) / 3600,
        known_h=float((days[:, PBT] - days[:, UNKNOWN_S]).sum()) / 3600,
        good=float(np.nansum(good)) if np.isfinite(good).any() else None,
        economics=economics,
    )


def _row(
    block: CustomerBlock,
    business: str,
    month: date,
    gains: Sequence[AssetGain],
    counterfactual: str,
    coverage: float,
    part_of_customer: float,
) -> ValueRow:
    money, error, currency, basis = _money(gains)
    annual, _ = annual_value_on(block.contracts, month)
    rung = "hours" if annual is None else "contract_value"
    if money is not None:
        rung = "money_agreed" if basis == "agreed" else "money_assumed"
    units = [gain.units for gain in gains if gain.units is not None]
    promised, promised_currency = _promised(block, month, part_of_customer)
    if currency is not None and promised_currency != currency:
        promised = None
    return ValueRow(
        month=month,
        line_of_business=business,
        rung=rung,
        counterfactual=counterfactual,
        hours_avoided=sum(gain.hours for gain in gains) if gains else None,
        good_units_gained=sum(units) if units else None,
        money=money,
        money_low=None if money is None else money - _Z90 * error,
        money_high=None if money is None else money + _Z90 * error,
        currency=currency or promised_currency,
        basis=basis,
        promised_money=promised,
        coverage=coverage,
    )


def _money(gains: Sequence[AssetGain]) -> tuple[float | None, float, str | None, str]:
    """Money, its standard error, its currency, and the weakest basis; None where any asset's money is unknown."""
    sure = [(g.money, g.economics) for g in gains if g.money is not None and g.economics is not None]
    if not gains or len(sure) < len(gains) or len({economics.currency for _, economics in sure}) > 1:
        return None, 0.0, None, "measured"
    basis = min((economics.basis for _, economics in sure), key=lambda name: _BASIS_RANK[name])
    error = sqrt(sum(gain.money_error**2 for gain in gains))
    return sum(money for money, _ in sure), error, sure[0][1].currency, basis


def _promised(block: CustomerBlock, month: date, part_of_customer: float) -> tuple[float | None, str | None]:
    """A twelfth of what the sale promised a year, by this line of business's part of the assets, and its currency."""
    told = [
        (c.promised_annual_value, c.currency)
        for c in contracts_on(block.contracts, month)
        if c.promised_annual_value is not None
    ]
    if not told or len({currency for _, currency in told}) > 1:
        return None, None
    return sum(value for value, _ in told) / 12 * part_of_customer, told[0][1]


def line_of_business_of(block: CustomerBlock) -> Mapping[int | None, str]:
    """Line id to its line of business; assets on no line, or on one without, share one name."""
    named = {line.line_id: line.line_of_business or NO_LINE_OF_BUSINESS for line in block.lines}
    return {None: NO_LINE_OF_BUSINESS} | named
