"""What the customer gained, against a named counterfactual, on the highest rung that the records allow. Pure.

    hours            hours of downtime avoided, good units gained; measured
    contract_value   the same, and a contract whose value is known
    money_assumed    money from what we or the supplier assume that a unit and an hour are worth
    money_agreed     money from figures agreed with the customer

    gross = units gained x margin + hours avoided x max(0, cost of an hour - margin x units of a running hour)
    net   = gross - maintenance that the customer pays - fees

The second term leaves out the margin of the units that an avoided hour makes: they are in the first; on days on which
nobody counted units it keeps it. An avoided hour is a wanted hour times the counterfactual's share of stops, less what
stood still in it: hours for which the customer had no order are no hours avoided and no units lost. Unknown money is
None, never zero, and currencies are never mixed: what cannot be deducted leaves the net unknown, with the reason, and
the gross as it is. Intervals are of the gain of expected rates over expected rates, not of what chance made of a month
(`chance`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from services.health.block import CustomerBlock, Economics, Floats
from services.health.health_assessment.daily_history import DailyHistory, day_number
from services.health.health_assessment.records_in_force import economics_on
from services.health.state_detection.times import FIELDS, GOOD, PBT, UNKNOWN_S, asked_s, troubled_s
from services.health.value_assessment.accruals import MonthOf, Place
from services.health.value_assessment.counterfactuals import Counterfactual

NO_LINE_OF_BUSINESS = "unassigned"


@dataclass(frozen=True, kw_only=True)
class Machine:
    """A machine that reports states, in one month."""

    place: Place
    days: DailyHistory
    against: Counterfactual | None


@dataclass(frozen=True, kw_only=True)
class Gains:
    """What machines gained in a month, shape (machines,); NaN where it is not known.

    known_h, down_h: of the days that count, 0 where there is nothing to compare with. an_hour, a_unit: by figure, what
    one is worth in it, shape (3, machines). least, most: if nothing had run, and if nothing had stopped.
    """

    hours: Floats
    units: Floats
    money: Floats
    known_h: Floats
    down_h: Floats
    an_hour: Floats
    a_unit: Floats
    least_hours: Floats
    most_hours: Floats
    least_money: Floats
    most_money: Floats


@dataclass(frozen=True, kw_only=True)
class Days:
    """Hours planned, known, wanted and down, and good units of machines on days of a month, (machines, days).

    Wanted is what the machine was asked for (`asked_s`); a stop for want of orders is no part of `down` either.
    """

    planned: Floats
    known: Floats
    wanted: Floats
    down: Floats
    good: Floats


def days_of(machines: Sequence[Machine], month: MonthOf) -> Days:
    """The days of one month up to what is assessed of it; without data known is 0."""
    first, days = day_number(month.first), (month.until - month.first).days
    found = np.zeros((len(machines), days, len(FIELDS)))
    found[:, :, GOOD] = np.nan
    for row, machine in enumerate(machines):
        own = machine.days
        since, until = max(first, own.first_day), min(first + days, own.first_day + len(own.table))
        if until > since:
            found[row, since - first : until - first] = own.table[since - own.first_day : until - own.first_day]
    planned, unknown = found[:, :, [PBT, UNKNOWN_S]].transpose(2, 0, 1) / 3600
    return Days(
        planned=planned,
        known=planned - unknown,
        wanted=asked_s(found) / 3600,
        down=troubled_s(found) / 3600,
        good=found[:, :, GOOD],
    )


@dataclass(frozen=True, kw_only=True)
class _Compared:
    """Of each machine, shape (machines,): wanted and stopped hours of the days that count, those of the days of them on
    which units were counted too, the good units of these, and what the counterfactual expects."""

    known_h: Floats
    down_h: Floats
    counted_h: Floats
    counted_down_h: Floats
    good: Floats
    share: Floats
    rate: Floats


@dataclass(frozen=True, kw_only=True)
class _Worth:
    """Of each machine, in money: an hour beyond its units, the units of a running hour, and a unit."""

    an_hour: Floats
    running_hour: Floats
    a_unit: Floats

    def of(self, hours: Floats, uncounted_h: Floats, units: Floats) -> Floats:
        """uncounted_h: of the hours, those of days on which nobody counted the units that they made."""
        counted = np.where(self.a_unit > 0, units, 0.0) * self.a_unit
        return hours * self.an_hour + uncounted_h * self.running_hour + counted


def gains_of(
    days: Days, first_day: int, against: Sequence[Counterfactual | None], prices: Sequence[Economics | None]
) -> Gains:
    """Hours avoided, units gained and their money of each machine. first_day: of `days`, since 1970-01-01."""
    own = _compared(days, first_day, against)
    price = _worth(own, prices)
    loose_h, loose_down_h = own.known_h - own.counted_h, own.down_h - own.counted_down_h
    most, loose_most = np.where(own.known_h > 0, own.share * own.known_h, np.nan), own.share * loose_h
    least, loose_least = most - own.known_h, loose_most - loose_h
    hours, loose = most - own.down_h, loose_most - loose_down_h
    up_h, expected = own.counted_h - own.counted_down_h, own.rate * own.counted_h
    at_most = np.divide(own.good, up_h, out=np.zeros(len(up_h)), where=up_h > 0) * own.counted_h
    ones, compared = np.ones(len(against)), np.where(np.isfinite(own.rate), 1.0, 0.0)
    return Gains(
        hours=hours,
        units=own.good - expected,
        money=price.of(hours, loose, own.good - expected),
        known_h=own.known_h,
        down_h=own.down_h,
        an_hour=np.array([ones, 0 * ones, np.nan_to_num(price.an_hour)]),
        a_unit=np.array([0 * ones, compared, np.nan_to_num(price.a_unit)]),
        least_hours=least,
        most_hours=most,
        least_money=price.of(least, loose_least, -expected),
        most_money=price.of(most, loose_most, at_most - expected),
    )


def _compared(days: Days, first_day: int, against: Sequence[Counterfactual | None]) -> _Compared:
    after = np.array([np.inf if each is None else each.through_day for each in against])
    counts = (days.wanted > 0) & (first_day + np.arange(days.wanted.shape[1]) > after[:, None])
    counted = counts & np.isfinite(days.good)
    counted_h = np.where(counted, days.wanted, 0.0).sum(axis=1)
    rate = _column([None if each is None else each.good_per_hour for each in against])
    return _Compared(
        known_h=np.where(counts, days.wanted, 0.0).sum(axis=1),
        down_h=np.where(counts, days.down, 0.0).sum(axis=1),
        counted_h=counted_h,
        counted_down_h=np.where(counted, days.down, 0.0).sum(axis=1),
        good=np.where(counted, days.good, 0.0).sum(axis=1),
        share=_column([None if each is None else each.down_share for each in against]),
        rate=np.where(counted_h > 0, rate, np.nan),
    )


def _worth(own: _Compared, prices: Sequence[Economics | None]) -> _Worth:
    running = np.divide(own.rate, 1 - own.share, out=np.full(len(own.rate), np.nan), where=own.share < 1)
    an_hour, a_unit = worth(
        _column([None if price is None else price.margin_per_good_unit for price in prices]),
        _column([None if price is None else price.downtime_cost_per_hour for price in prices]),
        running,
    )
    return _Worth(an_hour=an_hour, running_hour=np.nan_to_num(a_unit * running), a_unit=a_unit)


def worth(margin: Floats, cost: Floats, good_per_running_hour: Floats) -> tuple[Floats, Floats]:
    """Money of an avoided hour beyond its units, and of a unit; NaN where money is unknown, in both.

    good_per_running_hour: units of an hour without a stop, without us: an avoided hour is one. NaN where units are
    not compared: their margin is then left out.
    """
    unit = np.where(np.isfinite(good_per_running_hour), margin, np.nan)
    hour = np.where(np.isfinite(unit), np.maximum(0.0, cost - margin * good_per_running_hour), cost)
    known = np.isfinite(unit) | np.isfinite(hour)
    return np.where(known, np.nan_to_num(hour), np.nan), np.where(known, np.nan_to_num(unit), np.nan)


def _column(values: Sequence[float | None]) -> Floats:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def prices_of(block: CustomerBlock, machines: Sequence[Machine], business: str, on: date) -> list[Economics | None]:
    """What an hour and a unit of each machine are worth on a day, by its site and line of business."""
    by_site = {m.place.site_id: economics_on(block.economics, m.place.site_id, business, on) for m in machines}
    return [by_site[machine.place.site_id] for machine in machines]


def line_of_business_of(block: CustomerBlock) -> Mapping[int | None, str]:
    """Line id to its line of business; assets on no line, or on one without, share one name."""
    named = {line.line_id: line.line_of_business or NO_LINE_OF_BUSINESS for line in block.lines}
    return {None: NO_LINE_OF_BUSINESS} | named
