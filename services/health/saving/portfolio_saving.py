"""Keep the portfolio: reckoned again from the first instant that something changed before."""

from datetime import UTC, datetime

import psycopg

from services.health.charge import Fence, unfenced
from services.health.data_acquisition.portfolio_reading import read_portfolio_rows, sum_of_records
from services.health.portfolio.portfolio import portfolio, portfolio_instants
from services.health.saving.row_saving import Target, replace_rows

_NOTE = """
INSERT INTO portfolio_due (changed_from) VALUES (%s)
ON CONFLICT (only_row) DO UPDATE SET changed_from = least(portfolio_due.changed_from, excluded.changed_from)
"""
_DUE = "SELECT changed_from, records_sum FROM portfolio_due"
_DONE = """
INSERT INTO portfolio_due (changed_from, records_sum) VALUES (NULL, %(sum)s)
ON CONFLICT (only_row) DO UPDATE SET changed_from = NULL, records_sum = excluded.records_sum
"""
_SPAN = """
SELECT (SELECT min(month) FROM value_monthly)::timestamp AT TIME ZONE 'UTC', max(assessed_through) FROM model_states
"""
# Of the instants that were the newest once, the first days of months stay.
_PORTFOLIO = Target(
    table="portfolio",
    key=("as_of", "figure", "segment"),
    replaces="(t.as_of > %(start)s OR extract(day FROM t.as_of AT TIME ZONE 'UTC') <> 1)",
)


def note_portfolio(conn: psycopg.Connection, since: datetime) -> None:
    """Say, in the transaction of an assessment, from when on its rows may have changed."""
    conn.execute(_NOTE, [since])


def save_portfolio(conn: psycopg.Connection, fence: Fence = unfenced, *, records_too: bool = True) -> bool:
    """Bring the portfolio up to date, in one transaction; whether any of its instants was due.

    records_too: look whether records changed, which takes reading them all, and not only whether assessments did.

    The figures of an instant are a function of the stored rows and records up to it. Where records changed, all
    instants are due: a contract may be told of years after it began.
    """
    with conn.transaction():
        fence(conn)
        changed_from, known_sum = conn.execute(_DUE).fetchone() or (None, None)
        if changed_from is None and not records_too:
            return False
        records_sum = sum_of_records(conn)
        start = changed_from if records_sum == known_sum else datetime.min.replace(tzinfo=UTC)
        first, through = conn.execute(_SPAN).fetchone() or (None, None)
        if start is None or through is None:
            return False
        instants = [at for at in portfolio_instants(first or through, through) if at > start]
        if instants:
            rows = read_portfolio_rows(conn)
            found = [vars(row) for at in instants for row in portfolio(rows, at)]
            replace_rows(conn, _PORTFOLIO, found, {"start": start})
        conn.execute(_DONE, {"sum": records_sum})
    return bool(instants)
