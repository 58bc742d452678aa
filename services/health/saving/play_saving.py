"""Keep the score of plays: reckoned over the fleet from each account's own episodes, month by month."""

from dataclasses import asdict
from datetime import date, timedelta

import psycopg
from psycopg.rows import class_row

from services.health.account_assessment.account import PlayScore, midnight
from services.health.account_assessment.next_improvement import quarter_of
from services.health.account_assessment.plays import Changes, score
from services.health.charge import Fence, unfenced
from services.health.saving.row_saving import Target, replace_rows

# Each account's findings of a month's first day; those of its newest midnight are of no day in common.
_TOLD = """
SELECT day, subject, customer_id, evidence -> 'changes' FROM account_findings
WHERE kind = 'play' AND extract(day FROM day) = 1 AND day >= %s ORDER BY day, subject, customer_id
"""
_BEFORE = """
SELECT play, as_of, verdict, effect, low, high, acted, left_alone, customers, needed FROM play_scores WHERE as_of >= %s
"""
_SCORES = Target(table="play_scores", key=("play", "as_of"), replaces="t.as_of >= %(start)s")
# What is proposed to an account rests on the scores of a quarter's beginning.
_ALL_DUE = """
INSERT INTO accounts_due (customer_id, changed_from) SELECT customer_id, %s FROM model_states
ON CONFLICT (customer_id) DO UPDATE SET changed_from = least(accounts_due.changed_from, excluded.changed_from)
"""


def save_plays(conn: psycopg.Connection, since: date, fence: Fence = unfenced) -> date | None:
    """Reckon the scores from a day on, in one transaction; the first quarter whose scores are others than before, from
    which on all accounts are due again, None where none are."""
    with conn.transaction():
        fence(conn)
        told: dict[tuple[date, str], list[tuple[int, Changes]]] = {}
        for day, play, customer, changes in conn.execute(_TOLD, [since]):
            told.setdefault((day, play), []).append((customer, changes))
        found = [score(play, day, own) for (day, play), own in told.items()]
        with conn.cursor(row_factory=class_row(PlayScore)) as cur:
            before = cur.execute(_BEFORE, [since]).fetchall()
        replace_rows(conn, _SCORES, [asdict(one) for one in found], {"start": since})
        changed = min((one.as_of for one in {*found} ^ {*before} if one.as_of == quarter_of(one.as_of)), default=None)
        if changed is not None:
            conn.execute(_ALL_DUE, [midnight(changed) - timedelta(seconds=1)])
    return changed
