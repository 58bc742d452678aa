"""One cycle of health: the fixed order of its effects.

1. watermarks   read before the changes, so that nothing they count is missing from the rollups
2. roll up      changes in bounded batches, a transaction each
3. assess       customer by customer, a transaction each: what is late and still pouring in waits, all else is now
4. accounts     what follows for the accounts whose midnight moved, for a second or two, when nothing else is to do
5. record       how often alerts were right, and the portfolio, once customers have come to another midnight and
                nothing else is to do
6. learn        what quarters that are over teach, when nothing else is to do
7. retain       what is younger than its time to keep, after roll-up and assessment
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from time import monotonic

import psycopg
import structlog

from services.health.charge import Fence, unfenced
from services.health.customer_assessment import AssessmentLimits, assess_customer, records_changed, withdraw
from services.health.data_acquisition.change_intake import Due, newest_change, read_due, still_changing, take_changes
from services.health.data_acquisition.source_reading import forget_old_ticks, read_watermarks
from services.health.data_manipulation.retention import Retention, drop_expired
from services.health.fleet_learning.refit import learn_due
from services.health.fleet_learning.stored_models import skill_of
from services.health.measurements import ASSESSMENTS, CHANGES, FAILURES, SECONDS
from services.health.saving.account_saving import never_heard, save_account, save_never_heard, waiting_accounts
from services.health.saving.play_saving import save_plays
from services.health.saving.portfolio_saving import Kept, save_portfolio
from services.health.saving.record_saving import save_records, show_anew
from services.health.underway import Underway
from services.health.watermark import Span, end_of_assessment, floor_day
from shared.errors import PermanentError

_ASSESSED = "SELECT customer_id, assessed_through FROM model_states"
_UNHEARD = """
SELECT DISTINCT customer_id FROM alerts
WHERE resolved_at IS NULL AND customer_id <> ALL(%s) AND customer_id IN (SELECT customer_id FROM model_states)
"""
_RECORDS_EVERY = timedelta(minutes=1)
# It is reckoned from all history over all customers, each of whom comes to midnight at a time of its own.
_KEEP_RECORD_EVERY = timedelta(minutes=10)
_RETAIN_EVERY = timedelta(hours=1)
_LEARN_EVERY = timedelta(minutes=10)
_LEARN_FOR = timedelta(seconds=20)
# What odd data of one customer can raise: it must not end the process that assesses all others.
_ONES_OWN = (
    PermanentError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    ArithmeticError,
    psycopg.DataError,
    psycopg.IntegrityError,
)
_ACCOUNTS_FOR = timedelta(seconds=2)
_FAILED_AGAIN_AFTER = timedelta(minutes=10)

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class CycleLimits:
    """How much one cycle takes on. changes_at_once, hours_at_once: of one transaction that rolls up.

    roll_up_for: after so long customers are assessed, though changes are left, so that first alerts come early.
    quiet, patience: late data that came in less than `quiet` ago waits for more, but never longer than `patience`.
    """

    changes_at_once: int = 5000
    hours_at_once: float = 50_000
    roll_up_for: timedelta = timedelta(seconds=5)
    quiet: timedelta = timedelta(seconds=3)
    patience: timedelta = timedelta(seconds=30)
    cells: int = 4_000_000
    retention: Retention = field(default_factory=Retention)


@dataclass
class Memory:
    """What a process remembers from cycle to cycle; losing it costs a little work and nothing else."""

    records_checked_at: datetime | None = None
    record_kept_at: datetime | None = None
    portfolio_kept_at: datetime | None = None
    retained_at: datetime | None = None
    learned_at: datetime | None = None
    failed_at: dict[int, datetime] = field(default_factory=dict)
    account_failed_at: dict[int, datetime] = field(default_factory=dict)
    plays_since: date | None = date.min
    days: dict[int, Underway] = field(default_factory=dict)


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
    fence: Fence = unfenced,
) -> CycleReport:
    """Run one cycle on an autocommit connection; between two transactions it stops when asked to."""
    watermarks = read_watermarks(conn, now)
    changes, drained = _take_all(conn, limits, now, stopping, fence)
    changing = {} if drained else still_changing(conn)
    assessed: list[int] = []
    recheck = _is_time(memory.records_checked_at, _RECORDS_EVERY, now)
    for task in _tasks(conn, watermarks, changing):
        if stopping():
            return CycleReport(changes=changes, assessed=tuple(assessed), more=True)
        wanted = (task.says_more and not _pours_in(task, limits, now)) or (recheck and not task.says_more)
        if wanted and _assess(conn, memory, task, limits, now, fence):
            assessed.append(task.customer_id)
    if recheck:
        _withdraw_unheard(conn, watermarks, now, fence)
        memory.records_checked_at = now
    accounts_left = drained and _keep_accounts(conn, memory, now, recheck, stopping, fence)
    if drained and _is_time(memory.record_kept_at, _KEEP_RECORD_EVERY, now) and _keep_record(conn, now, fence):
        memory.record_kept_at = now
    portfolio_left = drained and _keep_portfolio(conn, memory, now, recheck, fence)
    learned = False
    if drained and not assessed and _is_time(memory.learned_at, _LEARN_EVERY, now):
        learned = _learn(conn, stopping, fence)
        memory.learned_at = None if learned else now
    if drained and _is_time(memory.retained_at, _RETAIN_EVERY, now):
        _retain(conn, limits.retention, fence)
        memory.retained_at = now
    return CycleReport(
        changes=changes, assessed=tuple(assessed), more=learned or accounts_left or portfolio_left or not drained
    )


@dataclass(frozen=True, kw_only=True)
class _Task:
    """A customer that could be assessed: up to when, how far it is, and what changed since."""

    customer_id: int
    end: datetime
    assessed_through: datetime | None
    due: Due | None

    @property
    def says_more(self) -> bool:
        """Whether there are new hours, or changes in hours that are assessed; else only records may have changed."""
        through = self.assessed_through
        return through is None or self.end > through or (self.due is not None and self.due.changed_from < through)

    @property
    def is_late(self) -> bool:
        """Whether changes lie before the day of the last assessment, so that more than that day is assessed again."""
        through = self.assessed_through
        return through is not None and self.due is not None and self.due.changed_from < floor_day(through)


def _tasks(conn: psycopg.Connection, watermarks: dict[int, datetime], changing: dict[int, datetime]) -> list[_Task]:
    """All customers, those with little to do first."""
    due = read_due(conn)
    assessed_through: dict[int, datetime] = dict(conn.execute(_ASSESSED).fetchall())
    tasks = [
        _Task(
            customer_id=customer_id,
            end=end_of_assessment(
                watermark=watermark,
                assessed_through=assessed_through.get(customer_id),
                changing_from=changing.get(customer_id),
            ),
            assessed_through=assessed_through.get(customer_id),
            due=due.get(customer_id),
        )
        for customer_id, watermark in sorted(watermarks.items())
    ]
    return sorted(tasks, key=lambda task: task.is_late)


def _withdraw_unheard(conn: psycopg.Connection, watermarks: dict[int, datetime], now: datetime, fence: Fence) -> None:
    """End what is said of customers who have lost their last source, as where all machines went to a buyer."""
    for (customer_id,) in conn.execute(_UNHEARD, [list(watermarks)]).fetchall():
        withdraw(conn, customer_id, now, fence)
        log.info("withdrawn", customer_id=customer_id)


def _is_time(last: datetime | None, every: timedelta, now: datetime) -> bool:
    return last is None or now - last >= every


def _take_all(
    conn: psycopg.Connection, limits: CycleLimits, now: datetime, stopping: Callable[[], bool], fence: Fence
) -> tuple[int, bool]:
    """Roll up what had changed when the cycle began, batch by batch; how many, and whether none of it is left."""
    newest, enough = newest_change(conn), monotonic() + limits.roll_up_for.total_seconds()
    total = 0
    while not stopping():
        taken = take_changes(
            conn, newest=newest, most=limits.changes_at_once, hours=limits.hours_at_once, now=now, fence=fence
        )
        if not taken:
            return total, True
        CHANGES.inc(taken)
        total += taken
        if monotonic() > enough:
            break
    return total, False


def _pours_in(task: _Task, limits: CycleLimits, now: datetime) -> bool:
    """Whether late data are still coming in, for no longer than our patience lasts."""
    if task.due is None or not task.is_late:
        return False
    return task.due.received_at > now - limits.quiet and task.due.due_since > now - limits.patience


def _assess(
    conn: psycopg.Connection, memory: Memory, task: _Task, limits: CycleLimits, now: datetime, fence: Fence
) -> bool:
    """Assess one customer; what is wrong with one customer's data must not keep the others waiting."""
    failed_at = memory.failed_at.get(task.customer_id)
    if failed_at is not None and now - failed_at < _FAILED_AGAIN_AFTER:
        return False
    try:
        span = _span_assessed(conn, memory, task, limits, now, fence)
    except _ONES_OWN:
        memory.failed_at[task.customer_id] = now
        FAILURES.inc()
        log.exception("assessment_failed", customer_id=task.customer_id)
        return False
    memory.failed_at.pop(task.customer_id, None)
    if span is None:
        return False
    ASSESSMENTS.labels(kind="restart" if span.restart else "advance").inc()
    log.info("assessed", customer_id=task.customer_id, since=span.start.isoformat(), through=span.end.isoformat())
    return True


