"""What people say about one customer, read as the dataclasses of its block."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import psycopg
from psycopg.rows import dict_row

from services.health.block import (
    Contract,
    Economics,
    Entitlement,
    Event,
    Line,
    Metric,
    PlannedStop,
    Shift,
    Site,
)
from shared.errors import RecordError
from shared.stays import STAYS

Sums = tuple[str | None, ...]
Window = tuple[float, float]
"""[from, until) in Unix seconds, open ends infinite."""

_CUSTOMER = "SELECT name, segment, data_use FROM customers WHERE customer_id = %(customer)s"
_SITES = "SELECT site_id, name, timezone FROM sites WHERE customer_id = %(customer)s ORDER BY site_id"
_SHIFTS = """
SELECT site_id, shifts.external_id, valid_from, weekdays, starts_at, ends_at FROM shifts JOIN sites USING (site_id)
WHERE customer_id = %(customer)s ORDER BY shift_id
"""
_PLANNED_STOPS = """
SELECT site_id, line_id, starts_at, ends_at FROM planned_stops JOIN sites USING (site_id)
WHERE customer_id = %(customer)s ORDER BY planned_stop_id
"""
_LINES = """
SELECT line_id, site_id, l.name, line_of_business FROM lines l JOIN sites USING (site_id)
WHERE customer_id = %(customer)s ORDER BY line_id
"""
_CONTRACTS = """
SELECT contract_id, external_id, valid_from, signed_on, starts_on, ends_on, annual_value::float8, currency,
       guaranteed_availability, guarantee_window_days, guarantee_window, guarantee_exclusions,
       credit_per_point::float8, credit_cap::float8, bonus_per_point::float8,
       promised_annual_value::float8, promised_availability
FROM contracts WHERE customer_id = %(customer)s ORDER BY external_id, valid_from, contract_id
"""
_ECONOMICS = """
SELECT site_id, line_of_business, valid_from, margin_per_good_unit::float8, downtime_cost_per_hour::float8,
       currency, basis, author
FROM economics JOIN sites USING (site_id) WHERE customer_id = %(customer)s ORDER BY economics_id
"""
_ENTITLEMENTS = """
SELECT asset_id, capability, starts_on, ends_on, annual_fee::float8, currency
FROM entitlements WHERE customer_id = %(customer)s ORDER BY entitlement_id
"""
_OWNER_ROLES = "SELECT DISTINCT role FROM owners WHERE customer_id = %(customer)s ORDER BY role"
_EVENTS = """
SELECT scope_type, scope_id, at, kind, attributes FROM events e
WHERE (scope_type = 'customer' AND scope_id = %(customer)s)
   OR (scope_type = 'site' AND scope_id IN (SELECT site_id FROM sites WHERE customer_id = %(customer)s))
   OR (scope_type = 'line' AND scope_id IN
       (SELECT line_id FROM lines JOIN sites USING (site_id) WHERE customer_id = %(customer)s))
   OR (scope_type = 'asset' AND scope_id = ANY(%(assets)s))
ORDER BY at, record_source, external_id
"""
_PLACEMENTS = f"""
SELECT asset_id, a.name, a.commissioned_on, asset_type_id, t.name AS asset_type, t.state_decoder,
       t.unit_time_s, t.capacity_per_hour, site_id, line_id, valid_from, until
