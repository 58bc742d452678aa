"""What a customer's guarantees rest on: planned, known and lost time of its machines, their stops, the budgets. Pure.

Records name no machines in a contract, so all machines count that report states, from when on somebody gave their
calendar.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import inf

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from services.health.block import Bools, CustomerBlock, Floats
from services.health.health_assessment.asset_work import AssetWork
from services.health.health_assessment.daily_history import DailyHistory, day_number, history, trailing_sum
from services.health.prognostic_assessment.guarantees.breach import HALF_LIFE_DAYS, Fleet
from services.health.prognostic_assessment.guarantees.budget import DOWN_S, KNOWN_S, RECENT_DAYS, Budget, budget
from services.health.prognostic_assessment.guarantees.burn import pairs
from services.health.prognostic_assessment.guarantees.rate_change import (
    COLUMNS,
    MONTH_DAYS,
    MOST_MONTHS,
    change_a_year,
    month_row,
)
from services.health.prognostic_assessment.guarantees.terms import DEFAULT_DAYS, terms_on
from services.health.state_detection import supplier_stops
from services.health.state_detection.attributed_hours import Plan, attributed_hours, plan
from services.health.state_detection.calendars import limited
from services.health.state_detection.state_intervals import Intervals
from services.health.state_detection.states import DAY_S
from services.health.state_detection.supplier_stops import DAY, stop_days, stops_until
from services.health.state_detection.times import PBT, UNKNOWN_S

PLAN_DAYS = 28
STOP_DAYS = 730
MOST_STOP_DAYS = 2048
_DECAY = 0.5 ** (1 / HALF_LIFE_DAYS)


@dataclass(frozen=True, kw_only=True)
class GuaranteeState:
    """What is kept at a UTC midnight: rows of float64 and the budgets of the last two evenings.

    days, hours: planned, known and supplier-attributed lost seconds of all machines. known_s: by machine, discounted.
    stops: rows of `supplier_stops`. months: of `rate_change`.
    """

    days: bytes = b""
    hours: bytes = b""
    known_s: dict[int, float]
    stops: bytes = b""
    months: bytes = b""
    evenings: tuple[tuple[Budget, ...], ...] = ()


@dataclass(frozen=True, kw_only=True)
class GuaranteeWork:
    """Budgets of every guarantee as of the two evenings before the block and every whole day of it.

    windows: the fixed ones of these evenings, by contract and first day. hours: shape (n, 3), those of the block last:
    planned, known and lost seconds; the first `kept_hours` are from before it. given_from: since when any machine is
    counted, Unix seconds.
    """

    evenings: tuple[tuple[Budget, ...], ...]
    windows: tuple[frozenset[tuple[str, int]], ...]
    hours: Floats
    kept_hours: int
    given_from: float
    state: GuaranteeState

    def known_on(self, day: int) -> tuple[Budget, ...]:
        """What is known on the morning of a day of the block."""
        return self.evenings[day + 1]

    def closed(self, day: int) -> tuple[Budget, ...]:
        """Fixed windows that by the evening before a day of the block were over, or ended by an amendment, as they were
        judged last."""
        goes_on = self.windows[day + 1]
        return tuple(b for b in self.evenings[day] if not b.rolling and (b.contract, b.first_day) not in goes_on)

    def renewed(self, contract: str, day: int) -> bool:
        """Whether a contract has another window on that evening than on the one before."""
        return any(name == contract for name, _ in self.windows[day] ^ self.windows[day + 1])


def guarantee_work(
    before: GuaranteeState, block: CustomerBlock, assets: Sequence[AssetWork], hours: int
) -> GuaranteeWork:
    """Advance the guarantees of a customer over the block's hours; nothing is reckoned for one that has none."""
    whole, first_day = hours // 24, int(block.start.timestamp() // DAY_S)
    if not any(c.guaranteed_availability is not None for c in block.contracts):
        none = GuaranteeState(known_s={})
        nothing = np.zeros((hours, 3))
        never = ((),) * (2 + whole)
        return GuaranteeWork(
            evenings=never, windows=_windows(block, whole), hours=nothing, kept_hours=0, given_from=inf, state=none
        )
    reporting = sorted((a for a in assets if a.intervals is not None), key=lambda a: a.asset.asset_id)
    counted = _counted(reporting, block)
    own, rows = _lost(before, counted, block)
    days = history(before.days, _by_day(own), first_day)
    fleets = _Fleets(counted, before.known_s, first_day, whole)
    tail = np.concatenate([np.frombuffer(before.hours).reshape(-1, 3), own])
    evenings, months = list(before.evenings), np.frombuffer(before.months).reshape(-1, COLUMNS)
    for day in range(whole):
        known = tail[: len(tail) - hours + 24 * (day + 1)]
        row = days.kept + day
        months = _with_month(months, days, row, rows)
        evening = _Evening(row=row, fleet=fleets.on(day), stop_days=rows, hours=known, months=months)
        evenings.append(_budgets(block, days, evening, len(reporting)))
    state = GuaranteeState(
        days=days.packed(days.kept + whole, _kept_days(block)),
        hours=_packed_hours(tail, len(tail) - hours + 24 * whole, block),
        known_s=before.known_s | fleets.known_at_end(),
        stops=_newest(rows, first_day + whole - 1).tobytes(),
        months=months.tobytes(),
        evenings=tuple(evenings[-2:]),
    )
    told = (*((),) * (2 + whole - len(evenings)), *evenings)
    return GuaranteeWork(
        evenings=told,
        windows=_windows(block, whole),
        hours=tail,
        kept_hours=len(tail) - hours,
        given_from=min((a.calendar.given_from for a in reporting), default=inf),
        state=state,
    )


