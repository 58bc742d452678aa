"""Decide which of a customer's alerts are shown, and write what changed, inside the caller's transaction."""

from collections import defaultdict
from datetime import datetime
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from services.health.advisory_generation.alert_kinds import KINDS
from services.health.advisory_generation.showing import ALIKE_FOR, Candidate, Shown, SkillHistory, Withheld, decide
from shared.alerts import Tier

# Only health's own end and a person's count, in event time.
_ENDED_AT = """
CASE WHEN state = 'resolved' THEN coalesce((SELECT max(x.effective_at) FROM alert_actions x
    WHERE x.alert_id = a.alert_id AND x.action = 'resolve'), resolved_at) END
"""
# All that may still be decided, what was shown recently, and what was shown before each of its kind and scope opened.
_CANDIDATES = f"""
WITH decided AS (
    SELECT * FROM (
        SELECT *, {_ENDED_AT} AS ended_at FROM alerts a WHERE customer_id = %(customer)s AND opened_at IS NOT NULL
            AND (state <> 'resolved' OR resolved_at > %(since)s OR shown_at > %(remembered)s)
    ) known WHERE ended_at IS NULL OR ended_at > %(since)s OR shown_at > %(remembered)s
)
SELECT alert_id, kind, scope_type, scope_id, owner_role, tier, coalesce(assessed_tier, tier) AS assessed_tier,
       expected_at IS NOT NULL AS dated, opened_at, stake_hours, shown_at, withheld,
       EXISTS (SELECT FROM alert_actions x WHERE x.alert_id = a.alert_id) AS taken, {_ENDED_AT} AS ended_at
FROM alerts a WHERE customer_id = %(customer)s AND opened_at IS NOT NULL
    AND (alert_id IN (SELECT alert_id FROM decided) OR EXISTS (
        SELECT FROM decided d WHERE (d.kind, d.scope_type, d.scope_id) = (a.kind, a.scope_type, a.scope_id)
            AND a.shown_at > d.opened_at - %(alike_for)s))
"""
_SKILLS = """
SELECT kind, as_of, skill = 'demonstrated' FROM track_records WHERE extract(isodow FROM as_of) = 1 ORDER BY kind, as_of
"""
_WRITE = "UPDATE alerts SET tier = %s, shown_at = %s, withheld = %s WHERE alert_id = %s"


def read_skills(conn: psycopg.Connection) -> SkillHistory:
    """The records of Mondays, by which it is decided what is shown."""
    instants: dict[str, list[datetime]] = defaultdict(list)
    demonstrated: dict[str, list[bool]] = defaultdict(list)
    for kind, as_of, shown in conn.execute(_SKILLS):
        instants[kind].append(as_of)
        demonstrated[kind].append(shown)
    return SkillHistory(instants=instants, demonstrated=demonstrated)


def save_showing(
    conn: psycopg.Connection, customer_id: int, *, since: datetime, through: datetime
) -> dict[UUID, tuple[bool, bool]]:
    """Bring tier, shown_at and withheld up to date; return whether each alert that changed was and is shown."""
    remembered = since if since.year == 1 else since - ALIKE_FOR
    asked = {"customer": customer_id, "since": since, "remembered": remembered, "alike_for": ALIKE_FOR}
    with conn.cursor(row_factory=dict_row) as cur:
        rows = {row["alert_id"]: row for row in cur.execute(_CANDIDATES, asked)}
    candidates = [
        Candidate(
            alert_id=alert_id,
            kind=row["kind"],
            scope=(row["scope_type"], row["scope_id"]),
            owner_role=row["owner_role"],
            tier=Tier(row["assessed_tier"]),
            dated=row["dated"],
            opened_at=row["opened_at"],
            ended_at=row["ended_at"],
            stake_hours=row["stake_hours"],
            shown_at=row["shown_at"],
            withheld=None if row["withheld"] is None else Withheld(row["withheld"]),
            taken=row["taken"],
        )
        for alert_id, row in rows.items()
        if row["kind"] in KINDS
    ]
    decided = decide(candidates, KINDS, read_skills(conn), since=since, through=through)
    changed = {
        alert_id: shown
        for alert_id, shown in decided.items()
        if (rows[alert_id]["tier"], rows[alert_id]["shown_at"], rows[alert_id]["withheld"]) != _columns(shown)
    }
    with conn.cursor() as cur:
        cur.executemany(_WRITE, [(*_columns(shown), alert_id) for alert_id, shown in changed.items()])
    return {i: (rows[i]["shown_at"] is not None, shown.shown_at is not None) for i, shown in changed.items()}


def _columns(shown: Shown) -> tuple[str, datetime | None, str | None]:
    return str(shown.tier), shown.shown_at, None if shown.withheld is None else str(shown.withheld)
