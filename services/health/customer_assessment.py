"""Assess one customer: read, conclude, save and note how far, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import psycopg

from services.health.assess import Assessment, CustomerState, Work, assess_with_work
from services.health.assessment import PersonAction
from services.health.block import CustomerBlock
from services.health.charge import Fence, unfenced
from services.health.data_acquisition.block_reading import block_of, read_told
from services.health.data_acquisition.record_reading import CustomerRecords, digest, read_records
from services.health.data_acquisition.said_reading import Said
from services.health.data_acquisition.source_reading import CustomerSource, first_data, read_sources
from services.health.fleet_learning.stored_models import read_models
from services.health.joining import joined
from services.health.saving.account_saving import note_account
from services.health.saving.alert_saving import read_actions, save_alerts
from services.health.saving.checkpoint import KEPT_AGES, LAYOUT_VERSION, Checkpoint, from_bytes, thinned, to_bytes
from services.health.saving.record_saving import note_change
from services.health.saving.row_saving import save_rows
from services.health.underway import Morning, Recorded, Underway, advanced, moved_on, opened, read_recorded
from services.health.watermark import DAY, Span, next_span, parts

_READ = "SELECT state_version, state FROM model_states WHERE customer_id = %s"
_THROUGH = "SELECT assessed_through FROM model_states WHERE customer_id = %s"
_WRITE = """
INSERT INTO model_states (customer_id, assessed_through, assessed_at, state_version, state)
VALUES (%(customer)s, %(through)s, %(now)s, %(version)s, %(state)s)
ON CONFLICT (customer_id) DO UPDATE SET assessed_through = excluded.assessed_through,
    assessed_at = excluded.assessed_at, state_version = excluded.state_version, state = excluded.state