def _span_assessed(
    conn: psycopg.Connection, memory: Memory, task: _Task, limits: CycleLimits, now: datetime, fence: Fence
) -> Span | None:
    if not task.says_more:
        if not records_changed(conn, task.customer_id):
            return None
        memory.days.pop(task.customer_id, None)
    with SECONDS.time():
        return assess_customer(
            conn,
            task.customer_id,
            end=task.end,
            changed_from=None if task.due is None else task.due.changed_from,
            limits=AssessmentLimits(cells=limits.cells, raw=limits.retention.raw),
            now=now,
            fence=fence,
            days=memory.days,
        )


def _keep_accounts(
    conn: psycopg.Connection,
    memory: Memory,
    now: datetime,
    recheck: bool,
    stopping: Callable[[], bool],
    fence: Fence,
) -> bool:
    """Reckon accounts anew that are due, for a while, then the score of plays; whether any are left.

    recheck: those never heard too.
    """
    enough = monotonic() + _ACCOUNTS_FOR.total_seconds()
    due = [(customer_id, partial(save_account, conn, customer_id, fence)) for customer_id in waiting_accounts(conn)]
    if recheck:
        due += [(c, partial(save_never_heard, conn, c, day, fence)) for c, day in never_heard(conn)]
    for customer_id, save in due:
        if stopping() or monotonic() > enough:
            return True
        failed_at = memory.account_failed_at.get(customer_id)
        if failed_at is not None and now - failed_at < _FAILED_AGAIN_AFTER:
            continue
        try:
            days = save()
        except _ONES_OWN:
            memory.account_failed_at[customer_id] = now
            FAILURES.inc()
            log.exception("account_failed", customer_id=customer_id)
        else:
            firsts = [day for day in days if day.day == 1]
            memory.plays_since = min([*firsts, memory.plays_since or date.max]) if firsts else memory.plays_since
    if memory.plays_since is None:
        return False
    changed = save_plays(conn, memory.plays_since, fence)
    memory.plays_since = None
    return changed is not None


