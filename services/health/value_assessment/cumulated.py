"""Value since the start, by line of business and of all of them, against what was promised. Pure.

Months add up; so do their errors, but for that of the counterfactual, which is the same in all of them: it is
multiplied with all hours that were compared with it. Lines of business err independently of one another.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from services.health.assessment import CumulatedRow
from services.health.value_assessment.chance import interval
from services.health.value_assessment.tallies import BusinessTally, Errors, PastMonth, errors_of
from services.health.value_assessment.value_months import BASIS_RANK
from shared.months import month_start

ALL = "*"
_RUNGS = ("hours", "contract_value", "money_assumed", "money_agreed")


@dataclass(frozen=True, kw_only=True)
class Since:
    """What lines of business gained since the start.

    money: of the paid_months in which it is known; net: of these, None where it is not known in one of them. promised,
    kept, kept_net: of the promised_months, of which money and promise are known. errors: as `Errors`.
    """

    months: int
    paid_months: int
    promised_months: int
    planned_h: float
    known_h: float
    hours: float | None
    units: float | None
    money: float | None
    net: float | None
    currency: str | None
    promised: float | None
    kept: float | None
    kept_net: float | None
    unknown: str | None
    why_no_net: str | None
    names: frozenset[str]
    rung: str
    basis: str
    authors: frozenset[str]
    said_on: date | None
    errors: Errors


def since_start(tally: BusinessTally) -> Since:
    """One line of business up to its newest month."""
    months = tally.months
    paid = [m for m in months if m.money is not None]
    if len({m.currency for m in paid}) > 1:
        return _without_money(months, "economics changed their currency", errors_of(tally))
    if not paid:
        return _without_money(months, months[-1].unknown, errors_of(tally))
    compared = [m for m in paid if m.promised is not None]
    return replace(
        _without_money(months, None, errors_of(tally)),
        paid_months=len(paid),
        promised_months=len(compared),
        money=total_of(m.money for m in paid),
        net=total_of(m.net for m in paid),
        currency=paid[0].currency,
        promised=total_of(m.promised for m in compared),
        kept=total_of(m.money for m in compared),
        kept_net=total_of(m.net for m in compared),
        why_no_net=next((m.why_no_net for m in paid if m.net is None), None),
        rung=min((m.rung for m in paid), key=_RUNGS.index),
        basis=min((m.basis for m in paid), key=lambda name: BASIS_RANK[name]),
        authors=frozenset(m.author for m in paid if m.author is not None),
        said_on=max((m.said_on for m in paid if m.said_on is not None), default=None),
    )


def _without_money(months: Sequence[PastMonth], unknown: str | None, errors: Errors) -> Since:
    rung = months[-1].rung
    return Since(
        months=len(months),
        paid_months=0,
        promised_months=0,
        planned_h=sum(m.planned_h for m in months),
        known_h=sum(m.known_h for m in months),
        hours=_known(m.hours for m in months),
        units=_known(m.units for m in months),
        money=None,
        net=None,
        currency=None,
        promised=None,
        kept=None,
        kept_net=None,
        unknown=unknown,
        why_no_net=unknown,
        names=frozenset(name for m in months if m.hours is not None for name in m.counterfactual.split("+")),
        rung=rung if rung in _RUNGS[:2] else _RUNGS[0],
        basis="measured",
        authors=frozenset(),
        said_on=None,
        errors=errors,
    )


def total_of(values: Iterable[float | None]) -> float | None:
    """The sum, None without values or where one of them is unknown."""
    told = list(values)
    known = [value for value in told if value is not None]
    return float(sum(known)) if known and len(known) == len(told) else None


def _known(values: Iterable[float | None]) -> float | None:
    """The sum of those that are known, None without any."""
    return total_of(value for value in values if value is not None)


def together(parts: Sequence[Since]) -> Since:
    """All lines of business; money is None where that of one is, or where they count in several currencies."""
    one = len({p.currency for p in parts}) == 1
    unknown = next((p.unknown for p in parts if p.money is None), None)
    money = total_of(p.money for p in parts) if one else None
    names: Iterable[str] = (name for p in parts for name in p.names)
    return Since(
        months=max(p.months for p in parts),
        paid_months=max(p.months for p in parts) - max(p.months - p.paid_months for p in parts),
        promised_months=max(p.promised_months for p in parts),
        planned_h=sum(p.planned_h for p in parts),
        known_h=sum(p.known_h for p in parts),
        hours=_known(p.hours for p in parts),
        units=_known(p.units for p in parts),
        money=money,
        net=total_of(p.net for p in parts) if one else None,
        currency=parts[0].currency if one else None,
        promised=total_of(p.promised for p in parts) if one else None,
        kept=total_of(p.kept for p in parts) if one else None,
        kept_net=total_of(p.kept_net for p in parts) if one else None,
        unknown=unknown if one or unknown else "lines of business count in several currencies",
        why_no_net=next((p.why_no_net for p in parts if p.net is None), None),
        names=frozenset(names),
        rung=min((p.rung for p in parts), key=_RUNGS.index),
        basis=min((p.basis for p in parts), key=lambda name: BASIS_RANK[name]),
        authors=frozenset(author for p in parts for author in p.authors) if money is not None else frozenset(),
        said_on=max((p.said_on for p in parts if p.said_on is not None), default=None) if money is not None else None,
        errors=Errors(
            before=np.sum([p.errors.before for p in parts], axis=0),
            since=np.sum([p.errors.since for p in parts], axis=0),
        ),
    )


def cumulated_row(business: str, month: int, since: Since) -> CumulatedRow:
    """The row of a line of business, or of all, at the end of a month or so far in it."""
    ranges = [
        _range(centre, since.errors, figure) for figure, centre in enumerate((since.hours, since.units, since.money))
    ]
    hours, units, money = ranges
    ratio, of = ratio_of(since)
    spread = (None, None) if ratio is None else _over(money, since.money, since.promised)
    return CumulatedRow(
        month=month_start(month),
        line_of_business=business,
        rung=since.rung,
        counterfactual="+".join(sorted(since.names)) or "none yet",
        months=since.months,
        money_months=since.paid_months if since.money is not None else 0,
        hours_avoided=since.hours,
        hours_low=hours[0],
        hours_high=hours[1],
        good_units_gained=since.units,
        units_low=units[0],
        units_high=units[1],
        money=since.money,
        money_low=money[0],
        money_high=money[1],
        money_unknown=since.unknown if since.money is None else None,
        net=since.net,
        net_low=_shifted(money[0], since),
        net_high=_shifted(money[1], since),
        net_unknown=since.why_no_net if since.net is None else None,
        currency=since.currency,
        basis=since.basis,
        author="; ".join(sorted(since.authors)) or None,
        said_on=since.said_on,
        promised_money=since.promised,
        ratio=ratio,
        ratio_low=None if ratio is None or spread[0] is None else ratio + spread[0],
        ratio_high=None if ratio is None or spread[1] is None else ratio + spread[1],
        ratio_of=of,
        coverage=since.known_h / since.planned_h,
    )


def ratio_of(since: Since) -> tuple[float | None, str | None]:
    """Realized over promised, and of what: of the net where it is known, else of the gross."""
    if since.promised is None or since.promised <= 0 or since.kept is None:
        return None, None
    return (
        (since.kept / since.promised, "gross") if since.kept_net is None else (since.kept_net / since.promised, "net")
    )


def _range(centre: float | None, errors: Errors, figure: int) -> tuple[float | None, float | None]:
    return (None, None) if centre is None else interval(centre, errors.before[figure], errors.since[figure])


def _shifted(bound: float | None, since: Since) -> float | None:
    """A bound of the gross as one of the net: what is deducted is known."""
    return None if bound is None or since.net is None or since.money is None else bound - since.money + since.net


def _over(
    money: tuple[float | None, float | None], centre: float | None, promised: float | None
) -> tuple[float | None, float | None]:
    """How far the ratio's bounds are from it."""
    if centre is None or not promised:
        return None, None
    low, high = ((None if bound is None else (bound - centre) / promised) for bound in money)
    return low, high
