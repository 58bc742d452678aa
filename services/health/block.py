"""What one assessment of one customer is given: hours of rollups, states and records, as arrays.

The shell reads it from the database; every pure function of this service takes a part of it. All instants in
arrays are float64 Unix seconds (UTC). Hours are the buckets of `rollups_1h`; a block starts at a UTC midnight,
where the model state it goes on from was checkpointed, and ends at a whole five minutes. States count up to that end,
hourly arrays have its whole hours only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from math import inf
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Metric:
    """What one row of an asset's arrays means."""

    name: str
    unit: str
    role: str
    capability: str | None = None


@dataclass(frozen=True, kw_only=True)
class StateSamples:
    """Samples of the asset's state metric, oldest first; the one in force at the block's start comes first.

    at: shape (n,), when the state began. state: n raw states as text (numbers as their integer text), None where
    the device said that it does not know (bad quality, death). max_hold_s: how long a state holds unrepeated.
    """

    at: Floats
    state: tuple[str | None, ...]
    max_hold_s: float


@dataclass(frozen=True, kw_only=True)
class AssetBlock:
    """One asset over T hours and M numeric metrics.

    mean, covered_s, increase: shape (M, T); NaN mean where nothing was known in that hour. increase is the
    counter's growth, NaN where unknown. here: when it stood with this customer, disjoint and ascending [from, until).
    modes, faults: what its mode metric and each of its fault metrics said. unit_time_s: planned run time of a unit, and
    capacity_per_hour: the most units in an hour; None where not declared.
    """

    asset_id: int
    name: str
    asset_type: str
    state_decoder: dict[str, object]
    site_id: int
    line_id: int | None
    commissioned_on: date | None
    metrics: tuple[Metric, ...]
    mean: Floats
    covered_s: Floats
    increase: Floats
    states: StateSamples | None
    source_ids: tuple[int, ...]
    modes: StateSamples | None = None
    faults: tuple[StateSamples, ...] = ()
    unit_time_s: float | None = None
    capacity_per_hour: float | None = None
    here: tuple[tuple[float, float], ...] = ((-inf, inf),)


@dataclass(frozen=True, kw_only=True)
class SourceBlock:
    """One source of the customer: `heard` is true in hours in which anything was received or rightly still held.

    excused: hours in which ingest itself was not listening, so silence says nothing. Both shape (T,).
    """

    source_id: int
    topic_prefix: str
    site_id: int
    heard: Bools
    excused: Bools


@dataclass(frozen=True, kw_only=True)
class Site:
    """A site with what its calendar says; without shifts it counts as 24/7, `assumed`."""

    site_id: int
    name: str
    timezone: str
    shifts: tuple["Shift", ...]
    planned_stops: tuple["PlannedStop", ...]


@dataclass(frozen=True, kw_only=True)
class Shift:
    """Working hours on some weekdays (0 Monday) in the site's time zone; `ends_at` at or before `starts_at` is the
    next day."""

    valid_from: date
    weekdays: tuple[int, ...]
    starts_at: str
    ends_at: str
    external_id: str = ""
    """Rows with the same id are versions of one shift: the latest `valid_from` not after a day holds on it."""


@dataclass(frozen=True, kw_only=True)
class PlannedStop:
    """A stop agreed beforehand; of one line, or of the whole site where `line_id` is None."""

    line_id: int | None
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line and the line of business whose profit it serves."""

    line_id: int
    site_id: int
    name: str
    line_of_business: str | None


@dataclass(frozen=True, kw_only=True)
class Contract:
    """One version of a contract, in force from `valid_from` until the next version or `ends_on`.

    contract_id: the version's own. guarantee_window: `fixed` or `rolling`.
    """

    contract_id: int
    external_id: str
    valid_from: date
    signed_on: date | None
    starts_on: date
    ends_on: date | None
    annual_value: float | None
    currency: str | None
    guaranteed_availability: float | None
    guarantee_window_days: int | None
    guarantee_window: str
    guarantee_exclusions: tuple[str, ...]
    credit_per_point: float | None
    credit_cap: float | None
    bonus_per_point: float | None
    promised_annual_value: float | None
    promised_availability: float | None


@dataclass(frozen=True, kw_only=True)
class Economics:
    """What a good unit and an hour of downtime are worth to one line of business of a site; who says so, since when."""

    site_id: int
    line_of_business: str
    valid_from: date
    margin_per_good_unit: float | None
    downtime_cost_per_hour: float | None
    currency: str
    basis: str
    author: str | None = None


@dataclass(frozen=True, kw_only=True)
class Entitlement:
    """A capability that the customer bought, for one asset or for all."""

    asset_id: int | None
    capability: str
    starts_on: date
    ends_on: date | None
    annual_fee: float | None
    currency: str | None


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened to a scope: failure, work_order, software_release, survey, commitment, …"""

    scope_type: str
    scope_id: int
    at: datetime
    kind: str
    attributes: dict[str, object]


@dataclass(frozen=True, kw_only=True)
class CustomerBlock:
    """All that one assessment of one customer needs, for [start, end)."""

    customer_id: int
    name: str
    segment: str | None
    start: datetime
    end: datetime
    assets: tuple[AssetBlock, ...]
    sources: tuple[SourceBlock, ...]
    sites: tuple[Site, ...]
    lines: tuple[Line, ...]
    contracts: tuple[Contract, ...]
    economics: tuple[Economics, ...]
    entitlements: tuple[Entitlement, ...]
    events: tuple[Event, ...]
    owner_roles: tuple[str, ...]
    data_use: tuple[str, ...] = ()
    """What the customer agreed that its data are used for."""

    @cached_property
    def _placed_events(self) -> Mapping[tuple[str, int | None], Sequence[tuple[int, Event]]]:
        """Place in `events` and event, by scope."""
        found: dict[tuple[str, int | None], list[tuple[int, Event]]] = {}
        for place, event in enumerate(self.events):
            found.setdefault((event.scope_type, event.scope_id), []).append((place, event))
        return found

    def events_reaching(self, *scopes: tuple[str, int | None]) -> list[Event]:
        """The events of any of these scopes, in the order of `events`."""
        placed = [found for scope in scopes for found in self._placed_events.get(scope, ())]
        return [event for _, event in sorted(placed, key=itemgetter(0))]

    @property
    def hours(self) -> int:
        """Whole hours of the block; those are the columns of its hourly arrays."""
        return (self.end - self.start) // timedelta(hours=1)

    @property
    def days(self) -> int:
        """UTC days of the block, the one under way included."""
        return -((self.start - self.end) // timedelta(days=1))

    @property
    def first_day(self) -> int:
        """The block's first day, in days since 1970-01-01."""
        return int(self.start.timestamp() // 86400)