def _windows(block: CustomerBlock, whole: int) -> tuple[frozenset[tuple[str, int]], ...]:
    days = range(block.first_day - 2, block.first_day + whole)
    told = (terms_on(block.contracts, day) for day in days)
    return tuple(frozenset((t.contract.external_id, t.first) for t in terms if not t.rolling) for terms in told)


def with_hours(before: GuaranteeWork, assets: Sequence[AssetWork], block: CustomerBlock) -> GuaranteeWork:
    """The same in a day under way, with what the block's hours have of it; `before` may know fewer of them."""
    counted = _counted(assets, block) if before.given_from < inf else []
    own = sum((hours for _, hours in _attributed(counted, block)), np.zeros((block.hours, 3)))
    return replace(before, hours=np.concatenate([before.hours[: before.kept_hours], own]))


def _counted(assets: Sequence[AssetWork], block: CustomerBlock) -> list[AssetWork]:
    """Machines that count for a guarantee at the block's end, by number."""
    end = block.end.timestamp()
    own = [a for a in assets if a.intervals is not None and a.calendar.given_from < end]
    return sorted(own, key=lambda a: a.asset.asset_id)


def _lost(before: GuaranteeState, counted: Sequence[AssetWork], block: CustomerBlock) -> tuple[Floats, Floats]:
    """Planned, known and lost seconds an hour of all machines, and rows of their stops, ascending by day."""
    total, stops = np.zeros((block.hours, 3)), [np.frombuffer(before.stops).reshape(-1, supplier_stops.COLUMNS)]
    lasting = dict(stops[0][:, [supplier_stops.ASSET, supplier_stops.LASTS]].tolist())
    for work, own in _attributed(counted, block):
        total += own
        if work.intervals is not None:
            lost_s, lasts = _by_day(own)[:, DOWN_S], lasting.get(work.asset.asset_id) == 1
            stops.append(stop_days(work.asset.asset_id, work.intervals, lost_s, block.first_day, lasting=lasts))
    rows = np.concatenate(stops)
    return total, rows[np.lexsort((rows[:, supplier_stops.ASSET], rows[:, DAY]))]


def _attributed(counted: Sequence[AssetWork], block: CustomerBlock) -> Iterator[tuple[AssetWork, Floats]]:
    """Each machine's planned, known and lost seconds an hour, shape (hours, 3)."""
    start = block.start.timestamp()
    plans: dict[tuple[bytes, bytes], Plan] = {}
    for work in counted:
        when = work.calendar
        if when.given_from > start:
            when = limited(when, [(when.given_from, inf)])
        shared = (when.scheduled.tobytes(), when.planned.tobytes())
        if shared not in plans:
            plans[shared] = plan(when, start=start, hours=block.hours)
        if work.intervals is not None:
            yield work, _hours(work, work.intervals, plans[shared], start, block.hours)


def _hours(work: AssetWork, found: Intervals, planned: Plan, start: float, hours: int) -> Floats:
    commissioned = work.asset.commissioned_on
    expected_from = np.inf if commissioned is None else day_number(commissioned) * DAY_S
    return attributed_hours(found, planned, start=start, hours=hours, expected_from=expected_from)