FROM {STAYS} p
JOIN sites USING (site_id) JOIN assets a USING (asset_id) JOIN asset_types t USING (asset_type_id)
WHERE customer_id = %(customer)s ORDER BY asset_id, valid_from
"""
_METRICS = """
SELECT asset_type_id, name, unit, role, capability, max_hold_s FROM metrics
WHERE asset_type_id IN (SELECT asset_type_id FROM assets WHERE asset_id = ANY(%(assets)s)) ORDER BY metric_id
"""
_BINDINGS = """
SELECT asset_id, source_id, series_id, metric, valid_from, until
FROM (SELECT *, lead(valid_from) OVER (PARTITION BY device_id ORDER BY valid_from) AS until FROM bindings) b
JOIN devices USING (device_id) JOIN series USING (device_id)
WHERE asset_id = ANY(%(assets)s) ORDER BY asset_id, series_id, valid_from
"""
_RECORDS = (
    _CUSTOMER,
    _SITES,
    _SHIFTS,
    _PLANNED_STOPS,
    _LINES,
    _CONTRACTS,
    _ECONOMICS,
    _ENTITLEMENTS,
    _OWNER_ROLES,
    _PLACEMENTS,
    _METRICS,
    _BINDINGS,
)
# A day that was judged without a model is judged anew with it.
_MODELS = "SELECT kind, asset_type, learned_through, md5(body) FROM models ORDER BY 1, 2, 3"
_OWN_ASSETS = "SELECT asset_id FROM placements JOIN sites USING (site_id) WHERE customer_id = %(customer)s"


def _sums(queries: Sequence[str]) -> str:
    """One row with a checksum of what each query gives."""
    asked = (query.replace("= ANY(%(assets)s)", f"IN ({_OWN_ASSETS})") for query in queries)
    return "SELECT " + ", ".join(f"(SELECT md5(string_agg(said::text, '|')) FROM ({query}) said)" for query in asked)


# What has an hour of the day: it may have another effect on an hour that is not over.
_SUMS_OF_HOURS = _sums((_EVENTS, _SITES, _SHIFTS, _PLANNED_STOPS))
_SUMS_OF_RECORDS = _sums((*_RECORDS, _MODELS))
_OF_ASSET = ("name", "asset_type", "state_decoder", "unit_time_s", "capacity_per_hour", "commissioned_on")


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """A metric with how long one of its samples holds; 7200 s where records do not say."""

    metric: Metric
    max_hold_s: float


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Where an asset of this customer stands in [from, until)."""

    window: Window
    site_id: int
    line_id: int | None


@dataclass(frozen=True, kw_only=True)
class Channel:
    """A series that spoke for an asset in [from, until)."""

    source_id: int
    series_id: int
    metric: str
    window: Window


@dataclass(frozen=True, kw_only=True)
class AssetRecord:
    """An asset with all its times at this customer, its metrics and the series bound to it."""

    asset_id: int
    name: str
    asset_type: str
    state_decoder: dict[str, object]
    unit_time_s: float | None
    capacity_per_hour: float | None
    commissioned_on: date | None
    placements: tuple[Placement, ...]
    meanings: tuple[Meaning, ...]
    channels: tuple[Channel, ...]


@dataclass(frozen=True, kw_only=True)
class CustomerRecords:
    """All that records and events say about one customer."""

    customer_id: int
    name: str
    segment: str | None
    sites: tuple[Site, ...]
    lines: tuple[Line, ...]
    contracts: tuple[Contract, ...]
    economics: tuple[Economics, ...]
    entitlements: tuple[Entitlement, ...]
    owner_roles: tuple[str, ...]
    data_use: tuple[str, ...]
    events: tuple[Event, ...]
    assets: tuple[AssetRecord, ...]


def read_records(conn: psycopg.Connection, customer_id: int) -> CustomerRecords:
    """Everything recorded about one customer, in an order that does not depend on when it was said."""
    with conn.cursor(row_factory=dict_row) as cur:
        asked: dict[str, Any] = {"customer": customer_id}

        def rows(query: str) -> list[dict[str, Any]]:
            return cur.execute(query, asked).fetchall()

        customer = rows(_CUSTOMER)[0]
        assets = _assets(cur, rows(_PLACEMENTS))
        asked["assets"] = [asset.asset_id for asset in assets]
        return CustomerRecords(
            customer_id=customer_id,
            name=customer["name"],
            segment=customer["segment"],
            sites=_sites(rows(_SITES), rows(_SHIFTS), rows(_PLANNED_STOPS)),
            lines=tuple(Line(**row) for row in rows(_LINES)),
            contracts=tuple(
                Contract(**row | {"guarantee_exclusions": tuple(row["guarantee_exclusions"])})
                for row in rows(_CONTRACTS)
            ),
            economics=tuple(Economics(**row) for row in rows(_ECONOMICS)),
            entitlements=tuple(Entitlement(**row) for row in rows(_ENTITLEMENTS)),
            owner_roles=tuple(row["role"] for row in rows(_OWNER_ROLES)),
            data_use=tuple(sorted(customer["data_use"])),
            events=tuple(Event(**row) for row in rows(_EVENTS)),
            assets=assets,
        )


def sums_of_hours(conn: psycopg.Connection, customer_id: int) -> Sums:
    """Checksums of what has happened to the customer and its assets by now, and of its calendars."""
    return conn.execute(_SUMS_OF_HOURS, {"customer": customer_id}).fetchone() or ()


def sums_of_records(conn: psycopg.Connection, customer_id: int) -> Sums:
    """Checksums of all that `read_records` reads but the events, and of what fleets have taught."""
    return conn.execute(_SUMS_OF_RECORDS, {"customer": customer_id}).fetchone() or ()


