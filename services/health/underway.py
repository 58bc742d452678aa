"""A customer's day under way, kept in memory so that what moves on within an hour costs only what is new.

States, their times and nothing else move on before the next hour is whole; they are reckoned from the day's midnight
each time, so that they do not depend on how often that is done. Losing the memory costs one reading of the day.
"""

from dataclasses import dataclass, replace
from datetime import datetime

import psycopg

from services.health.assess import CustomerState, StateRows, assess_states
from services.health.block import CustomerBlock
from services.health.data_acquisition.block_reading import block_of, read_told, telling_states, with_states
from services.health.data_acquisition.record_reading import CustomerRecords, read_events, read_sites
from services.health.data_acquisition.said_reading import Said, read_said_since
from services.health.saving.row_saving import save_state_rows
from services.health.watermark import Span, floor_day, floor_hour

_STANDS = "SELECT assessed_through, assessed_at FROM model_states WHERE customer_id = %s"
_MOVE = "UPDATE model_states SET assessed_through = %s, assessed_at = %s WHERE customer_id = %s"


@dataclass(frozen=True, kw_only=True)
class Underway:
    """The day as the last assessment left it.

    through, assessed_at: of that assessment; where the database says otherwise, this is not how things stand. state:
    at the day's midnight. block, told: from that midnight on. rows: as they are stored, None where nobody knows.
    raw_since: from when on every raw sample is stored.
    """

    through: datetime
    assessed_at: datetime
    records: CustomerRecords
    state: CustomerState
    block: CustomerBlock
    told: Said
    raw_since: datetime
    rows: StateRows | None


def is_within_hour(through: datetime, end: datetime, changed_from: datetime | None) -> bool:
    """Whether no other hour is whole by `end` than was at `through`, and none of these changed."""
    hour = floor_hour(through)
    return floor_hour(end) == hour and (changed_from is None or changed_from >= hour)


def opened(
    conn: psycopg.Connection,
    records: CustomerRecords,
    state: CustomerState,
    end: datetime,
    changed_from: datetime | None,
    raw_since: datetime,
) -> Underway | None:
    """The day of `end` as it is stored; None where more than the hour under way is to be assessed."""
    row = conn.execute(_STANDS, [records.customer_id]).fetchone()
    if row is None or state.through != floor_day(end) or not is_within_hour(row[0], end, changed_from):
        return None
    span = Span(start=state.through, end=end, restart=False)
    told = read_told(conn, records, span)
    return Underway(
        through=row[0],
        assessed_at=row[1],
        records=records,
        state=state,
        block=block_of(conn, records, (), span, raw_since, told),
        told=told,
        raw_since=raw_since,
        rows=None,
    )


def stands(conn: psycopg.Connection, day: Underway) -> bool:
    """Whether the database says that nobody else has assessed since, and of calendars and events what it said then.

    What else of the records changes is known when the next hour is whole: only these have an hour of the day.
    """
    row = conn.execute(_STANDS, [day.records.customer_id]).fetchone()
    if row != (day.through, day.assessed_at):
        return False
    told = read_sites(conn, day.records.customer_id), read_events(conn, day.records)
    return told == (day.records.sites, day.records.events)


def moved_on(
    conn: psycopg.Connection, day: Underway, end: datetime, changed_from: datetime | None, now: datetime
) -> Underway:
    """Move states and times on to `end` and save them, in the caller's transaction."""
    records = day.records
    since = day.through if changed_from is None else min(day.through, changed_from)
    newer = read_said_since(conn, telling_states(records.assets), since, end)
    told = day.told.followed_by(newer, since.timestamp())
    span = Span(start=day.block.start, end=end, restart=False)
    record_of = {asset.asset_id: asset for asset in records.assets}
    block = replace(
        day.block,
        end=end,
        assets=tuple(with_states(a, record_of[a.asset_id], told, span, day.raw_since) for a in day.block.assets),
        events=tuple(event for event in records.events if event.at < end),
    )
    rows = assess_states(day.state, block)
    save_state_rows(conn, records.assets, span, day.rows, rows)
    conn.execute(_MOVE, [end, now, records.customer_id])
    return replace(day, through=end, assessed_at=now, block=block, told=told, rows=rows)
