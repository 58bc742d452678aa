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
from services.health.fleet_learning.past_reading import read_past
from services.health.fleet_learning.stored_models import LIFE, RISK, VERSIONS, Known, Model, save_model
from services.health.prognostic_assessment.failure_risk.learning import LEAST_FAILURES
from services.health.prognostic_assessment.failure_risk.learning import learn as learn_risk
from services.health.prognostic_assessment.failure_risk.risk_model import RiskModel
from services.health.prognostic_assessment.remaining_life import learning
from services.health.prognostic_assessment.remaining_life.life_model import LifeModel

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
    WHERE EXISTS (SELECT FROM {table} told WHERE told.asset_id = a.asset_id)
) fleet WHERE newest - assessed_at <= interval '1 day' GROUP BY name ORDER BY name
"""
_DAYS = """
SELECT t.name, date_trunc('quarter', {day})::date, count(*) FROM {table} JOIN assets USING (asset_id)
JOIN asset_types t USING (asset_type_id) GROUP BY 1, 2
"""
_LEARNED = "SELECT asset_type, learned_through, skill -> 'known' FROM models WHERE kind = %s AND layout_version = %s"
# What each kind is learned from, and the day of its rows.
_TABLES = {
    LIFE: {"table": "life_days", "day": "day"},
    RISK: {"table": "risk_steps", "day": "(at - interval '1 hour') AT TIME ZONE 'UTC'"},
}


@dataclass(frozen=True, kw_only=True)
class Learned:
    """What was learned of one type: None where its failures were too few, or none was foretold. machines: lives of
    them for remaining life. new: nothing like it was stored before."""

    kind: str
    asset_type: str
    through: datetime
    machines: int
    failures: int
    model: Model | None
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


def read_fleets(conn: psycopg.Connection, kind: str) -> dict[str, Fleet]:
    """The fleet of each type of which there is something to learn from."""
    through: dict[str, datetime] = dict(conn.execute(_FLEETS.format(**_TABLES[kind])).fetchall())
    days: dict[str, dict[date, int]] = defaultdict(dict)
    for name, first, count in conn.execute(_DAYS.format(**_TABLES[kind])):
        days[name][first] = count
    failures = read_failures(conn, list(through))
    return {name: Fleet(through=at, days=days[name], failures=failures[name]) for name, at in through.items()}


def learn_type(
    conn: psycopg.Connection, kind: str, asset_type: str, fleet: Fleet, through: datetime, fence: Fence = unfenced
) -> Learned:
    """Learn one type from what is known before an UTC midnight, and store it in one transaction."""
    known = fleet.known(through)
    with conn.transaction():
        fence(conn)
        found = _life if kind == LIFE else _risk
        machines, failures, model = found(conn, asset_type, fleet, through)
        new = save_model(conn, kind, asset_type, through, model, known)
    return Learned(
        kind=kind, asset_type=asset_type, through=through, machines=machines, failures=failures, model=model, new=new
    )


def _life(
    conn: psycopg.Connection, asset_type: str, fleet: Fleet, through: datetime
) -> tuple[int, int, LifeModel | None]:
    enough = fleet.known(through).failures >= learning.LEAST_FAILURES
    lives = read_lives(conn, asset_type, through) if enough else []
    return len(lives), sum(life.failed for life in lives), learning.learn(lives, asset_type, day_number(through))


def _risk(
    conn: psycopg.Connection, asset_type: str, fleet: Fleet, through: datetime
) -> tuple[int, int, RiskModel | None]:
    failures = fleet.failures.before(through)
    past = read_past(conn, asset_type, through, fleet.failures) if len(failures) >= LEAST_FAILURES else None
    risk = None if past is None else learn_risk(past)
    model = None if risk is None else RiskModel(asset_type=asset_type, learned_through=day_number(through), risk=risk)
    return 0 if past is None else len(past.site), len(failures), model


def learn_due(conn: psycopg.Connection, fence: Fence) -> Learned | None:
    """Learn the oldest quarter that is due, of any kind and type; None where none is. One, so that nobody waits."""
    due: list[tuple[datetime, str, str]] = []
    fleets = {kind: read_fleets(conn, kind) for kind in (LIFE, RISK)}
    for kind, types in fleets.items():
        learned = {(name, at): known for name, at, known in conn.execute(_LEARNED, [kind, VERSIONS[kind]])}
        due += [
            (at, kind, name)
            for name, fleet in types.items()
            for at in fleet.quarters()
            if learned.get((name, at)) != asdict(fleet.known(at))
        ]
    if not due:
        return None
    at, kind, name = min(due)
    return learn_type(conn, kind, name, fleets[kind][name], at, fence)
