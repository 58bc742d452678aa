"""When a customer deserves an alert: what was promised, what was bought and lies idle. Pure.

Every figure is known in the morning, from the whole days before it.
"""

from math import sqrt

import numpy as np

from services.health.advisory_generation.alert_facts import content, percent, quantity, stake_of
from services.health.advisory_generation.alert_kinds import KINDS
from services.health.advisory_generation.episodes import Condition
from services.health.assessment import AlertContent, Stake
from services.health.block import Bools, Floats
from services.health.health_assessment.customer_work import Capability, CustomerWork
from services.health.health_assessment.daily_history import (
    as_known_in_the_morning,
    hourly,
    trailing_sum,
)
from services.health.state_detection.times import PBT

PROMISE_DAYS = 90
PROMISE_GAP, PROMISE_MET = 0.01, 0.0025
# In standard errors. A mean over 90 days is looked at every day: that of who just keeps the promise falls 2.75 of its
# errors below it on some day of a year in 8 % of years, 1.645 of them in 58 % (normal days).
PROMISE_SURE_Z = 2.75
PROMISE_COVERAGE = 0.8
USE_DAYS = 60
UNUSED, USED = 0.10, 0.15


def stake_ahead(work: CustomerWork, row: int, lost_share: float, days: int) -> Stake:
    """What a share of the known time of the 30 days before `row` comes to over `days`; no hours where none is known."""
    recent = work.known_s[max(0, row - 30) : row]
    hours = float(recent.mean()) * days * lost_share / 3600 if recent.any() else None
    return stake_of(work.block, work.block.assets, work.days.day(row), hours=hours, cases=len(recent))


def promise_gap(work: CustomerWork, rising: Bools) -> Condition:
    """90 days surely below the availability promised at the sale, and not on the way up. rising: days when it is."""
    kind = KINDS["promise_gap"]
    known, down = trailing_sum(work.known_s, PROMISE_DAYS), trailing_sum(work.down_s, PROMISE_DAYS)
    planned = trailing_sum(work.days.column(PBT), PROMISE_DAYS)
    uptime = np.where(known >= PROMISE_COVERAGE * np.maximum(planned, 1.0), 1 - down / np.maximum(known, 1.0), np.nan)
    uptime[: min(PROMISE_DAYS - 1, len(uptime)) if work.days.kept < PROMISE_DAYS else 0] = np.nan
    gap = as_known_in_the_morning(work.promised - uptime, work.days.kept)
    error = as_known_in_the_morning(_uptime_error(work, uptime), work.days.kept)
    raised = (gap > np.maximum(PROMISE_GAP, PROMISE_SURE_Z * error)) & ~rising

    def describe(hour: int) -> AlertContent:
        row = _last_known(work.promised - uptime, work.days.kept + hour // 24 - 1)
        promised, has = float(work.promised[row]), float(uptime[row])
        return content(
            kind,
            work.block,
            {"customer": work.block.name, "promised": percent(promised), "uptime": percent(has)},
            {
                "promised_availability": quantity(100 * promised, "%", 2),
                "uptime_90_days": quantity(100 * has, "%", 2),
                "gap": quantity(100 * (promised - has), "points", 2),
                "downtime_90_days": quantity(float(down[row]) / 3600, "h"),
            },
            stake_ahead(work, row + 1, max(0.0, promised - has), 365),
            confidence=0.9,
        )

    return Condition(
        kind=kind,
        scope_id=work.block.customer_id,
        raised=hourly(raised, work.hours),
        cleared=hourly(gap <= PROMISE_MET, work.hours),
        known=hourly(np.isfinite(gap), work.hours),
        describe=describe,
    )


def _last_known(figure: Floats, row: int) -> int:
    """The last row up to `row` in which a figure is known; `row` where none is."""
    known = np.flatnonzero(np.isfinite(figure[: row + 1]))
    return int(known[-1]) if len(known) else row


def _uptime_error(work: CustomerWork, uptime: Floats) -> Floats:
    """Standard error of 90 days' uptime as a ratio of sums over days."""
    known, down = work.known_s, work.down_s
    square = trailing_sum(down**2, PROMISE_DAYS)
    cross = trailing_sum(down * known, PROMISE_DAYS)
    known_square, known_sum = trailing_sum(known**2, PROMISE_DAYS), trailing_sum(known, PROMISE_DAYS)
    share = 1 - uptime
    left = np.maximum(square - 2 * share * cross + share**2 * known_square, 0.0)
    spread = np.sqrt(left) * sqrt(PROMISE_DAYS / (PROMISE_DAYS - 1))
    return np.asarray(spread / np.maximum(known_sum, 1.0), dtype=np.float64)


def unused_capability(work: CustomerWork) -> Condition:
    """What is paid for is used for less than 10 % of running time in 60 days."""
    kind = KINDS["unused_capability"]
    rows = len(work.days.table)
    by_day = [capability.share(USE_DAYS) for capability in work.capabilities]
    paid = []
    for capability in work.capabilities:
        entitled = trailing_sum(capability.entitled(work.days.first_day, rows).astype(float), USE_DAYS) >= USE_DAYS
        paid.append(as_known_in_the_morning(entitled.astype(float), work.days.kept) == 1)
    share, due = np.array([as_known_in_the_morning(use, work.days.kept) for use in by_day]), np.array(paid)
    low = due & (share < UNUSED)

    def describe(hour: int) -> AlertContent:
        row = work.days.kept + hour // 24 - 1
        told = np.array([use[_last_known(use, row)] for use in by_day])
        return _unused_content(work, told, due[:, hour // 24] & (told < UNUSED))

    return Condition(
        kind=kind,
        scope_id=work.block.customer_id,
        raised=hourly(_any(low), work.hours),
        cleared=hourly(~_any(due & (share < USED)), work.hours),
        known=hourly(_any(due & np.isfinite(share)), work.hours),
        describe=describe,
    )


def _any(by_capability: Bools) -> Bools:
    return np.asarray(np.logical_or.reduce(by_capability), dtype=np.bool_)


def _unused_content(work: CustomerWork, share: Floats, low: Bools) -> AlertContent:
    unused: list[tuple[Capability, float]] = [
        (capability, float(part)) for capability, part, idle in zip(work.capabilities, share, low, strict=True) if idle
    ] or [(capability, float(part)) for capability, part in zip(work.capabilities, share, strict=True)]
    fees = {c.currency for c, _ in unused if c.annual_fee is not None}
    fee = sum(c.annual_fee for c, _ in unused if c.annual_fee is not None) if len(fees) == 1 else None
    basis = "measured" if fee is None else "supplier"
    most = max(part for _, part in unused)
    return content(
        KINDS["unused_capability"],
        work.block,
        {
            "customer": work.block.name,
            "capabilities": " and ".join(c.name.replace("_", " ") for c, _ in unused),
            "share": percent(most),
        },
        {f"use_of_{c.name}": quantity(100 * part, "% of running time", 2) for c, part in unused},
        Stake(contract_value=fee, currency=None if fee is None else fees.pop(), basis=basis),
        confidence=0.9,
    )