"""
# What somebody has asked for in the meantime, as `bellwether learn` does, stays due.
_NOT_DUE = "DELETE FROM assessments_due WHERE customer_id = %s AND changed_from >= %s"


@dataclass(frozen=True, kw_only=True)
class AssessmentLimits:
    """cells: hours times series read at once. raw: how long raw samples are kept behind a watermark, None for good."""

    cells: int = 4_000_000
    raw: timedelta | None = timedelta(days=90)


class LastPart(NamedTuple):
    """The newest part of what was assessed: what it was given, what was said of it, and what was found out for that."""

    block: CustomerBlock
    told: Said
    said: Assessment
    work: Work


class Assessed(NamedTuple):
    """The assessment of a span, the states after each of its parts, and the last part alone."""

    found: Assessment
    states: list[CustomerState]
    last: LastPart


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """What an assessment was asked for."""

    customer_id: int
    end: datetime
    changed_from: datetime | None
    limits: AssessmentLimits
    now: datetime
    fence: Fence


def assess_customer(
    conn: psycopg.Connection,
    customer_id: int,
    *,
    end: datetime,
    changed_from: datetime | None,
    limits: AssessmentLimits,
    now: datetime,
    fence: Fence = unfenced,
    days: dict[int, Underway] | None = None,
) -> Span | None:
    """Assess a customer up to `end` and commit; return the assessed time, None where there is nothing to say yet.

    It goes on from the newest state that still holds: no data from before its midnight changed, and neither did
    what the records say about that time. days: what this process remembers of each customer's day under way.
    """
    asked = _Asked(customer_id=customer_id, end=end, changed_from=changed_from, limits=limits, now=now, fence=fence)
    remembered = {} if days is None else days
    with conn.transaction():
        fence(conn)
        day = remembered.pop(customer_id, None)
        day = None if day is None else advanced(conn, day, end, changed_from, now)
        if day is not None:
            return _remember(conn, remembered, day, changed_from)
        return _from_records(conn, asked, remembered)


def _from_records(conn: psycopg.Connection, asked: _Asked, remembered: dict[int, Underway]) -> Span | None:
    """From what is stored: the day under way alone where that is enough, else every hour since the newest state that
    still holds."""
    recorded, sources = read_recorded(conn, asked.customer_id), read_sources(conn, asked.customer_id)
    (kept, _), first = _kept_states(conn, recorded.records), first_data(sources)
    if first is None:
        return None
    if kept:
        raw_since = _raw_since(sources, asked.limits, kept[-1].through)
        day = opened(conn, recorded, kept[-1], asked.end, asked.changed_from, raw_since)
        if day is not None:
            day = moved_on(conn, day, asked.end, asked.changed_from, asked.now)
            return _remember(conn, remembered, day, asked.changed_from)
    checkpoints = [state.through for state in kept]
    span = next_span(first_data=first, end=asked.end, checkpoints=checkpoints, changed_from=asked.changed_from)
    if span is not None:
        before = [state for state in kept if state.through <= span.start and not span.restart]
        last, through = _over(conn, asked, recorded, sources, span, before)
        if last.block.start == through:
            raw_since = _raw_since(sources, asked.limits, span.start)
            day = _underway(recorded, sources, last, raw_since, asked.end, asked.now)
            _remember(conn, remembered, day, asked.changed_from)
        else:
            conn.execute(_NOT_DUE, [asked.customer_id, asked.changed_from])
    return span


def _over(
    conn: psycopg.Connection,
    asked: _Asked,
    recorded: Recorded,
    sources: Sequence[CustomerSource],
    span: Span,
    before: Sequence[CustomerState],
) -> tuple[LastPart, datetime]:
    """Assess the span and save what was found; its last part, and the midnight of the newest state."""
    records = recorded.records
    actions = read_actions(conn, asked.customer_id)
    found, states, last = assessed(conn, records, sources, span, before, actions, asked.limits, asked.fence)
    save_rows(conn, asked.customer_id, records.assets, span, found)
    _save_states(conn, records, thinned([*before, *states]), asked.end, asked.now)
    since = datetime.min.replace(tzinfo=asked.end.tzinfo) if span.restart else span.start
    note_change(conn, since)
    note_account(conn, asked.customer_id, since)
    save_alerts(conn, asked.customer_id, found.episodes, since=since, through=asked.end, now=asked.now)
    return last, found.state.through


def withdraw(conn: psycopg.Connection, customer_id: int, now: datetime, fence: Fence = unfenced) -> None:
    """End the open alerts of an assessed customer of whom no source speaks any more, and commit: no data support them.

    What was assessed stays; where a source speaks again, it is assessed from the first data.
    """
    with conn.transaction():
        fence(conn)
        through = conn.execute(_THROUGH, [customer_id]).fetchone()
        if through is None:
            return
        row = {"customer": customer_id, "through": through[0], "now": now, "version": LAYOUT_VERSION}
        conn.execute(_WRITE, row | {"state": to_bytes(Checkpoint(states=(), records_digests=()))})
        since = datetime.min.replace(tzinfo=UTC)
        note_change(conn, since)
        note_account(conn, customer_id, since)
        save_alerts(conn, customer_id, [], since=since, through=through[0], now=now)


def _save_states(
    conn: psycopg.Connection, records: CustomerRecords, kept: tuple[CustomerState, ...], end: datetime, now: datetime
) -> None:
    """Keep the states to go on from, with what the records said, and note how far the customer is assessed."""
    digests = tuple(digest(records, state.through) for state in kept)
    state = to_bytes(Checkpoint(states=kept, records_digests=digests))
    row = {"customer": records.customer_id, "through": end, "now": now, "version": LAYOUT_VERSION, "state": state}
    conn.execute(_WRITE, row)


def _underway(
    recorded: Recorded,
    sources: tuple[CustomerSource, ...],
    last: LastPart,
    raw_since: datetime,
    end: datetime,
    now: datetime,
) -> Underway:
    """The day under way as it has just been assessed and saved."""
    said = last.said
    return Underway(
        through=end,
        assessed_at=now,
        recorded=recorded,
        state=said.state,
        block=last.block,
        told=last.told,
        raw_since=raw_since,
        rows=said,
        morning=Morning(
            work=last.work,
            sources=sources,
            values=said.values,
            cumulated=said.cumulated,
            outcomes=said.outcomes,
        ),
    )


def _remember(
    conn: psycopg.Connection, remembered: dict[int, Underway], day: Underway, changed_from: datetime | None
) -> Span:
    """Keep the day in memory, and its changes due no more; the time that was assessed."""
    remembered[day.records.customer_id] = day
    conn.execute(_NOT_DUE, [day.records.customer_id, changed_from])
    return Span(start=day.block.start, end=day.through, restart=False)


def records_changed(conn: psycopg.Connection, customer_id: int) -> bool:
    """Whether the records say something else about assessed time than when that was assessed."""
    _, changed = _kept_states(conn, read_records(conn, customer_id))
    return changed


def _kept_states(conn: psycopg.Connection, records: CustomerRecords) -> tuple[tuple[CustomerState, ...], bool]:
    """States to go on from, and whether there was a newer one that does not hold: by other records or another layout.

    What the records say about the time before a state, they say about the time before each older one.
    """
    row = conn.execute(_READ, [records.customer_id]).fetchone()
    checkpoint = None if row is None else from_bytes(row[1], row[0])
    if checkpoint is None:
        return (), row is not None
    states = checkpoint.states
    for count in range(len(states), 0, -1):
        if checkpoint.records_digests[count - 1] == digest(records, states[count - 1].through):
            return states[:count], count < len(states)
    return (), True


def assessed(
    conn: psycopg.Connection,
    records: CustomerRecords,
    sources: Sequence[CustomerSource],
    span: Span,
    before: Sequence[CustomerState],
    actions: tuple[PersonAction, ...],
    limits: AssessmentLimits,
    fence: Fence = unfenced,
) -> Assessed:
    """The assessment of the span, read part by part so that memory is bounded; between them it passes the fence."""
    series = max(1, sum(len(source.series_ids) for source in sources))
    longest = max(DAY, limits.cells // (24 * series) * DAY)
    raw_since = _raw_since(sources, limits, span.start)
    found: Assessment | None = None
    state = before[-1] if before else None
    states: list[CustomerState] = []
    models = read_models(conn, sorted({asset.asset_type for asset in records.assets}))
    for part in parts(span, KEPT_AGES, longest, _moves(records, span)):
        fence(conn)
        told = read_told(conn, records, part)
        block = block_of(conn, records, sources, part, raw_since, told)
        said, work = assess_with_work(state, block, actions, models)
        found = said if found is None else joined(found, said, part.start)
        state = said.state
        states.append(state)
        last = LastPart(block, told, said, work)
    if found is None:
        raise ValueError(f"the span {span} has no part")
    return Assessed(found, states, last)


def _moves(records: CustomerRecords, span: Span) -> list[datetime]:
    """The midnights in the span on which a machine moved from one site or line of the customer to another: within a
    block each stands in one place."""
    starts = {placement.window[0] for asset in records.assets for placement in asset.placements[1:]}
    inside = (at for at in starts if span.start.timestamp() < at < span.end.timestamp())
    return [datetime.fromtimestamp(at, UTC) for at in sorted(inside)]


def _raw_since(sources: Sequence[CustomerSource], limits: AssessmentLimits, start: datetime) -> datetime:
    """From when on every raw sample is still stored."""
    newest = max(source.through for source in sources if source.through is not None)
    return start if limits.raw is None else newest - limits.raw + DAY
