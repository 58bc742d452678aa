"""Write the rows that an assessment concludes, by difference: a row that says the same as before is not touched."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isinf
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from services.health.assess import Assessment, StateRows
from services.health.assessment import CumulatedRow, OutcomeRow, ValueRow
from services.health.data_acquisition.record_reading import AssetRecord
from services.health.watermark import Span


@dataclass(frozen=True, kw_only=True)
class Target:
    """A table, its key, and the condition on which rows `t` of it one assessment replaces."""

    table: str
    key: tuple[str, ...]
    replaces: str


# A machine that was resold has rows of two customers: only those of its time at this one are replaced.
_HERE = "EXISTS (SELECT FROM assessed_here h WHERE h.asset_id = t.asset_id AND {at} >= h.since AND {at} < h.until)"

_INTERVALS = Target(
    table="state_intervals",
    key=("asset_id", "started_at"),
    replaces="t.started_at >= %(start)s AND " + _HERE.format(at="t.started_at"),
)
_TIMES = Target(
    table="times_daily",
    key=("asset_id", "day"),
    replaces="t.day >= %(start)s::date AND " + _HERE.format(at="t.day"),
)
_SIGNALS = Target(
    table="signals",
    key=("customer_id", "scope_type", "scope_id", "kind", "day"),
    replaces="t.customer_id = %(customer)s AND t.day >= %(start)s::date",
)
_HEALTH = Target(
    table="customer_health",
    key=("customer_id", "day"),
    replaces="t.customer_id = %(customer)s AND t.day >= %(start)s::date",
)
_VALUES = Target(
    table="value_monthly",
    key=("customer_id", "month", "line_of_business"),
    replaces="t.customer_id = %(customer)s AND t.month >= date_trunc('month', %(start)s::timestamptz)::date",
)
_CUMULATED = Target(
    table="value_cumulated",
    key=("customer_id", "month", "line_of_business"),
    replaces="t.customer_id = %(customer)s AND t.month >= date_trunc('month', %(start)s::timestamptz)::date",
)
_OUTLOOKS = Target(
    table="value_outlooks",
    key=("customer_id", "month", "line_of_business", "horizon"),
    replaces="t.customer_id = %(customer)s AND t.month >= date_trunc('month', %(start)s::timestamptz)::date",
)
_UPDATE_EFFECTS = Target(
    table="update_effects",
    key=("customer_id", "asset_type", "version"),
    replaces="t.customer_id = %(customer)s AND t.as_of >= %(start)s::date",
)

_OUTCOMES = Target(
    table="outcomes",
    key=("customer_id", "scope_type", "scope_id", "outcome", "at"),
    replaces="t.customer_id = %(customer)s AND t.at >= %(start)s",
)
_FORECASTS = Target(
    table="forecasts",
    key=("customer_id", "kind", "scope_type", "scope_id", "horizon_days", "at"),
    replaces="t.customer_id = %(customer)s AND t.at > %(start)s",
)
_LIFE_DAYS = Target(
    table="life_days",
    key=("asset_id", "day"),
    replaces="t.day >= %(start)s::date AND " + _HERE.format(at="t.day"),
)

_RISK_STEPS = Target(
    table="risk_steps",
    key=("asset_id", "at"),
    replaces="t.at > %(start)s AND " + _HERE.format(at="t.at - interval '1 hour'"),
)

# The state that was open before the span and is not any more ended where the span begins.
_END_AT_START = f"""
UPDATE state_intervals t SET ended_at = %(start)s
WHERE t.ended_at IS NULL AND t.started_at < %(start)s
  AND NOT EXISTS (SELECT FROM assessed_rows_state_intervals n
                  WHERE n.asset_id = t.asset_id AND n.started_at = t.started_at)
  AND {_HERE.format(at="t.started_at")}
