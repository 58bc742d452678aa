"""What value since the start will come to: at renewal and in 1, 3, 5 and 15 years, as a fan. Pure.

A month's gain a known hour, y, is taken as a level that goes on with a damped trend and wanders (Gardner and McKenzie,
Management Science 31, 1985):

    y(h) = level + trend x (d + d^2 + ... + d^h)            h months ahead, d = 0.9, never beyond what is possible
    variance of the sum of H months = H s2 + H^2 x 4 s2 / n + S(H)^2 x 12 s2 / n^3 + q H^3 / 3

level and trend by Theil and Sen over up to 36 months; below twelve there is no trend, but its error is there. s2 is
the variance of a month around its line, q that of the wandering from month to month, var(dy) + 2 cov(dy, next dy), S(H)
the sum of the damped months; variances of level and slope at the end of a fitted line are those of Draper and Smith,
Applied Regression Analysis, 1998, 1.4. The counterfactual's error goes on with all hours to come. Possible is from all
hours standing still to none, at the good units an hour of the best month so far.

Nothing here waits for a renewal: the fan is reckoned at the end of every month, from the third that is known.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from scipy.stats import theilslopes

from services.health.assessment import OutlookRow
from services.health.block import CustomerBlock, Floats
from services.health.health_assessment.records_in_force import contracts_on
from services.health.value_assessment.chance import interval
from services.health.value_assessment.cumulated import Since, ratio_of, total_of
from services.health.value_assessment.tallies import PastMonth
from shared.months import month_start

YEARS = (1, 3, 5, 15)
_DAMPED = 0.9
_LEAST, _YEAR, _LONGEST = 3, 12, 36
_MONTH_DAYS = 365.25 / 12


@dataclass(frozen=True, kw_only=True)
class Course:
    """What a figure of a line of business does after the last month, by months ahead from 0 on; sums are cumulated.

    low, high: what is possible. variance: of the sum. known_h: hours to come a month, over those so far.
    """

    ahead: Floats
    low: Floats
    high: Floats
    variance: Floats
    more: float


def course(rates: Floats, known_h: Floats, months: int) -> Course | None:
    """The course of a figure from its months so far; None with fewer than three known. known_h: hours of each.

    rates: of each month the gain a known hour, NaN where it is not known, the least and the most that was possible,
    shape (3, months).
    """
    rate, least, most = rates
    told = np.flatnonzero(np.isfinite(rate))[-_LONGEST:]
    if len(told) < _LEAST:
        return None
    y, t = rate[told], told.astype(np.float64) - (len(rate) - 1)
    trend = float(theilslopes(y, t)[0]) if len(told) >= _YEAR else 0.0
    level = float(np.median(y - trend * t))
    spread = y - level - trend * t
    noise = float((spread**2).sum()) / max(len(told) - 2, 1)
    ahead = np.arange(1, months + 1)
    damped = _DAMPED * (1 - _DAMPED**ahead) / (1 - _DAMPED)
    low, high = float(least[told].min()), float(most[told].max())
    hours = float(known_h[-_YEAR:].mean())
    path = np.clip(level + trend * damped, low, high)
    n, grown = len(told), np.cumsum(damped)
    variance = noise * (ahead + 4 * ahead**2 / n + 12 * grown**2 / n**3) + _wandering(y) * ahead**3 / 3
    return Course(
        ahead=hours * np.concatenate([[0.0], np.cumsum(path)]),
        low=hours * low * np.arange(months + 1.0),
        high=hours * high * np.arange(months + 1.0),
        variance=hours**2 * np.concatenate([[0.0], variance]),
        more=hours / float(known_h.sum()),
    )


def _wandering(y: Floats) -> float:
    """Variance of a level's steps from month to month, of a level under noise."""
    step = np.diff(y)
    if len(step) < 2:
        return 0.0
    return max(0.0, float((step**2).mean() + 2 * (step[1:] * step[:-1]).sum() / len(step)))


def courses(months: Sequence[PastMonth], ahead: int) -> tuple[Course | None, Course | None]:
    """Of hours and of money, of one line of business. A month in which nothing was planned lies among them, without
    hours: it comes again as it was."""
    known_h = np.zeros(months[-1].number - months[0].number + 1)
    known_h[_places(months)] = [m.known_h for m in months]
    hours = _rates(months, known_h, lambda m: (m.hours, m.least_hours, m.most_hours))
    money = _rates(months, known_h, lambda m: (m.money, m.least_money, m.most_money))
    return course(hours, known_h, ahead), course(money, known_h, ahead)


def _places(months: Sequence[PastMonth]) -> list[int]:
    return [month.number - months[0].number for month in months]


def _rates(months: Sequence[PastMonth], known_h: Floats, of: Callable[[PastMonth], Sequence[float | None]]) -> Floats:
    told = np.full((3, len(known_h)), np.nan)
    told[:, _places(months)] = np.array([[np.nan if value is None else value for value in of(m)] for m in months]).T
    return np.where(known_h > 0, told / np.maximum(known_h, 1e-9), np.nan)


