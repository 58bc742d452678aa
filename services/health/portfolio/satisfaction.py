"""Who says that they are happy while what they gain does not grow, and who complains while it does. Pure.

    happy_but_flat   the last surveys say 70 % or more, and value falls, or is flat and not known to be at the frontier
    quiet_failing    of those: nobody complained in twelve months, and no promise is known to be kept
    noisy_healthy    complaints, and value grows, is flat at the frontier, or all that was promised is realized

Value is hours of downtime avoided a month, whose trend is `prognostic_assessment.trends` over at least twelve months:
it grows, falls or is flat where that is sure at 90 %. Null where nobody spoke, by a survey or a complaint, in twelve
months, or no trend is known.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np

from services.health.health_assessment.customer_health.relation import answer_share
from services.health.portfolio.customer_year import CustomerYear, months_before
from services.health.portfolio.portfolio_rows import MonthOfStops, MonthOfValue, PortfolioRows, Told
from services.health.prognostic_assessment.trends import FLAT, Slope, longest_slope

HAPPY = 0.7
_SURVEY_MONTHS = 12
_TREND_MONTHS = 36
_ROOM_MONTHS = 3


def satisfaction(rows: PortfolioRows, years: Mapping[int, CustomerYear], day: date) -> dict[str, object]:
    """Each customer's survey level (0 to 1), value trend, complaints and what these come to."""
    told: dict[int, list[Told]] = defaultdict(list)
    for event in rows.told:
        if months_before(day, _SURVEY_MONTHS) <= event.at.date() < day:
            told[event.customer_id].append(event)
    values: dict[int, dict[date, MonthOfValue]] = defaultdict(dict)
    for value in rows.values:
        values[value.customer_id][value.month] = value
    hours: dict[int, dict[date, MonthOfStops]] = defaultdict(dict)
    for month in rows.stops:
        hours[month.customer_id][month.month] = month
    room = {own.customer_id: own.room for own in rows.rooms if months_before(day, _ROOM_MONTHS) <= own.day < day}
    return {
        "customers": [
            _customer(
                customer,
                told[customer],
                _trend(values[customer], hours[customer], day),
                room.get(customer),
                years[customer],
            )
            for customer in rows.customers
        ]
    }


def _customer(
    customer: int,
    told: Sequence[Told],
    trend: str | None,
    room: bool | None,
    year: CustomerYear,
) -> dict[str, object]:
    level = survey_level(told)
    complaints = sum(is_complaint(event) for event in told)
    trend = None if level is None and not complaints else trend
    happy = None if level is None else level >= HAPPY
    flat = _gains_no_more(trend, room)
    kept = None if year.of_promise is None else year.of_promise >= 1
    voice = None
    if happy and flat and complaints == 0 and not kept:
        voice = "quiet_failing"
    if complaints and (flat is False or kept):
        voice = "noisy_healthy"
    return {
        "customer": customer,
        "survey_level": level,
        "value_trend": trend,
        "room": None if trend is None else room,
        "happy_but_flat": None if happy is None or flat is None else happy and flat,
        "complaints": complaints,
        "voice": voice,
    }


def _gains_no_more(trend: str | None, room: bool | None) -> bool | None:
    """Whether value falls, or stands still where it need not; None where that is not known. At the frontier there is
    nothing left to gain."""
    if trend in {None, "not_sure"}:
        return None
    return trend == "falling" or (trend == "flat" and room is not False)


def survey_level(told: Sequence[Told]) -> float | None:
    """The mean answer, 0 to 1, of surveys that say their scale; None without one."""
    answers = [answer_share(event.attributes) for event in told if event.kind == "survey"]
    found = [answer for answer in answers if answer is not None]
    return float(np.mean(found)) if found else None


def is_complaint(event: Told) -> bool:
    """Whether a touchpoint says that the customer complained."""
    return event.kind == "touchpoint" and (
        event.attributes.get("complaint") is True or event.attributes.get("type") == "complaint"
    )


def _trend(values: Mapping[date, MonthOfValue], hours: Mapping[date, MonthOfStops], day: date) -> str | None:
    """`growing`, `flat`, `falling`, `not_sure`; None while fewer than twelve months are known.

    Of avoided hours a known planned hour, so that more machines or shifts are no trend.
    """
    months = [months_before(day, back) for back in range(_TREND_MONTHS, 0, -1)]
    shares = [_share(values.get(month), hours.get(month)) for month in months]
    found = longest_slope(np.array(shares))
    return None if found is None else _word(found)


def _share(value: MonthOfValue | None, hours: MonthOfStops | None) -> float:
    if value is None or value.hours_avoided is None or hours is None or hours.known_h <= 0:
        return float("nan")
    return value.hours_avoided / hours.known_h


def _word(slope: Slope) -> str:
    if slope.low > 0:
        return "growing"
    if slope.high < 0:
        return "falling"
    return "flat" if slope.low > -FLAT and slope.high < FLAT else "not_sure"