def _by_day(hours: Floats) -> Floats:
    padded = np.zeros((-(-len(hours) // 24) * 24, 3))
    padded[: len(hours)] = hours
    return np.asarray(padded.reshape(-1, 24, 3).sum(axis=1), dtype=np.float64)


class _Fleets:
    """The machines of every whole day of the block; shape (machines, days)."""

    def __init__(self, works: Sequence[AssetWork], known_s: dict[int, float], first_day: int, whole: int) -> None:
        self._first_day = first_day
        self._ids: NDArray[np.int64] = np.array([w.asset.asset_id for w in works], dtype=np.int64)
        self._given_day = np.array([_given_day(w) for w in works])
        works = works if whole else ()
        self._ahead = np.array([_planned_a_day(w, whole) for w in works]).reshape(len(works), whole)
        self._known = np.array([_discounted(w, known_s.get(w.asset.asset_id, 0.0), whole) for w in works]).reshape(
            len(works), whole
        )

    def on(self, day: int) -> Fleet:
        """As of the evening of a day of the block: the machines whose calendar is given by then."""
        given = self._given_day <= self._first_day + day
        return Fleet(asset_id=self._ids[given], ahead_s=self._ahead[given, day], known_s=self._known[given, day])

    def known_at_end(self) -> dict[int, float]:
        """Discounted known seconds at the end of the last whole day; none where there is no whole day."""
        if not self._known.shape[1]:
            return {}
        return dict(zip(self._ids.tolist(), self._known[:, -1].tolist(), strict=True))


def _planned_a_day(work: AssetWork, whole: int) -> Floats:
    """Planned seconds a day over the last 28 days, or since the first with a given calendar; 0 where it has left."""
    rows = slice(work.days.kept, work.days.kept + whole)
    day = work.days.first_day + np.arange(rows.start, rows.stop)
    since = np.maximum(day if work.first_day is None else work.first_day, _given_day(work))
    seen = np.clip(day - since + 1, 1, PLAN_DAYS)
    until = max((until for _, until in work.asset.here), default=np.inf)
    planned = trailing_sum(np.where(_given(work), work.days.column(PBT), 0.0), PLAN_DAYS)[rows] / seen
    return np.where((day + 1) * DAY_S < until, planned, 0.0)


def _discounted(work: AssetWork, before: float, whole: int) -> Floats:
    """Known seconds up to each evening, those of a half-life ago counting half."""
    rows = slice(work.days.kept, work.days.kept + whole)
    known = np.where(_given(work), work.days.column(PBT) - work.days.column(UNKNOWN_S), 0.0)[rows]
    found, _ = lfilter([1.0], [1.0, -_DECAY], known, zi=[_DECAY * before])
    return np.asarray(found, dtype=np.float64)


def _given_day(work: AssetWork) -> float:
    """The first day that a machine's calendar was given for as a whole."""
    return float(np.ceil(work.calendar.given_from / DAY_S))


def _given(work: AssetWork) -> Bools:
    """The days kept and of the block that a machine's calendar was given for."""
    return np.asarray(work.days.first_day + np.arange(len(work.days.table)) >= _given_day(work), dtype=np.bool_)


def _newest(rows: Floats, day: int) -> Floats:
    """Stop rows, ascending by day, that count on the evening of a day: two years', and no more than 2,048."""
    last = int(np.searchsorted(rows[:, DAY], day, side="right"))
    first = int(np.searchsorted(rows[:, DAY], day - STOP_DAYS, side="right"))
    return rows[max(first, last - MOST_STOP_DAYS) : last]


def _with_month(months: Floats, days: DailyHistory, row: int, stop_days: Floats) -> Floats:
    """The newest months on the evening of a row, with the one that ends on it."""
    today = days.first_day + row
    if (today + 1) % MONTH_DAYS:
        return months
    own = days.table[max(0, row + 1 - MONTH_DAYS) : row + 1]
    told = _newest(stop_days, today)
    told = told[told[:, DAY] > today - MONTH_DAYS]
    added = month_row(today, float(own[:, KNOWN_S].sum()), float(own[:, DOWN_S].sum()), told)
    return np.concatenate([months, added])[-MOST_MONTHS:]


@dataclass(frozen=True, kw_only=True)
class _Evening:
    """What is known on one: its row of the days, the machines, rows of their stops (later ones too), hours up to it,
    months that are over."""

    row: int
    fleet: Fleet
    stop_days: Floats
    hours: Floats
    months: Floats


def _budgets(block: CustomerBlock, days: DailyHistory, evening: _Evening, reporting: int) -> tuple[Budget, ...]:
    today, fleet = days.first_day + evening.row, evening.fleet
    told = _newest(evening.stop_days, today)
    if len(told) == MOST_STOP_DAYS:
        reach = 1 - 0.5 ** ((today - told[0, DAY] + 1) / HALF_LIFE_DAYS)
        fleet = replace(fleet, known_s=fleet.known_s * reach)
    stops = stops_until(told[np.isin(told[:, supplier_stops.ASSET], fleet.asset_id)], today)
    found = []
    for terms in terms_on(block.contracts, today):
        versions = [c for c in block.contracts if c.external_id == terms.contract.external_id]
        found.append(
            budget(
                terms,
                versions,
                days.table,
                days.first_day,
                evening.row,
                fleet,
                stops,
                hours=evening.hours,
                change=change_a_year(evening.months, terms.first),
                assumed=reporting - len(fleet.asset_id),
            )
        )
    return tuple(one for one in found if one is not None)


def _kept_days(block: CustomerBlock) -> int:
    windows = [c.guarantee_window_days or DEFAULT_DAYS for c in block.contracts]
    return max(RECENT_DAYS, *windows)


def _packed_hours(hours: Floats, end: int, block: CustomerBlock) -> bytes:
    """As many hours as the longest window of a burn needs."""
    longest = [
        pair.long_h
        for c in block.contracts
        if c.guaranteed_availability is not None
        for pair in pairs(c.guaranteed_availability, c.guarantee_window_days or DEFAULT_DAYS)
    ]
    return hours[max(0, end - max(longest, default=0)) : end].tobytes()