def horizons(block: CustomerBlock, month: int) -> list[tuple[str, date]]:
    """The days that are looked ahead to at the end of a month; the next end of a contract in force first."""
    now = month_start(month + 1)
    ends = [c.ends_on for c in contracts_on(block.contracts, now) if c.ends_on is not None]
    years = [(f"{n}_year" if n == 1 else f"{n}_years", month_start(month + 1 + 12 * n)) for n in YEARS]
    return [*([("renewal", min(ends))] if ends else []), *years]


def outlook_rows(
    block: CustomerBlock, month: int, parts: Sequence[tuple[str, Since, Sequence[PastMonth]]], total: tuple[str, Since]
) -> list[OutlookRow]:
    """The outlook of each line of business and of all, at the end of a whole month."""
    until = max(12 * YEARS[-1], *(_months(month, at) + 1 for _, at in horizons(block, month)))
    found, own = [], []
    for business, since, months in parts:
        hours, money = courses(months, int(until))
        own.append((hours, money))
        found += _rows(block, business, month, since, [since], [hours], [money])
    name, since = total
    lines = [each for _, each, _ in parts]
    return found + _rows(block, name, month, since, lines, [hours for hours, _ in own], [money for _, money in own])


def _months(month: int, at: date) -> float:
    return (at - month_start(month + 1)).days / _MONTH_DAYS


def _rows(
    block: CustomerBlock,
    business: str,
    month: int,
    since: Since,
    lines: Sequence[Since],
    hours: Sequence[Course | None],
    money: Sequence[Course | None],
) -> list[OutlookRow]:
    """lines: what `since` is the sum of; each is charged and promised as it was so far."""
    found = []
    for name, at in horizons(block, month):
        ahead = _months(month, at)
        in_hours = _fan(0, since.hours, since, hours, ahead)
        in_money = _fan(2, since.money, since, money, ahead)
        less = None if since.net is None else total_of(_deducted(each, ahead) for each in lines)
        promised = None if since.promised is None else total_of(_promised(block, month, at, s, ahead) for s in lines)
        ratio, of = ratio_of(since)
        in_net = tuple(None if each is None or less is None else each - less for each in in_money)
        compared = in_net if of == "net" else in_money
        known = ratio is not None and promised is not None and promised > 0
        ratios = tuple(each / promised if known and promised and each is not None else None for each in compared)
        found.append(
            OutlookRow(
                month=month_start(month),
                line_of_business=business,
                horizon=name,
                at=at,
                **dict(zip(("hours_avoided", "hours_low", "hours_high"), in_hours, strict=True)),
                **dict(zip(("money", "money_low", "money_high"), in_money, strict=True)),
                **dict(zip(("net", "net_low", "net_high"), in_net, strict=True)),
                currency=since.currency,
                basis=since.basis,
                promised_money=promised,
                **dict(zip(("ratio", "ratio_low", "ratio_high"), ratios, strict=True)),
                ratio_of=of if known else None,
            )
        )
    return found


def _fan(
    figure: int, centre: float | None, since: Since, courses: Sequence[Course | None], ahead: float
) -> tuple[float | None, float | None, float | None]:
    """A figure so many months ahead with its 5 % and 95 % points; None where that of one line of business is."""
    known = [each for each in courses if each is not None]
    if centre is None or len(known) < len(courses):
        return None, None, None
    low, mid, high, variance = (
        sum(_at(values, ahead) for values in column)
        for column in zip(*((c.low, c.ahead, c.high, c.variance) for c in known), strict=True)
    )
    before, past = since.errors.before[figure], since.errors.since[figure]
    longer = 1 + ahead * sum(c.more for c in known) / len(known)
    lowest, highest = interval(centre, before, past)
    found = interval(centre + mid, before * longer ** np.array([2, 3, 1]), past, variance)
    return centre + mid, max(found[0], lowest + low), min(found[1], highest + high)


def _at(by_month: Floats, ahead: float) -> float:
    return float(np.interp(ahead, np.arange(len(by_month)), by_month))


def _deducted(since: Since, ahead: float) -> float | None:
    """Fees and maintenance so far, going on as they were; None where they are not known."""
    if since.money is None or since.net is None:
        return None
    return (since.money - since.net) * (1 + ahead / since.paid_months)


def _promised(block: CustomerBlock, month: int, at: date, since: Since, ahead: float) -> float | None:
    """What will have been promised by a day, as long as contracts go on until then; None where they do not."""
    if since.promised is None or any(
        c.ends_on is not None and c.ends_on + timedelta(days=1) < at
        for c in contracts_on(block.contracts, month_start(month + 1) - timedelta(days=1))
    ):
        return None
    return since.promised * (1 + ahead / since.promised_months)