"""


def save_rows(
    conn: psycopg.Connection, customer_id: int, assets: Sequence[AssetRecord], span: Span, found: Assessment
) -> None:
    """Make the stored rows of the span equal to the assessment's, inside the caller's transaction.

    After a restart all earlier rows of the customer go too, since nothing is known from before its first data.
    """
    start = datetime.min.replace(tzinfo=UTC) if span.restart else span.start
    asked = {"customer": customer_id, "start": start}
    of_customer = {"customer_id": customer_id}
    _load_windows(conn, assets)
    replace_rows(conn, _INTERVALS, [vars(row) for row in found.intervals], asked)
    conn.execute(_END_AT_START, asked)
    replace_rows(conn, _TIMES, [vars(row) for row in found.times], asked)
    replace_rows(conn, _SIGNALS, [of_customer | vars(row) for row in found.signals], asked)
    replace_rows(conn, _HEALTH, [of_customer | vars(row) for row in found.health], asked)
    replace_rows(conn, _VALUES, [of_customer | vars(row) for row in found.values], asked)
    replace_rows(conn, _CUMULATED, [of_customer | vars(row) for row in found.cumulated], asked)
    replace_rows(conn, _OUTLOOKS, [of_customer | vars(row) for row in found.outlooks], asked)
    replace_rows(conn, _UPDATE_EFFECTS, [of_customer | vars(row) for row in found.updates], asked)
    replace_rows(conn, _OUTCOMES, [of_customer | vars(row) for row in found.outcomes], asked)
    replace_rows(conn, _LIFE_DAYS, [vars(row) for row in found.life_days], asked)
    replace_rows(conn, _RISK_STEPS, [vars(row) for row in found.risk_steps], asked)
    replace_rows(conn, _FORECASTS, [of_customer | vars(row) for row in found.forecasts], asked)


def save_state_rows(
    conn: psycopg.Connection, assets: Sequence[AssetRecord], span: Span, before: StateRows | None, after: StateRows
) -> None:
    """Make the stored intervals and times of the span those of `after`. before: what is stored, None where unknown."""
    if before is None:
        asked = {"start": span.start}
        _load_windows(conn, assets)
        replace_rows(conn, _INTERVALS, [vars(row) for row in after.intervals], asked)
        conn.execute(_END_AT_START, asked)
        replace_rows(conn, _TIMES, [vars(row) for row in after.times], asked)
        return
    _update(conn, _INTERVALS, [vars(row) for row in before.intervals], [vars(row) for row in after.intervals])
    _update(conn, _TIMES, [vars(row) for row in before.times], [vars(row) for row in after.times])


def save_hour_rows(
    conn: psycopg.Connection,
    customer_id: int,
    before: tuple[Sequence[ValueRow], Sequence[CumulatedRow], Sequence[OutcomeRow]],
    after: tuple[Sequence[ValueRow], Sequence[CumulatedRow], Sequence[OutcomeRow]],
) -> None:
    """Make the stored values, by month and cumulated, and outcomes of a day under way those of `after`; `before` are
    stored."""
    of_customer = {"customer_id": customer_id}
    for target, stored, wanted in zip((_VALUES, _CUMULATED, _OUTCOMES), before, after, strict=True):
        old, new = ([of_customer | vars(row) for row in rows] for rows in (stored, wanted))
        _update(conn, target, old, new)


def _update(
    conn: psycopg.Connection, target: Target, stored: Sequence[dict[str, Any]], wanted: Sequence[dict[str, Any]]
) -> None:
    """Write only the rows that differ from those that are stored, and delete those that are wanted no more."""
    known = {tuple(row[column] for column in target.key): row for row in stored}
    keys = [tuple(row[column] for column in target.key) for row in wanted]
    _load(conn, target, [row for key, row in zip(keys, wanted, strict=True) if known.get(key) != row])
    same_key = " AND ".join(f"{column} = %s" for column in target.key)
    for key in known.keys() - set(keys):
        conn.execute(f"DELETE FROM {target.table} WHERE {same_key}", key)


def _load_windows(conn: psycopg.Connection, assets: Sequence[AssetRecord]) -> None:
    conn.execute(
        "CREATE TEMPORARY TABLE IF NOT EXISTS assessed_here (asset_id integer, since timestamptz, until timestamptz)"
        " ON COMMIT DELETE ROWS"
    )
    windows = [(asset.asset_id, *_instants(placement.window)) for asset in assets for placement in asset.placements]
    _copy(conn, "assessed_here", ("asset_id", "since", "until"), windows)


def _instants(window: tuple[float, float]) -> tuple[str, str]:
    since, until = ("infinity" if isinf(edge) else datetime.fromtimestamp(edge, UTC).isoformat() for edge in window)
    return since, until


def replace_rows(conn: psycopg.Connection, target: Target, rows: list[dict[str, Any]], asked: dict[str, Any]) -> None:
    """Delete the stored rows that are not in `rows`, insert the new ones, update those that differ."""
    incoming = _copied(conn, target, rows)
    same_key = " AND ".join(f"n.{column} = t.{column}" for column in target.key)
    conn.execute(
        f"DELETE FROM {target.table} t WHERE {target.replaces}"
        f" AND NOT EXISTS (SELECT FROM {incoming} n WHERE {same_key})",
        asked,
    )
    _upsert(conn, target, rows)


def _load(conn: psycopg.Connection, target: Target, rows: list[dict[str, Any]]) -> None:
    """Insert rows, or update those whose key is stored already."""
    if rows:
        _copied(conn, target, rows)
        _upsert(conn, target, rows)


def _copied(conn: psycopg.Connection, target: Target, rows: list[dict[str, Any]]) -> str:
    """The rows in a temporary table, which lasts as long as the transaction; its name."""
    incoming = f"assessed_rows_{target.table}"
    conn.execute(
        f"CREATE TEMPORARY TABLE IF NOT EXISTS {incoming}"
        f" (LIKE {target.table} INCLUDING DEFAULTS) ON COMMIT DELETE ROWS"
    )
    if rows:
        _copy(conn, incoming, tuple(rows[0]), (tuple(map(_storable, row.values())) for row in rows))
    return incoming


def _upsert(conn: psycopg.Connection, target: Target, rows: list[dict[str, Any]]) -> None:
    """Insert the copied rows, update those that differ."""
    incoming = f"assessed_rows_{target.table}"
    if rows:
        values = [column for column in rows[0] if column not in target.key]
        columns, given = ", ".join(rows[0]), ", ".join(f"excluded.{column}" for column in values)
        stored = ", ".join(f"{target.table}.{column}" for column in values)
        conn.execute(
            f"INSERT INTO {target.table} ({columns}) SELECT {columns} FROM {incoming}"
            f" ON CONFLICT ({', '.join(target.key)}) DO UPDATE SET ({', '.join(values)}) = ROW ({given})"
            f" WHERE ROW ({stored}) IS DISTINCT FROM ROW ({given})"
        )


def _copy(conn: psycopg.Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with conn.cursor() as cur, cur.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _storable(value: object) -> object:
    return Jsonb(value) if isinstance(value, dict | list | tuple) else value