def _keep_record(conn: psycopg.Connection, now: datetime, fence: Fence) -> bool:
    """Reckon the record where it is due, and show alerts anew where that changes what is shown; whether it was due."""
    kept = save_records(conn, fence)
    if kept is not None and kept.skill_changed_at is not None:
        show_anew(conn, kept.skill_changed_at, now, fence)
    return kept is not None


def _keep_portfolio(conn: psycopg.Connection, memory: Memory, now: datetime, recheck: bool, fence: Fence) -> bool:
    """Reckon the portfolio where it is due, and say whether some of it is left; where odd data let it fail, not again
    for a while."""
    if not _is_time(memory.portfolio_kept_at, _KEEP_RECORD_EVERY, now):
        return False
    try:
        kept = save_portfolio(conn, fence, records_too=recheck)
    except _ONES_OWN:
        FAILURES.inc()
        log.exception("portfolio_failed")
        kept = Kept.ALL
    memory.portfolio_kept_at = now if kept is Kept.ALL else None
    return kept is Kept.MORE


def _learn(conn: psycopg.Connection, stopping: Callable[[], bool], fence: Fence) -> bool:
    """Learn what is due, quarter by quarter, so that assessments go back once for many; whether there was any."""
    enough, some = monotonic() + _LEARN_FOR.total_seconds(), False
    while not stopping() and monotonic() < enough:
        try:
            learned = learn_due(conn, fence)
        except _ONES_OWN:
            FAILURES.inc()
            log.exception("learning_failed")
            return False
        if learned is None:
            break
        some = True
        skill = "none" if learned.model is None else skill_of(learned.model)
        through = learned.through.isoformat()
        log.info("learned", kind=learned.kind, asset_type=learned.asset_type, through=through, skill=skill)
    return some


def _retain(conn: psycopg.Connection, retention: Retention, fence: Fence) -> None:
    for part in drop_expired(conn, retention, fence):
        log.info("dropped", part=part)
    with conn.transaction():
        fence(conn)
        forget_old_ticks(conn)
