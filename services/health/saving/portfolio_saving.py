"""Keep the portfolio: reckoned again from the first instant that something changed before."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from time import monotonic

import psycopg
from psycopg.types.json import Jsonb

from services.health.charge import Fence, unfenced
from services.health.data_acquisition.portfolio_reading import read_portfolio_rows, sums_of_records
from services.health.portfolio.portfolio import portfolio, portfolio_instants
from services.health.saving.row_saving import Target, replace_rows

_NOTE = """
INSERT INTO portfolio_due (changed_from) VALUES (%s)
ON CONFLICT (only_row) DO UPDATE SET changed_from = least(portfolio_due.changed_from, excluded.changed_from)
"""
_DUE = "SELECT changed_from, records_sums FROM portfolio_due"
_DONE = """
INSERT INTO portfolio_due (changed_from, records_sums) VALUES (%(end)s, %(sums)s)
ON CONFLICT (only_row) DO UPDATE SET changed_from = excluded.changed_from, records_sums = excluded.records_sums
"""
_SPAN = """
SELECT (SELECT min(month) FROM value_monthly)::timestamp AT TIME ZONE 'UTC', max(assessed_through) FROM model_states
"""
# Of the instants that were the newest once, the first days of months stay. end: null where all instants are reckoned.
_PORTFOLIO = Target(
    table="portfolio",
    key=("as_of", "figure", "segment"),
    replaces="""(t.as_of > %(start)s AND (%(end)s::timestamptz IS NULL OR t.as_of <= %(end)s)
        OR %(end)s::timestamptz IS NULL AND extract(day FROM t.as_of AT TIME ZONE 'UTC') <> 1)""",
)
_FOR = timedelta(seconds=10)


class Kept(Enum):
    """NOTHING was due; ALL that was due is reckoned; or there is MORE, for the next call."""

    NOTHING = auto()
    ALL = auto()
    MORE = auto()


def note_portfolio(conn: psycopg.Connection, since: datetime) -> None:
    """Say, in the transaction of an assessment, from when on its rows may have changed."""
    conn.execute(_NOTE, [since])


def save_portfolio(
    conn: psycopg.Connection, fence: Fence = unfenced, *, records_too: bool = True, at_most: timedelta = _FOR
) -> Kept:
    """Bring the portfolio up to date, oldest first, for about `at_most`, in one transaction.

    records_too: look whether records changed, which takes reading them all, and not only whether assessments did.

    The figures of an instant are a function of the stored rows and records up to it. Where another event is told of,
    instants from its month on are due; where another record is, all of them: a contract may be told of years after it
    began.
    """
    with conn.transaction():
        fence(conn)
        changed_from, known = conn.execute(_DUE).fetchone() or (None, None)
        if changed_from is None and not records_too:
            return Kept.NOTHING
        sums = sums_of_records(conn)
        since = (changed_from, records_changed_from(known or {}, sums))
        start = min((at for at in since if at is not None), default=None)
        first, through = conn.execute(_SPAN).fetchone() or (None, None)
        if start is None or through is None:
            return Kept.NOTHING
        instants = [at for at in portfolio_instants(first or through, through) if at > start]
        end = _reckon(conn, instants, start, at_most) if instants else None
        conn.execute(_DONE, {"sums": Jsonb(sums), "end": end})
    if end is not None:
        return Kept.MORE
    return Kept.ALL if instants else Kept.NOTHING


def _reckon(
    conn: psycopg.Connection, instants: Sequence[datetime], start: datetime, at_most: timedelta
) -> datetime | None:
    """Write the figures of these instants; the last that there was time for, None where there was for all."""
    enough, rows, found = monotonic() + at_most.total_seconds(), read_portfolio_rows(conn), []
    end = None
    for at in instants:
        found += [vars(row) for row in portfolio(rows, at)]
        if monotonic() > enough and at != instants[-1]:
            end = at
            break
    replace_rows(conn, _PORTFOLIO, found, {"start": start, "end": end})
    return end


def records_changed_from(known: Mapping[str, str], now: Mapping[str, str]) -> datetime | None:
    """From when on the sums of records differ: the least month whose events do, or ever; None where nowhere."""
    other = {month for month in {*known, *now} if known.get(month) != now.get(month)}
    if "" in other:
        return datetime.min.replace(tzinfo=UTC)
    return min((datetime.fromisoformat(month).replace(tzinfo=UTC) for month in other), default=None)
