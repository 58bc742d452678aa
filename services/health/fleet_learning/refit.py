"""Learn what is due: for each type of machine, and of all customers' contracts, at the first midnight of every quarter
that its whole fleet has passed.

The oldest quarter comes first, and one is due again where more is known of the time before it than when it was learned:
so a history that is filled in, in whatever order, ends with the models of a fleet that was there all along.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, time, timedelta

import psycopg

from services.health.charge import Fence, unfenced
from services.health.fleet_learning.life_reading import Failures, day_number, read_failures, read_lives
from services.health.fleet_learning.past_reading import read_past
from services.health.fleet_learning.peer_reading import read_member_days, read_months
from services.health.fleet_learning.renewal_reading import RenewalRecords, read_renewal_records
from services.health.fleet_learning.stored_models import (
    LIFE,
    NO_TYPE,
    PEERS,
    RENEWALS,
    RISK,
    VERSIONS,
    Known,
    KnownBefore,
    KnownPeers,
    KnownRenewals,
    Model,
    save_model,
)
from services.health.prognostic_assessment import peer_learning, renewal_learning
from services.health.prognostic_assessment.failure_risk.learning import LEAST_FAILURES
from services.health.prognostic_assessment.failure_risk.learning import learn as learn_risk
from services.health.prognostic_assessment.failure_risk.risk_model import RiskModel
from services.health.prognostic_assessment.peer_levels import LEAST_PEERS, PeerModel
from services.health.prognostic_assessment.remaining_life import learning
from services.health.prognostic_assessment.remaining_life.life_model import LifeModel
from services.health.prognostic_assessment.renewal_model import RenewalModel

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
# The same of all customers.
_ALL = """
SELECT min(assessed_through) FROM (SELECT *, max(assessed_at) OVER () AS newest FROM model_states) fleet
WHERE newest - assessed_at <= interval '1 day'
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
    PEERS: {"table": "times_daily"},
}
_NO_FAILURES = Failures(told=(), seen=(), stands_with={})


@dataclass(frozen=True, kw_only=True)
class Learned:
    """What was learned of one type: None where its failures were too few, or none was foretold. machines: lives of
    them for remaining life, customers for peers, contracts for renewals. new: nothing like it was stored before."""

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

    def known(self, through: datetime) -> KnownBefore:
        """How much is known of the time before a quarter's first midnight."""
        days = sum(count for first, count in self.days.items() if first < through.date())
        return Known(days=days, failures=self.failed(through))

    def failed(self, through: datetime) -> int:
        """How often machines failed before a quarter's first midnight."""
        return len(self.failures.before(through))

    def quarters(self) -> list[datetime]:
        """Quarters with something before them to learn from, up to the one that the fleet is in, oldest first."""
        at, found = quarter(self.through.astimezone(UTC)), []
        first = datetime.combine(min(self.days), time(), UTC)
        while at > first:
            found.append(at)
            at = quarter(at - timedelta(days=1))
        return found[::-1]


@dataclass(frozen=True, kw_only=True)
class PeerFleet(Fleet):
    """The same of the customers that are compared with each other. of: known machine days by quarter and customer."""

    of: Mapping[date, Mapping[int, int]]

    def known(self, through: datetime) -> KnownPeers:
        """How much is known of the time before a quarter's first midnight, and of whom."""
        before = [first for first in self.of if first < through.date()]
        customers = sorted({number for first in before for number in self.of[first]})
        return KnownPeers(days=sum(self.days[first] for first in before), customers=customers)


@dataclass(frozen=True, kw_only=True)
class RenewalFleet(Fleet):
    """The same of all customers' contracts. days: contracts of which it came to be known whether they were renewed."""

    records: RenewalRecords

    def known(self, through: datetime) -> KnownRenewals:
        """How much is known of the time before a quarter's first midnight."""
        past = self.records.before(through)
        signs = sum(value for one in past for value in one.signs.values())
        return KnownRenewals(contracts=len(past), lost=sum(one.lost for one in past), signs=round(signs, 6))


