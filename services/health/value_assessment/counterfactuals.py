"""What would have been without us, by name: a business case, else the acceptance window, else peers. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from math import inf

import numpy as np

from services.health.block import CustomerBlock, Event
from services.health.health_assessment.daily_history import DailyHistory, day_number, trailing_sum
from services.health.prognostic_assessment.peer_levels import (
    ASKED_SHARE,
    DOWN_SHARE,
    GOOD_PER_HOUR,
    PeerModel,
    peers_of,
)
from services.health.state_detection.times import GOOD, PBT, UNKNOWN_S, asked_s, troubled_s
from services.health.value_assessment.accruals import Place
from shared.records.said_numbers import said_number

ACCEPTANCE_DAYS = 28
ACCEPTANCE_COVERAGE = 0.8
_WAITED_DAYS = 90
_WAITS = "customer_down"


@dataclass(frozen=True, kw_only=True)
class Counterfactual:
    """What one machine would have done without us.

    down_share: time of stops a wanted hour; good_per_hour: good units a wanted hour, None where nobody counts them. A
    wanted hour is one that the machine was asked for: not one in which it stood ready and there was no order.
    through_day: gains count after it, in days since 1970-01-01. known_h: wanted hours that this was measured over;
    infinite where it was not measured on the machine. down_error, good_error: standard errors of what peers do, common
    to all machines that are compared with them.
    """

    name: str
    through_day: int
    down_share: float
    good_per_hour: float | None
    known_h: float = inf
    down_error: float = 0.0
    good_error: float = 0.0


def acceptance_window(own: DailyHistory, first_day: int, last_row: int) -> Counterfactual | None:
    """The first four weeks with coverage of at least 80 %, of an asset first seen on `first_day`; None until they end.

    Rows after last_row are not looked at.
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
    good, wanted = own.column(GOOD)[rows], asked_s(own.table[rows])
    counted, wanted_s = np.isfinite(good) & (wanted > 0), float(wanted.sum())
    if wanted_s <= 0:
        return None
    return Counterfactual(
        name="acceptance_window",
        through_day=own.first_day + end,
        down_share=float(troubled_s(own.table[rows]).sum()) / wanted_s,
        good_per_hour=float(good[counted].sum() / wanted[counted].sum()) * 3600 if counted.any() else None,
        known_h=wanted_s / 3600,
    )


def declared(block: CustomerBlock) -> Sequence[tuple[Event, Counterfactual]]:
    """What business cases declare, oldest first: events `baseline` with an `availability` from 0 to 1, not `rejected`.

    Their `good_per_hour` is that of one machine; without it units are not compared.
    """
    return [
        (
            event,
            Counterfactual(
                name="declared",
                through_day=day_number(event.at.date()) - 1,
                down_share=1 - availability,
                good_per_hour=said_number(event.attributes.get("good_per_hour")),
            ),
        )
        for event in sorted(block.events, key=lambda e: e.at)
        if event.kind == "baseline"
        and not event.attributes.get("rejected")
        and (availability := said_number(event.attributes.get("availability"))) is not None
        and 0 <= availability <= 1
    ]


def of_peers(
    block: CustomerBlock, models: Iterable[PeerModel], asset_type: str, first_day: int | None, month: date
) -> Counterfactual | None:
    """The median of other customers' machines of the type, from a month on; None where nobody may be told of it.

    Only for a machine first seen 90 days before: until then its own acceptance window may still come.
    """
    first = day_number(month)
    if first_day is None or first < first_day + _WAITED_DAYS:
        return None
    known = [*models]
    down, waits, good, asked = (
        peers_of(block, known, asset_type, figure, first).level
        for figure in (DOWN_SHARE, _WAITS, GOOD_PER_HOUR, ASKED_SHARE)
    )
    waited = 0.0 if waits is None else waits.median
    if down is None or asked is None or asked.median <= 0:
        return None
    return Counterfactual(
        name="peers",
        through_day=first - 1,
        down_share=min(1.0, max(0.0, down.median - waited) / asked.median),
        good_per_hour=None if good is None else good.median / asked.median,
        down_error=down.median_error / asked.median,
        good_error=0.0 if good is None else good.median_error / asked.median,
    )


def counterfactual_of(
    block: CustomerBlock,
    place: Place,
    said: Sequence[tuple[Event, Counterfactual]],
    own: Counterfactual | None,
    first: date,
    after: date,
) -> Counterfactual | None:
    """What a machine's month from `first` up to `after` is compared with.

    The newest business case that was declared before the month; else the machine's own acceptance window; else a
    business case declared in the month, from its day on. So no month is compared with two things.
    """
    reached = {
        ("customer", block.customer_id),
        ("site", place.site_id),
        ("line", place.line_id),
        ("asset", place.asset_id),
    }
    cases = [case for event, case in said if (event.scope_type, event.scope_id) in reached]
    before = [case for case in cases if case.through_day < day_number(first)]
    if before:
        return before[-1]
    if own is not None and own.through_day + 1 < day_number(after):
        return own
    within = [case for case in cases if case.through_day + 1 < day_number(after)]
    return within[-1] if within else None
