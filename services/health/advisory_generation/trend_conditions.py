"""When a customer's months deserve an alert: they stand still with room left, or they get worse. Pure.

Judged at the end of each month, from the months up to it, by `bends.reading`; a fall also from how often machines
stopped, by `stop_counts`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from services.health.advisory_generation.alert_facts import content, percent, quantity
from services.health.advisory_generation.alert_kinds import KINDS, AlertKind
from services.health.advisory_generation.customer_conditions import stake_ahead
from services.health.advisory_generation.episodes import Condition
from services.health.assessment import AlertContent
from services.health.block import Bools, Event, Floats
from services.health.health_assessment.customer_work import CustomerWork, Month
from services.health.health_assessment.daily_history import hourly
from services.health.prognostic_assessment.bends import Reading, reading
from services.health.prognostic_assessment.peer_levels import PeerModel
from services.health.prognostic_assessment.stop_counts import expected
from services.health.prognostic_assessment.trends import WINDOWS, flat, rising
from services.health.value_assessment.headroom import Bar, bar_on
from shared.months import month_number, month_start
from shared.records.vocabulary import ADOPTIONS

STANDING_MONTHS = 18
SURELY_STANDING = 0.77
LIKELY_FALLING, PERHAPS_FALLING = 0.55, 0.27
SURELY_FALLING, HARDLY_FALLING = 0.7, 0.1
_ADOPTED = ("accepted", "realized")


@dataclass(frozen=True, kw_only=True)
class _Judged:
    """A month with what it and those before it say, and the uptime from which there is no room worth a call.

    said: of hours. counted: of how often machines stopped.
    """

    month: Month
    said: Reading
    counted: Reading
    bar: Bar
    still: bool

    @property
    def room(self) -> bool:
        return self.month.uptime_of_year < self.bar.least

    @property
    def fall(self) -> Reading:
        """What of hours and counts tells more of a fall."""
        return max(self.counted, self.said, key=lambda reading: reading.falling)

    @property
    def falling(self) -> bool:
        return surely_falls(self.said, self.counted)


@dataclass(frozen=True, kw_only=True)
class Trend:
    """What the months up to a morning say, by day of the block. judged: the last month that says anything."""

    stagnant: Bools
    moving: Bools
    falling: Bools
    steady: Bools
    rising: Bools
    known: Bools
    judged: list[_Judged | None]


def trend(work: CustomerWork, peers: Sequence[PeerModel]) -> Trend:
    """Verdicts of every day of the block, from the whole months before it. peers: what others reach."""
    days = len(work.days.table) - work.days.kept
    numbers = [month_number(work.days.day(work.days.kept + day)) - 1 for day in range(days)]
    found = {number: _judged(work, number, peers) for number in sorted(set(numbers))}
    verdicts = {number: _verdict(judged, number) for number, judged in found.items()}
    flags = np.array([verdicts[number] for number in numbers], dtype=np.bool_).reshape(days, 5).T
    by_number = {month.number: month for month in work.months}
    up = {n: n in by_number and rising(by_number[n].slopes) is not None for n in found}
    return Trend(
        stagnant=flags[0],
        moving=flags[1],
        falling=flags[2],
        steady=flags[3],
        rising=np.array([up[number] for number in numbers], dtype=np.bool_),
        known=flags[4],
        judged=[found[number] for number in numbers],
    )


def _judged(work: CustomerWork, number: int, peers: Sequence[PeerModel]) -> _Judged | None:
    """The last month up to one whose past says anything; None for none."""
    months = [m for m in work.months if m.number <= number][-2 * WINDOWS[-1] :]
    uptime = np.array([m.uptime for m in months])
    for count in range(len(months), 0, -1):
        said = reading(uptime[:count])
        if said is not None:
            bar = bar_on(work.activity, work.block, peers, number)
            still = not _changed_recently(work, month_start(number + 1))
            counted = _counted(months[:count], uptime[:count]) or said
            return _Judged(month=months[count - 1], said=said, counted=counted, bar=bar, still=still)
    return None


def _counted(months: Sequence[Month], uptime: Floats) -> Reading | None:
    """What the months say by how often machines stopped, the usual length of stops given."""
    stops, known_h = np.array([m.stops for m in months]), np.array([m.known_h for m in months])
    usual = expected(uptime, stops, known_h)
    return reading(usual.uptime, usual.chance)


def surely_falls(said: Reading, counted: Reading) -> bool:
    """Surely by hours or by counts, and the other does not say that it is none."""
    less, more = sorted((said.falling, counted.falling))
    return more >= SURELY_FALLING and less >= HARDLY_FALLING


def _verdict(judged: _Judged | None, number: int) -> tuple[bool, bool, bool, bool, bool]:
    """Stagnant, moving, falling, steady, known, at the end of a month."""
    if judged is None or judged.month.number != number:
        return (False,) * 5
    said, open_to_it = judged.said, judged.room and judged.still
    surely = said.standing[0] >= SURELY_STANDING and said.months >= STANDING_MONTHS
    return (
        (surely or flat(judged.month.slopes) is not None)
        and said.falling < PERHAPS_FALLING
        and open_to_it
        and not judged.falling,
        said.low > 0 or said.falling >= LIKELY_FALLING or not open_to_it or judged.falling,
        judged.falling,
        judged.fall.falling < PERHAPS_FALLING,
        True,
    )


def _changed_recently(work: CustomerWork, day: date) -> bool:
    """Whether anything was adopted in the last twelve months."""
    since = day - timedelta(days=365)
    return any(since <= e.at.date() < day and _is_adoption(e) for e in work.block.events)


def _is_adoption(event: Event) -> bool:
    """Whether the customer took something on; an improvement that is only proposed changes nothing."""
    taken = event.kind == "improvement" and event.attributes.get("status") in _ADOPTED
    return taken or event.kind in ADOPTIONS


def stagnation(work: CustomerWork, said: Trend) -> Condition:
    """Surely flat for a year or more, with room to improve, and nothing adopted in a year; until it surely rises,
    likely falls, or there is no room: a bad month ends no standstill."""
    return _condition(work, said, KINDS["stagnation"], said.stagnant, said.moving)


def decline(work: CustomerWork, said: Trend) -> Condition:
    """Falling by more than a point a year, by hours or by how often machines stop."""
    return _condition(work, said, KINDS["decline"], said.falling, said.steady)


def _condition(work: CustomerWork, said: Trend, kind: AlertKind, raised: Bools, cleared: Bools) -> Condition:
    def describe(hour: int) -> AlertContent:
        return _content(work, said.judged[hour // 24], kind, hour)

    return Condition(
        kind=kind,
        scope_id=work.block.customer_id,
        raised=hourly(raised, work.hours),
        cleared=hourly(cleared, work.hours),
        known=hourly(said.known, work.hours),
        describe=describe,
    )


def _content(work: CustomerWork, judged: _Judged | None, kind: AlertKind, hour: int) -> AlertContent:
    row = work.days.kept + hour // 24
    if judged is None:
        unknown = {"months": "", "uptime": percent(float("nan")), "bar": "", "slope": ""}
        return content(kind, work.block, {"customer": work.block.name, **unknown}, {}, stake_ahead(work, row, 0.0, 365))
    stands = kind.name == "stagnation"
    said, bar, uptime = judged.said if stands else judged.fall, judged.bar, judged.month.uptime_of_year
    months = (said.stood(SURELY_STANDING) or WINDOWS[0]) if stands else said.since
    return content(
        kind,
        work.block,
        {
            "customer": work.block.name,
            "months": months,
            "uptime": percent(uptime) + " available",
            "bar": percent(bar.uptime),
            "slope": f"{100 * said.slope:.1f}",
        },
        {
            "uptime_of_last_year": quantity(100 * uptime, "%", 2),
            "slope": quantity(100 * said.slope, "points a year", 2),
            "slope_low": quantity(100 * said.low, "points a year", 2),
            "slope_high": quantity(100 * said.high, "points a year", 2),
            "months": quantity(months, "months", 0),
            "room": quantity(100 * (bar.uptime - uptime), "points", 1),
            "room_against": bar.name,
        },
        stake_ahead(work, row, max(0.0, bar.uptime - uptime), 365),
        confidence=said.standing[0] if stands else said.falling,
    )