def digest(records: CustomerRecords, before: datetime) -> bytes:
    """Fingerprint of what the records say about the time before a moment: another one means, assess that again.

    Contracts, prices, calendars, moves and events that begin later do not count, nor do series: data that a new
    series brings is announced as a change. What a guarantee of any date needs kept of the past counts at once.
    """
    day, moment = before.date(), before.timestamp()
    told = (
        (records.name, records.segment, records.lines, records.entitlements, records.owner_roles, records.data_use),
        [contract for contract in records.contracts if contract.valid_from < day],
        sorted({c.guarantee_window_days or 0 for c in records.contracts if c.guaranteed_availability is not None}),
        [price for price in records.economics if price.valid_from < day],
        [event for event in records.events if event.at < before],
        [_site_told(site, before) for site in records.sites],
        [_asset_told(asset, moment) for asset in records.assets],
    )
    return sha256(repr(told).encode()).digest()


def _site_told(site: Site, before: datetime) -> tuple[object, ...]:
    shifts = [shift for shift in site.shifts if shift.valid_from < before.date()]
    stops = [stop for stop in site.planned_stops if stop.starts_at < before]
    return site.site_id, site.name, site.timezone, shifts, stops


def _asset_told(asset: AssetRecord, moment: float) -> tuple[object, ...]:
    placed = [
        (p.site_id, p.line_id, p.window[0], min(p.window[1], moment)) for p in asset.placements if p.window[0] < moment
    ]
    declared = (asset.state_decoder, asset.unit_time_s, asset.capacity_per_hour)
    what = (asset.asset_id, asset.name, asset.asset_type, declared, asset.commissioned_on, asset.meanings)
    return (what, placed) if placed else ()


def instant(day: date | None) -> float:
    """Unix seconds of a UTC midnight; infinite for None. Years before 1970 are negative."""
    return float("inf") if day is None else datetime.combine(day, time(0), UTC).timestamp()


def _sites(sites: list[dict[str, Any]], shifts: list[dict[str, Any]], stops: list[dict[str, Any]]) -> tuple[Site, ...]:
    for site in sites:
        _check_time_zone(site)
    by_site: dict[int, tuple[list[Shift], list[PlannedStop]]] = defaultdict(lambda: ([], []))
    for row in shifts:
        by_site[row.pop("site_id")][0].append(Shift(**row | {"weekdays": tuple(row["weekdays"])}))
    for row in stops:
        by_site[row.pop("site_id")][1].append(PlannedStop(**row))
    return tuple(
        Site(**row, shifts=tuple(by_site[row["site_id"]][0]), planned_stops=tuple(by_site[row["site_id"]][1]))
        for row in sites
    )


def _check_time_zone(site: dict[str, Any]) -> None:
    try:
        ZoneInfo(site["timezone"])
    except (ZoneInfoNotFoundError, ValueError) as exc:
        problem = f"site {site['name']} has the time zone {site['timezone']!r}, which does not exist"
        raise RecordError("sites", None, problem, "name one of the IANA time zones, as Europe/Berlin") from exc


def _assets(cur: psycopg.Cursor[dict[str, Any]], placements: list[dict[str, Any]]) -> tuple[AssetRecord, ...]:
    placed: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in placements:
        placed[row["asset_id"]].append(row)
    meanings: dict[int, list[Meaning]] = defaultdict(list)
    for row in cur.execute(_METRICS, {"assets": list(placed)}).fetchall():
        hold, type_id = row.pop("max_hold_s"), row.pop("asset_type_id")
        meanings[type_id].append(Meaning(metric=Metric(**row), max_hold_s=7200.0 if hold is None else hold))
    channels: dict[int, list[Channel]] = defaultdict(list)
    for row in cur.execute(_BINDINGS, {"assets": list(placed)}).fetchall():
        since, until = row.pop("valid_from").timestamp(), row.pop("until")
        window = (since, float("inf") if until is None else until.timestamp())
        channels[row.pop("asset_id")].append(Channel(**row, window=window))
    return tuple(
        AssetRecord(
            asset_id=asset_id,
            **{key: rows[0][key] for key in _OF_ASSET},
            placements=tuple(
                Placement(
                    window=(instant(row["valid_from"]), instant(row["until"])),
                    site_id=row["site_id"],
                    line_id=row["line_id"],
                )
                for row in rows
            ),
            meanings=tuple(meanings[rows[0]["asset_type_id"]]),
            channels=tuple(channels[asset_id]),
        )
        for asset_id, rows in placed.items()
    )