def quarter(at: datetime) -> datetime:
    """The first midnight (UTC) of the quarter in which an instant lies."""
    return at.replace(month=3 * ((at.month - 1) // 3) + 1, day=1, hour=0, minute=0, second=0, microsecond=0)


def read_fleets(conn: psycopg.Connection, kind: str) -> dict[str, Fleet]:
    """The fleet of each type of which there is something to learn from."""
    if kind == RENEWALS:
        return _renewal_fleet(conn)
    through: dict[str, datetime] = dict(conn.execute(_FLEETS.format(**_TABLES[kind])).fetchall())
    if kind == PEERS:
        return {name: _peer_fleet(through[name], of) for name, of in read_member_days(conn).items() if name in through}
    days: dict[str, dict[date, int]] = defaultdict(dict)
    for name, first, count in conn.execute(_DAYS.format(**_TABLES[kind])):
        days[name][first] = count
    failures = read_failures(conn, list(through))
    return {name: Fleet(through=at, days=days[name], failures=failures[name]) for name, at in through.items()}


def _peer_fleet(through: datetime, of: Mapping[date, Mapping[int, int]]) -> PeerFleet:
    days = {first: sum(own.values()) for first, own in of.items()}
    return PeerFleet(through=through, failures=_NO_FAILURES, days=days, of=of)


def _renewal_fleet(conn: psycopg.Connection) -> dict[str, Fleet]:
    """All customers together; none while no contract that was judged came due."""
    records = read_renewal_records(conn)
    through = next(conn.execute(_ALL))[0]
    if not records.judged or through is None:
        return {}
    days: Counter[date] = Counter()
    for day, count in records.known_on(through.astimezone(UTC).date()).items():
        days[quarter(datetime.combine(day, time(), UTC)).date()] += count
    fleet = RenewalFleet(through=through, failures=_NO_FAILURES, days=days, records=records)
    return {NO_TYPE: fleet} if days else {}


def learn_type(
    conn: psycopg.Connection, kind: str, asset_type: str, fleet: Fleet, through: datetime, fence: Fence = unfenced
) -> Learned:
    """Learn one type from what is known before an UTC midnight, and store it in one transaction."""
    known = fleet.known(through)
    with conn.transaction():
        fence(conn)
        machines, failures, model = _LEARNED_BY[kind](conn, asset_type, fleet, through)
        new = save_model(conn, kind, asset_type, through, model, known)
    return Learned(
        kind=kind, asset_type=asset_type, through=through, machines=machines, failures=failures, model=model, new=new
    )


def _life(
    conn: psycopg.Connection, asset_type: str, fleet: Fleet, through: datetime
) -> tuple[int, int, LifeModel | None]:
    enough = fleet.failed(through) >= learning.LEAST_FAILURES
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


def _peers(
    conn: psycopg.Connection, asset_type: str, fleet: Fleet, through: datetime
) -> tuple[int, int, PeerModel | None]:
    known = fleet.known(through)
    enough = isinstance(known, KnownPeers) and len(known.customers) > LEAST_PEERS
    members = read_months(conn, asset_type, through) if enough else []
    return len(members), 0, peer_learning.learn(members, asset_type, day_number(through))


def _renewals(
    _conn: psycopg.Connection, _asset_type: str, fleet: Fleet, through: datetime
) -> tuple[int, int, RenewalModel | None]:
    past = fleet.records.before(through) if isinstance(fleet, RenewalFleet) else []
    return len(past), sum(one.lost for one in past), renewal_learning.learn(past, day_number(through))


_LEARNED_BY = {LIFE: _life, RISK: _risk, PEERS: _peers, RENEWALS: _renewals}


def learn_due(conn: psycopg.Connection, fence: Fence) -> Learned | None:
    """Learn the oldest quarter that is due, of any kind and type; None where none is. One, so that nobody waits."""
    due: list[tuple[datetime, str, str]] = []
    fleets = {kind: read_fleets(conn, kind) for kind in VERSIONS}
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
