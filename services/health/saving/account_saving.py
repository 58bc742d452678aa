"""Keep what is found about accounts: reckoned again from the first day that something changed before."""

from datetime import date, datetime
from typing import Any

import psycopg

from services.health.account_assessment.account import midnight
from services.health.account_assessment.calendar_months import kept_days
from services.health.account_assessment.findings import findings
from services.health.charge import Fence, unfenced
from services.health.data_acquisition.account_reading import read_account
from services.health.saving.row_saving import Target, replace_rows

_DUE = """
INSERT INTO accounts_due (customer_id, changed_from) VALUES (%s, %s)
ON CONFLICT (customer_id) DO UPDATE SET changed_from = least(accounts_due.changed_from, excluded.changed_from)
"""
_TAKE = "DELETE FROM accounts_due WHERE customer_id = %s RETURNING changed_from"
_THROUGH = "SELECT (assessed_through AT TIME ZONE 'UTC')::date FROM model_states WHERE customer_id = %s"
_WAITING = "SELECT customer_id FROM accounts_due ORDER BY due_since, customer_id"
# Who was never heard is looked at on the day to which the fleet has come: silence since the signature is a finding.
_NEVER_HEARD = """
SELECT c.customer_id, f.day FROM customers c,
    (SELECT (max(assessed_through) AT TIME ZONE 'UTC')::date AS day FROM model_states) f
WHERE f.day IS NOT NULL AND NOT EXISTS (SELECT FROM model_states m WHERE m.customer_id = c.customer_id)
    AND NOT EXISTS (SELECT FROM account_findings a WHERE a.customer_id = c.customer_id AND a.day = f.day)
ORDER BY c.customer_id
"""
# Of the findings that were the newest once, those of a month's first day stay.
_FINDINGS = Target(
    table="account_findings",
    key=("customer_id", "kind", "subject", "day"),
    replaces="t.customer_id = %(customer)s AND (t.day > %(start)s::date OR extract(day FROM t.day) <> 1)",
)


def note_account(conn: psycopg.Connection, customer_id: int, since: datetime) -> None:
    """Say, in the transaction of an assessment, from when on a customer's rows may have changed."""
    conn.execute(_DUE, [customer_id, since])


def waiting_accounts(conn: psycopg.Connection) -> list[int]:
    """Customers whose findings may be other ones than those that are kept, those who have waited longest first."""
    return [customer_id for (customer_id,) in conn.execute(_WAITING)]


def never_heard(conn: psycopg.Connection) -> list[tuple[int, date]]:
    """Customers without any data, with the day on which to look at them where that has not been done."""
    return conn.execute(_NEVER_HEARD).fetchall()


def save_account(conn: psycopg.Connection, customer_id: int, fence: Fence = unfenced) -> list[date]:
    """Bring one account's kept findings up to date, in one transaction; of which days."""
    with conn.transaction():
        fence(conn)
        due = conn.execute(_TAKE, [customer_id]).fetchone()
        stands = conn.execute(_THROUGH, [customer_id]).fetchone()
        if due is None or stands is None:
            return []
        return _save(conn, customer_id, stands[0], due[0])


def save_never_heard(conn: psycopg.Connection, customer_id: int, day: date, fence: Fence = unfenced) -> list[date]:
    """Keep what records alone say about a customer of whom no machine speaks yet, in one transaction."""
    with conn.transaction():
        fence(conn)
        return _save(conn, customer_id, day, midnight(day), only=day)


def _save(
    conn: psycopg.Connection, customer_id: int, through: date, since: datetime, only: date | None = None
) -> list[date]:
    account = read_account(conn, customer_id, through)
    days = [only] if only else [d for d in kept_days(account.first_data or through, through) if midnight(d) > since]
    if not days:
        return days
    of_customer: dict[str, Any] = {"customer_id": customer_id}
    rows = [of_customer | vars(finding) for day in days for finding in findings(account, day)]
    replace_rows(conn, _FINDINGS, rows, {"customer": customer_id, "start": since})
    return days
