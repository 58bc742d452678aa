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
# Too few failures are looked at again: they may have been those of a history that was still being filled in.
_KNOWN = "SELECT asset_type, learned_through FROM models WHERE kind = %s AND layout_version = %s AND body IS NOT NULL"


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
        new = save_model(conn, asset_type, through, model, failures)
    return Learned(asset_type=asset_type, through=through, lives=len(lives), failures=failures, model=model, new=new)


def learn_due(conn: psycopg.Connection, fence: Fence) -> Learned | None:
    """Learn the first type that is due, if any; one at a time, so that assessments need not wait for all."""
    known = set(conn.execute(_KNOWN, [KIND, LAYOUT_VERSION]).fetchall())
    for asset_type, through in fleets(conn).items():
        if (asset_type, quarter(through)) not in known:
            learned = learn_type(conn, asset_type, quarter(through), fence)
            if learned.new:
                return learned
    return None
