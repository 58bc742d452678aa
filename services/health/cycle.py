"""One cycle of health: the fixed order of its effects.

1. watermarks   read before the changes, so that nothing they count is missing from the rollups
2. roll up      changes in bounded batches, a transaction each
3. assess       customer by customer, a transaction each: what is late and still pouring in waits, all else is now
4. retain       what is younger than its time to keep, after roll-up and assessment
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic

import psycopg
import structlog

from services.health.change_intake import Due, read_due, still_changing, take_changes
from services.health.customer_assessment import AssessmentLimits, assess_customer, records_changed
from services.health.measurements import ASSESSMENTS, CHANGES, FAILURES, SECONDS
from services.health.retention import Retention, drop_expired
from services.health.source_reading import forget_old_ticks, read_watermarks
from services.health.watermark import end_of_assessment, floor_day
from shared.errors import PermanentError

_ASSESSED = "SELECT customer_id, assessed_through FROM model_states"
_RECORDS_EVERY = timedelta(minutes=1)
_RETAIN_EVERY = timedelta(hours=1)
_FAILED_AGAIN_AFTER = timedelta(minutes=10)

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class CycleLimits:
    """How much one cycle takes on.

    roll_up_for: after so long customers are assessed, though changes are left, so that first alerts come early.
    quiet, patience: late data that came in less than `quiet` ago waits for more, but never longer than `patience`.
    """

    changes_at_once: int = 2000
    roll_up_for: timedelta = timedelta(seconds=5)
    quiet: timedelta = timedelta(seconds=3)
    patience: timedelta = timedelta(seconds=30)
    cells: int = 4_000_000
    retention: Retention = field(default_factory=Retention)


@dataclass
class Memory:
    """What a process remembers from cycle to cycle; losing it costs a little work and nothing else."""

    records_checked_at: datetime | None = None
    retained_at: datetime | None = None
    failed_at: dict[int, datetime] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class CycleReport:
    """What a cycle did. `more`: there is work left that need not wait for the next interval."""

    changes: int
    assessed: tuple[int, ...]
    more: bool


def run_cycle(
    conn: psycopg.Connection,
    memory: Memory,
    limits: CycleLimits,
    *,
    now: datetime,
    stopping: Callable[[], bool] = lambda: False,
) -> CycleReport:
    """Run one cycle on an autocommit connection; between two transactions it stops when asked to."""
    watermarks = read_watermarks(conn)
    changes, drained = _take_all(conn, limits, now, stopping)
    due, changing = read_due(conn), {} if drained else still_changing(conn)
    assessed_through: dict[int, datetime] = dict(conn.execute(_ASSESSED).fetchall())
    recheck = _is_time(memory.records_checked_at, _RECORDS_EVERY, now)
    assessed: list[int] = []
    for customer_id, watermark in sorted(watermarks.items(), key=lambda item: _is_late(item[0], due, assessed_through)):
        if stopping():
            break
        through, change = assessed_through.get(customer_id), due.get(customer_id)
        end = end_of_assessment(watermark=watermark, assessed_through=through, changing_from=changing.get(customer_id))
        if not _says_more(end, through, change) and not (recheck and records_changed(conn, customer_id)):
            continue
        if _is_late(customer_id, due, assessed_through) and _pours_in(change, limits, now):
            continue
        if _assess(conn, memory, customer_id, end, change, limits, now):
            assessed.append(customer_id)
    if recheck and not stopping():
        memory.records_checked_at = now
    if drained and _is_time(memory.retained_at, _RETAIN_EVERY, now) and not stopping():
        for part in drop_expired(conn, limits.retention):
            log.info("dropped", part=part)
        forget_old_ticks(conn)
        memory.retained_at = now
    return CycleReport(changes=changes, assessed=tuple(assessed), more=not drained)


def _is_time(last: datetime | None, every: timedelta, now: datetime) -> bool:
    return last is None or now - last >= every


def _take_all(
    conn: psycopg.Connection, limits: CycleLimits, now: datetime, stopping: Callable[[], bool]
) -> tuple[int, bool]:
    """Roll up changes batch by batch; how many, and whether none was left."""
    total, enough = 0, monotonic() + limits.roll_up_for.total_seconds()
    while not stopping():
        taken = take_changes(conn, most=limits.changes_at_once, now=now)
        CHANGES.inc(taken)
        total += taken
        if taken < limits.changes_at_once:
            return total, True
        if monotonic() > enough:
            break
    return total, False


def _says_more(end: datetime, through: datetime | None, change: Due | None) -> bool:
    """Whether there are new hours, or changes in hours that are assessed."""
    return through is None or end > through or (change is not None and change.changed_from < through)


def _is_late(customer_id: int, due: dict[int, Due], assessed_through: dict[int, datetime]) -> bool:
    """Whether changes lie before the day of the last assessment, so that more than that day is assessed again."""
    change, through = due.get(customer_id), assessed_through.get(customer_id)
    return change is not None and through is not None and change.changed_from < floor_day(through)


def _pours_in(change: Due | None, limits: CycleLimits, now: datetime) -> bool:
    return change is not None and change.received_at > now - limits.quiet and change.due_since > now - limits.patience


def _assess(
    conn: psycopg.Connection,
    memory: Memory,
    customer_id: int,
    end: datetime,
    change: Due | None,
    limits: CycleLimits,
    now: datetime,
) -> bool:
    """Assess one customer; what is wrong with one customer's data must not keep the others waiting."""
    failed_at = memory.failed_at.get(customer_id)
    if failed_at is not None and now - failed_at < _FAILED_AGAIN_AFTER:
        return False
    changed_from = None if change is None else change.changed_from
    try:
        with SECONDS.time():
            span = assess_customer(
                conn,
                customer_id,
                end=end,
                changed_from=changed_from,
                limits=AssessmentLimits(cells=limits.cells, raw=limits.retention.raw),
                now=now,
            )
    except PermanentError:
        memory.failed_at[customer_id] = now
        FAILURES.inc()
        log.exception("assessment_failed", customer_id=customer_id)
        return False
    memory.failed_at.pop(customer_id, None)
    if span is None:
        return False
    ASSESSMENTS.labels(kind="restart" if span.restart else "advance").inc()
    log.info("assessed", customer_id=customer_id, since=span.start.isoformat(), through=span.end.isoformat())
    return True
