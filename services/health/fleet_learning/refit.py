"""Learn what is due: for each type of machine, at the first midnight of a quarter that its whole fleet has passed."""

from dataclasses import dataclass
from datetime import datetime

import psycopg

from services.health.charge import Fence, unfenced
from services.health.fleet_learning.life_reading import day_number, read_lives
from services.health.fleet_learning.stored_models import KIND, save_model
from services.health.prognostic_assessment.remaining_life.learning import learn
from services.health.prognostic_assessment.remaining_life.life_model import LAYOUT_VERSION, LifeModel

# How far the type's customers are assessed: the one that is least so far decides, so that nothing is missing.
_FLEETS = """
SELECT t.name, min(m.assessed_through)
FROM assets a JOIN asset_types t USING (asset_type_id) JOIN placements USING (asset_id) JOIN sites USING (site_id)
JOIN model_states m USING (customer_id)
WHERE EXISTS (SELECT FROM life_days l WHERE l.asset_id = a.asset_id)
GROUP BY t.name ORDER BY t.name
"""
_KNOWN = "SELECT asset_type, learned_through, skill FROM models WHERE kind = %s AND layout_version = %s"
_FAILURES = """
SELECT (SELECT count(*) FROM events e JOIN assets a ON e.scope_type = 'asset' AND e.scope_id = a.asset_id
        JOIN asset_types t USING (asset_type_id)
        WHERE e.kind = 'failure' AND t.name = %(type)s AND e.at < %(through)s)
     + (SELECT count(*) FROM state_intervals JOIN assets USING (asset_id) JOIN asset_types t USING (asset_type_id)
        WHERE failure AND t.name = %(type)s AND started_at < %(through)s)
"""


@dataclass(frozen=True, kw_only=True)
class Learned:
    """What was learned of one type: None where its failures were too few. new: this was not stored before."""

    asset_type: str
    through: datetime
    lives: int
    failures: int
    model: LifeModel | None
    new: bool


def quarter(at: datetime) -> datetime:
    """The first midnight (UTC) of the quarter in which an instant lies."""
    return at.replace(month=3 * ((at.month - 1) // 3) + 1, day=1, hour=0, minute=0, second=0, microsecond=0)


def fleets(conn: psycopg.Connection) -> dict[str, datetime]:
    """How far the whole fleet of each type is assessed; types with something to learn from."""
    return dict(conn.execute(_FLEETS).fetchall())


def learn_type(conn: psycopg.Connection, asset_type: str, through: datetime, fence: Fence = unfenced) -> Learned:
    """Learn one type from what is known before an UTC midnight, and store it in one transaction."""
    with conn.transaction():
        fence(conn)
        lives = read_lives(conn, asset_type, through)
        failures = sum(life.failed for life in lives)
        model = learn(lives, asset_type, day_number(through))
        new = save_model(conn, asset_type, through, model, failures, reported=_reported(conn, asset_type, through))
    return Learned(asset_type=asset_type, through=through, lives=len(lives), failures=failures, model=model, new=new)


def learn_due(conn: psycopg.Connection, fence: Fence) -> Learned | None:
    """Learn the first type that is due, if any; one at a time, so that assessments need not wait for all.

    A quarter that had too few failures is due again once more are reported of it.
    """
    known = {(name, at): skill for name, at, skill in conn.execute(_KNOWN, [KIND, LAYOUT_VERSION])}
    for asset_type, through in fleets(conn).items():
        at = quarter(through)
        told = known.get((asset_type, at))
        if told is None or ("reported" in told and told["reported"] != _reported(conn, asset_type, at)):
            return learn_type(conn, asset_type, at, fence)
    return None


def _reported(conn: psycopg.Connection, asset_type: str, through: datetime) -> int:
    """How many failures of a type anything tells of: where they grow, a history was still being filled in."""
    row = conn.execute(_FAILURES, {"type": asset_type, "through": through}).fetchone()
    return 0 if row is None else int(row[0])
