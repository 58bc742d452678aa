"""What is stored about one account, and what is found in it.

Everything here is what an assessment has saved and what records say; a finding of a day is a function of what lies
before that day's midnight (UTC), so the same rows give the same findings in whatever order they came. An alert
counts by what never changes once it was said: its kind, its scope, when it opened, when and how it ended.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from functools import cached_property
from typing import NamedTuple

from services.health.assessment import OutcomeRow, UpdateEffectRow, ValueRow
from services.health.block import Contract, Economics, Entitlement
from services.health.prognostic_assessment.peer_levels import PeerModel
from shared.kpis import Totals, merged


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Row of `account_findings`; the customer is the account's.

    value, low, high: in `unit` (`currency` for money), None where nobody can know. ready_on: when there will be
    enough data. evidence: `facts` are dated and in words, the rest is of the kind.
    """

    kind: str
    subject: str = ""
    day: date
    verdict: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str | None = None
    currency: str | None = None
    basis: str = "measured"
    ready_on: date | None = None
    evidence: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class AccountEvent:
    """Something that happened to a scope of the account; `event_id` is its owner's id."""

    event_id: str
    scope_type: str
    scope_id: int
    at: datetime
    kind: str
    attributes: dict[str, object]


@dataclass(frozen=True, kw_only=True)
class AccountAsset:
    """A machine that stands or stood with the customer, `since` included to `until` not; None where it still does.

    site_id, line_of_business: of where it stood last.
    """

    asset_id: int
    name: str
    asset_type: str
    commissioned_on: date | None
    since: date
    until: date | None
    site_id: int
    line_of_business: str


@dataclass(frozen=True, kw_only=True)
class Objective:
    """What the customer wants to reach by a day."""

    objective_id: str
    kpi: str
    target: float
    due_on: date | None
    description: str | None


@dataclass(frozen=True, kw_only=True)
class AccountAlert:
    """An alert that opened. ended_at: event time, also where a person ended it; None while it stands. acted_at: when a
    person first took it on or averted it (event time); None where nobody did."""

    alert_id: str
    kind: str
    scope_type: str
    scope_id: int
    tier: str
    opened_at: datetime
    ended_at: datetime | None
    resolution: str | None
    acted_at: datetime | None

    def stands_on(self, day: date) -> bool:
        """Whether it was open at the day's midnight."""
        at = midnight(day)
        return self.opened_at <= at and (self.ended_at is None or self.ended_at > at)


@dataclass(frozen=True, kw_only=True)
class MonthTimes:
    """Times of one machine in one calendar month, of those of its days that declare the same inputs."""

    asset_id: int
    month: date
    totals: Totals


@dataclass(frozen=True, kw_only=True)
class PlayScore:
    """Row of `play_scores`: what acting on alerts of a kind brought over the fleet, against those nobody acted on.

    effect, low, high: hours of stops a 1,000 known hours that acting saved, with a 90 % interval; None where nobody can
    know. acted, left_alone: episodes with three months before and after. customers: whose the acted ones are. needed:
    how many more episodes of the rarer group it takes at least.
    """

    play: str
    as_of: date
    verdict: str
    effect: float | None
    low: float | None
    high: float | None
    acted: int
    left_alone: int
    customers: int
    needed: int | None


@dataclass(frozen=True, kw_only=True, order=True)
class FleetVersion:
    """A software version of a type's machines, and the day on which it was first seen at any customer."""

    first_seen: date
    version: str
    asset_type: str


class MonthStops(NamedTuple):
    """Stopped, known and planned hours of a machine in a month."""

    stopped_h: float
    known_h: float
    planned_h: float


@dataclass(frozen=True, kw_only=True)
class Account:
    """All that is stored about one customer up to the newest midnight.

    data_use: what the customer allows. heard: first day with known time of each asset that ever had any. times: of
    calendar months, each asset's apart; the last month may be unfinished. peers: what others reach, oldest first.
    scores: what plays brought over the fleet, oldest first. fleet_versions: of the types of its machines, at all
    customers. updates: what releases did to its own.
    """

    customer_id: int
    name: str
    through: date
    heard: dict[int, date]
    contracts: tuple[Contract, ...]
    objectives: tuple[Objective, ...]
    entitlements: tuple[Entitlement, ...]
    assets: tuple[AccountAsset, ...]
    owner_roles: tuple[str, ...]
    events: tuple[AccountEvent, ...]
    times: tuple[MonthTimes, ...]
    values: tuple[ValueRow, ...]
    alerts: tuple[AccountAlert, ...]
    outcomes: tuple[OutcomeRow, ...]
    data_use: tuple[str, ...] = ()
    peers: tuple[PeerModel, ...] = ()
    scores: tuple[PlayScore, ...] = ()
    fleet_versions: tuple[FleetVersion, ...] = ()
    updates: tuple[UpdateEffectRow, ...] = ()
    economics: tuple[Economics, ...] = ()

    @cached_property
    def by_month(self) -> Mapping[date, Sequence[MonthTimes]]:
        """Times by calendar month."""
        found: dict[date, list[MonthTimes]] = {}
        for row in self.times:
            found.setdefault(row.month, []).append(row)
        return found

    @cached_property
    def plant(self) -> Mapping[date, Sequence[Totals]]:
        """Totals of all machines by calendar month, as few as their inputs allow."""
        return {month: merged(row.totals for row in rows) for month, rows in self.by_month.items()}

    @cached_property
    def stops(self) -> Mapping[date, Mapping[int, MonthStops]]:
        """Stopped, known and planned time of each machine by calendar month."""
        found: dict[date, dict[int, MonthStops]] = {}
        for row in self.times:
            own, t = found.setdefault(row.month, {}), row.totals
            before = own.get(row.asset_id, MonthStops(0.0, 0.0, 0.0))
            hours = MonthStops(t.stopped_s / 3600, t.known_s / 3600, t.pbt_s / 3600)
            own[row.asset_id] = MonthStops(*(a + b for a, b in zip(before, hours, strict=True)))
        return found

    @cached_property
    def type_of(self) -> Mapping[int, str]:
        """Asset to its type."""
        return {asset.asset_id: asset.asset_type for asset in self.assets}

    @property
    def first_data(self) -> date | None:
        """The first day of which anything is known."""
        return min(self.heard.values(), default=None)

    def events_of(self, day: date, *kinds: str) -> list[AccountEvent]:
        """Events of these kinds before the day's midnight, oldest first."""
        at = midnight(day)
        return [event for event in self.events if event.kind in kinds and event.at < at]

    def standing(self, day: date, *kinds: str) -> list[AccountAlert]:
        """Alerts of these kinds that stood at the day's midnight, oldest first."""
        return [alert for alert in self.alerts if alert.kind in kinds and alert.stands_on(day)]


def midnight(day: date) -> datetime:
    """The instant at which a day begins."""
    return datetime.combine(day, time.min, UTC)


def fact(
    what: str, *, on: date | None = None, value: float | None = None, unit: str | None = None
) -> dict[str, object]:
    """One piece of evidence in words, with its date and its figure where there are any."""
    return {"what": what, "on": None if on is None else on.isoformat(), "value": value, "unit": unit}
