"""A customer's day under way, kept in memory so that what moves on within it costs only what is new.

Everything is reckoned from the day's midnight each time, so that it does not depend on how often that is done. Losing
the memory costs one reading of the day.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import psycopg

from services.health.assess import CustomerState, StateRows, Work, assess_states
from services.health.assessment import CumulatedRow, OutcomeRow, ValueRow
from services.health.block import CustomerBlock, Event
from services.health.data_acquisition.block_reading import (
    block_of,
    block_with_hours,
    read_told,
    telling_states,
    with_states,
)
from services.health.data_acquisition.record_reading import (
    CustomerRecords,
    Sums,
    read_records,
    sums_of_hours,
    sums_of_records,
)
from services.health.data_acquisition.said_reading import Said, read_said_since
from services.health.data_acquisition.source_reading import CustomerSource, read_sources
from services.health.saving.alert_saving import date_actions, read_actions, save_alerts
from services.health.saving.record_saving import note_change
from services.health.saving.row_saving import save_hour_rows, save_state_rows
from services.health.watermark import HOUR, Span, floor_day, floor_hour
from services.health.within_day import assess_hours

_STANDS = "SELECT assessed_through, assessed_at FROM model_states WHERE customer_id = %s"
_MOVE = "UPDATE model_states SET assessed_through = %s, assessed_at = %s WHERE customer_id = %s"


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """The records as they were read, and their checksums just before."""

    records: CustomerRecords
    of_hours: Sums
    others: Sums


@dataclass(frozen=True, kw_only=True)
class Morning:
    """What is known of the day once one of its hours has been assessed. values to outcomes: as they are stored."""

    work: Work
    sources: tuple[CustomerSource, ...]
    values: tuple[ValueRow, ...]
    cumulated: tuple[CumulatedRow, ...]
    outcomes: tuple[OutcomeRow, ...]


@dataclass(frozen=True, kw_only=True)
class Underway:
    """The day as the last assessment left it.

    through, assessed_at: of that assessment; where the database says otherwise, this is not how things stand. state:
    at the day's midnight. block, told: from that midnight on. raw_since: from when on every raw sample is stored. rows:
    as they are stored, None where nobody knows. morning: None where this process has assessed no hour of the day.
    """

    through: datetime
    assessed_at: datetime
    recorded: Recorded
    state: CustomerState
    block: CustomerBlock
    told: Said
    raw_since: datetime
    rows: StateRows | None = None
    morning: Morning | None = None

    @property
    def records(self) -> CustomerRecords:
        """What the records say."""
        return self.recorded.records


def read_recorded(conn: psycopg.Connection, customer_id: int) -> Recorded:
    """What the records say now."""
    of_hours, others = sums_of_hours(conn, customer_id), sums_of_records(conn, customer_id)
    return Recorded(records=read_records(conn, customer_id), of_hours=of_hours, others=others)


def is_within_hour(through: datetime, end: datetime, changed_from: datetime | None) -> bool:
    """Whether no other hour is whole by `end` than was at `through`, and none of these changed."""
    hour = floor_hour(through)
    return floor_hour(end) == hour and (changed_from is None or changed_from >= hour)


def opened(
    conn: psycopg.Connection,
    recorded: Recorded,
    state: CustomerState,
    end: datetime,
    changed_from: datetime | None,
    raw_since: datetime,
) -> Underway | None:
    """The day of `end` as it is stored; None where more than the hour under way is to be assessed."""
    records = recorded.records
    row = conn.execute(_STANDS, [records.customer_id]).fetchone()
    if row is None or state.through != floor_day(end) or not is_within_hour(row[0], end, changed_from):
        return None
    span = Span(start=state.through, end=end, restart=False)
    told = read_told(conn, records, span)
    return Underway(
        through=row[0],
        assessed_at=row[1],
        recorded=recorded,
        state=state,
        block=block_of(conn, records, (), span, raw_since, told),
        told=told,
        raw_since=raw_since,
    )


def advanced(
    conn: psycopg.Connection, day: Underway, end: datetime, changed_from: datetime | None, now: datetime
) -> Underway | None:
    """The day moved on to `end` and saved, in the caller's transaction; None where its memory does not say enough.

    Events of the day itself may have come to it; where anything else has become known, the day is read again.
    """
    customer_id = day.records.customer_id
    if conn.execute(_STANDS, [customer_id]).fetchone() != (day.through, day.assessed_at):
        return None
    if sums_of_hours(conn, customer_id) == day.recorded.of_hours and is_within_hour(day.through, end, changed_from):
        return moved_on(conn, day, end, changed_from, now)
    if day.morning is None or not _is_part_of(day, end, changed_from):
        return None
    recorded = _recorded_now(conn, day)
    sources = read_sources(conn, customer_id, _first_heard(day.morning.sources, day.block.start))
    if recorded is None or _described(sources) != _described(day.morning.sources):
        return None
    return _hours_moved_on(conn, replace(day, recorded=recorded), day.morning, sources, end, changed_from, now)


def _first_heard(sources: Sequence[CustomerSource], before: datetime) -> dict[int, datetime]:
    """When each source was first heard, of those that were before the day: nothing from before it changed."""
    return {s.source_id: s.first_heard for s in sources if s.first_heard is not None and s.first_heard < before}


def _is_part_of(day: Underway, end: datetime, changed_from: datetime | None) -> bool:
    """Whether `end` is on the same day, an hour of it is whole, and nothing from before it changed."""
    start = day.block.start
    return start < floor_hour(end) and floor_day(end) == start and (changed_from is None or changed_from >= start)


def _recorded_now(conn: psycopg.Connection, day: Underway) -> Recorded | None:
    """What the records say now; None where they say something else than before about more than the day's own events."""
    customer_id, before = day.records.customer_id, day.recorded
    if sums_of_records(conn, customer_id) != before.others:
        return None
    if sums_of_hours(conn, customer_id) == before.of_hours:
        return before
    recorded = read_recorded(conn, customer_id)
    same = recorded.others == before.others and _until(recorded, day) == _until(before, day)
    return recorded if same else None


