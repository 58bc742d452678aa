"""Keep the record of alerts: reckoned again from the first instant that something changed before."""

from dataclasses import asdict, dataclass
from datetime import datetime

import psycopg

from services.health.advisory_generation.alert_kinds import KINDS
from services.health.charge import Fence, unfenced
from services.health.data_acquisition.record_history import read_fleet_rows
from services.health.saving.alert_saving import show
from services.health.saving.portfolio_saving import note_portfolio
from services.health.saving.row_saving import Target, replace_rows
from services.health.saving.showing_saving import read_skills
from services.health.track_record.fleet_record import fleet_records, record_instants

_DUE = """
INSERT INTO track_record_due (changed_from) VALUES (%s)
ON CONFLICT (only_row) DO UPDATE SET changed_from = least(track_record_due.changed_from, excluded.changed_from)
"""
_THROUGH = "SELECT customer_id, assessed_through FROM model_states ORDER BY customer_id"
_TAKE = "DELETE FROM track_record_due RETURNING changed_from"
_SPAN = """
SELECT (SELECT least((SELECT min(at) FROM outcomes), (SELECT min(at) FROM forecasts))), max(assessed_through)
FROM model_states
"""
# Of the records that were the newest once, those of Mondays stay.
_RECORDS = Target(
    table="track_records",
    key=("kind", "as_of"),
    replaces="(t.as_of > %(start)s OR extract(isodow FROM t.as_of) <> 1)",
)


@dataclass(frozen=True, kw_only=True)
class RecordsKept:
    """Records were reckoned again; skill_changed_at: since when skill is another than before, None where it is not."""

    skill_changed_at: datetime | None


def note_change(conn: psycopg.Connection, since: datetime) -> None:
    """Say, in the transaction of an assessment, from when on its rows may have changed."""
    conn.execute(_DUE, [since])
    note_portfolio(conn, since)


def save_records(conn: psycopg.Connection, fence: Fence = unfenced) -> RecordsKept | None:
    """Bring the kept records up to date, in one transaction; None where none of their instants is due.

    A record of an instant is a function of the stored rows up to it, so the same rows give the same records, in
    whatever order they came.
    """
    with conn.transaction():
        fence(conn)
        due = conn.execute(_TAKE).fetchone()
        if due is None:
            return None
        first, through = conn.execute(_SPAN).fetchone() or (None, None)
        if first is None:
            return None
        instants = [at for at in record_instants(first, through) if at > due[0]]
        if not instants:
            return None
        rows = read_fleet_rows(conn, [kind.name for kind in KINDS.values() if kind.outcome_test is not None])
        found = [asdict(record) | {"kind": kind} for kind, record in fleet_records(rows, instants)]
        before = read_skills(conn)
        replace_rows(conn, _RECORDS, found, {"start": due[0]})
        after = read_skills(conn)
    changed = (at for at in instants for kind in KINDS if before.at(kind, at) != after.at(kind, at))
    return RecordsKept(skill_changed_at=min(changed, default=None))


def show_anew(conn: psycopg.Connection, since: datetime, now: datetime, fence: Fence = unfenced) -> None:
    """Decide again, for every customer, which alerts are shown since an instant; a transaction each."""
    for customer_id, through in conn.execute(_THROUGH).fetchall():
        with conn.transaction():
            fence(conn)
            show(conn, customer_id, {}, since=since, through=through, now=now)
