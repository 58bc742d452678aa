"""Learn what is due: for each type of machine, at the first midnight of every quarter that its whole fleet has passed.

The oldest quarter comes first, and one is due again where more is known of the time before it than when it was learned:
so a history that is filled in, in whatever order, ends with the models of a fleet that was there all along.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, time, timedelta

import psycopg

from services.health.charge import Fence, unfenced
from services.health.fleet_learning.life_reading import Failures, day_number, read_failures, read_lives
from services.health.fleet_learning.stored_models import KIND, Known, save_model
from services.health.prognostic_assessment.remaining_life.learning import LEAST_FAILURES, learn
from services.health.prognostic_assessment.remaining_life.life_model import LAYOUT_VERSION, LifeModel

# How far the customers that have machines of a type now are assessed: the one that is least so far decides, so that
# nothing is missing. One that nothing has come from for a day, while another one went on, is history: it delays nobody.
_FLEETS = """
SELECT name, min(assessed_through) FROM (
    SELECT t.name, m.assessed_through, m.assessed_at, max(m.assessed_at) OVER (PARTITION BY t.name) AS newest
    FROM assets a JOIN asset_types t USING (asset_type_id)
    CROSS JOIN LATERAL (
        SELECT site_id FROM placements p WHERE p.asset_id = a.asset_id ORDER BY p.valid_from DESC LIMIT 1
    ) stands
    JOIN sites USING (site_id) JOIN model_states m USING (customer_id)
    WHERE EXISTS (SELECT FROM life_days l WHERE l.asset_id = a.asset_id)
) fleet WHERE newest - assessed_at <= interval '1 day' GROUP BY name ORDER BY name
"""
_DAYS = """
SELECT t.name, date_trunc('quarter', day)::date, count(*) FROM life_days JOIN assets USING (asset_id)
JOIN asset_types t USING (asset_type_id) GROUP BY 1, 2
"""
_LEARNED = "SELECT asset_type, learned_through, skill -> 'known' FROM models WHERE kind = %s AND layout_version = %s"


@dataclass(frozen=True, kw_only=True)
class Learned:
    """What was learned of one type: None where its failures were too few. new: nothing like it was stored before."""

    asset_type: str
    through: datetime
    lives: int
    failures: int
    model: LifeModel | None
    new: bool


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """The machines of one type: how far all of them are assessed, their judged days by quarter, and their failures."""

    through: datetime
    failures: Failures
    days: Mapping[date, int] = field(default_factory=dict)

    def known(self, through: datetime) -> Known:
        """How much is known of the time before a quarter's first midnight."""
        days = sum(count for first, count in self.days.items() if first < through.date())
        return Known(days=days, failures=len(self.failures.before(through)))

    def quarters(self) -> list[datetime]:
        """Quarters with something before them to learn from, up to the one that the fleet is in, oldest first."""
        at, found = quarter(self.through.astimezone(UTC)), []
        first = datetime.combine(min(self.days), time(), UTC)
        while at > first:
            found.append(at)
            at = quarter(at - timedelta(days=1))
        return found[::-1]


def quarter(at: datetime) -> datetime:
    """The first midnight (UTC) of the quarter in which an instant lies."""
    return at.replace(month=3 * ((at.month - 1) // 3) + 1, day=1, hour=0, minute=0, second=0, microsecond=0)


def read_fleets(conn: psycopg.Connection) -> dict[str, Fleet]:
    """The fleet of each type of which there is something to learn from."""
    through: dict[str, datetime] = dict(conn.execute(_FLEETS).fetchall())
    days: dict[str, dict[date, int]] = defaultdict(dict)
    for name, first, count in conn.execute(_DAYS):
        days[name][first] = count
    failures = read_failures(conn, list(through))
    return {name: Fleet(through=at, days=days[name], failures=failures[name]) for name, at in through.items()}


def learn_type(
    conn: psycopg.Connection, asset_type: str, fleet: Fleet, through: datetime, fence: Fence = unfenced
) -> Learned:
    """Learn one type from what is known before an UTC midnight, and store it in one transaction."""
    known = fleet.known(through)
    with conn.transaction():
        fence(conn)
        lives = read_lives(conn, asset_type, through) if known.failures >= LEAST_FAILURES else []
        model = learn(lives, asset_type, day_number(through))
        new = save_model(conn, asset_type, through, model, known)
    failed = sum(life.failed for life in lives)
    return Learned(asset_type=asset_type, through=through, lives=len(lives), failures=failed, model=model, new=new)


def learn_due(conn: psycopg.Connection, fence: Fence) -> Learned | None:
    """Learn the oldest quarter that is due, of any type; None where none is. One at a time, so that nobody waits."""
    learned = {(name, at): known for name, at, known in conn.execute(_LEARNED, [KIND, LAYOUT_VERSION])}
    fleets = read_fleets(conn)
    due = [
        (at, name)
        for name, fleet in fleets.items()
        for at in fleet.quarters()
        if learned.get((name, at)) != asdict(fleet.known(at))
    ]
    if not due:
        return None
    at, name = min(due)
    return learn_type(conn, name, fleets[name], at, fence)