def _until(recorded: Recorded, day: Underway) -> list[Event]:
    """What had happened when the day began."""
    return [event for event in recorded.records.events if event.at < day.block.start]


def _described(sources: Sequence[CustomerSource]) -> list[tuple[object, ...]]:
    """What is said of the sources, apart from when they were heard."""
    return [(s.source_id, s.topic_prefix, s.site_id, s.series_ids) for s in sources]


def moved_on(
    conn: psycopg.Connection, day: Underway, end: datetime, changed_from: datetime | None, now: datetime
) -> Underway:
    """Move states and times on to `end` and save them, in the caller's transaction."""
    records, span = day.records, Span(start=day.block.start, end=end, restart=False)
    told = _told_until(conn, day, end, changed_from)
    record_of = {asset.asset_id: asset for asset in records.assets}
    block = replace(
        day.block,
        end=end,
        assets=tuple(with_states(a, record_of[a.asset_id], told, span, day.raw_since) for a in day.block.assets),
        events=tuple(event for event in records.events if event.at < end),
    )
    rows = assess_states(day.state, block)
    save_state_rows(conn, records.assets, span, day.rows, rows)
    date_actions(conn, records.customer_id)
    conn.execute(_MOVE, [end, now, records.customer_id])
    return replace(day, through=end, assessed_at=now, block=block, told=told, rows=rows)


def _hours_moved_on(
    conn: psycopg.Connection,
    day: Underway,
    morning: Morning,
    sources: tuple[CustomerSource, ...],
    end: datetime,
    changed_from: datetime | None,
    now: datetime,
) -> Underway:
    """Move all on that hours move, and save it."""
    records, span = day.records, Span(start=day.block.start, end=end, restart=False)
    told = _told_until(conn, day, end, changed_from)
    since = floor_hour(day.through if changed_from is None else min(day.through, changed_from))
    block = block_with_hours(conn, day.block, records, sources, since, span, day.raw_since, told)
    actions, known_hours = read_actions(conn, records.customer_id), (since - span.start) // HOUR
    rows, work = assess_hours(day.state, morning.work, block, actions, known_hours=known_hours)
    save_state_rows(conn, records.assets, span, day.rows, rows)
    before = (morning.values, morning.cumulated, morning.outcomes)
    save_hour_rows(conn, records.customer_id, before, (rows.values, rows.cumulated, rows.outcomes))
    conn.execute(_MOVE, [end, now, records.customer_id])
    note_change(conn, span.start)
    save_alerts(conn, records.customer_id, rows.episodes, since=span.start, through=end, now=now)
    morning = Morning(work=work, sources=sources, values=rows.values, cumulated=rows.cumulated, outcomes=rows.outcomes)
    return replace(day, through=end, assessed_at=now, block=block, told=told, rows=rows, morning=morning)


def _told_until(conn: psycopg.Connection, day: Underway, end: datetime, changed_from: datetime | None) -> Said:
    """What the states were told to be, read anew from where something changed."""
    since = day.through if changed_from is None else min(day.through, changed_from)
    newer = read_said_since(conn, telling_states(day.records.assets), since, end)
    return day.told.followed_by(newer, since.timestamp())
