"""The demo's records as files of an import, dated relative to the demo's first start."""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import yaml

from deploy.local.plants.calendars import Shift
from deploy.local.plants.fleet import Customer, Plant, customers
from deploy.local.plants.kinds import (
    CAPABILITY,
    HOLD_ON_CHANGE_S,
    HOUR_S,
    KINDS,
    PACKAGING,
    TEXT_DECODER,
    Kind,
    MetricSpec,
)
from deploy.local.plants.records.business import BUSINESS, OWNERS
from deploy.local.plants.records.events import Row, event_rows

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def write_records(directory: Path, started_at: datetime) -> None:
    """Write all files into `directory`, which is made where it is missing: the same for the same `started_at`."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in record_files(started_at).items():
        (directory / name).write_text(content, encoding="utf-8")


def record_files(started_at: datetime) -> dict[str, str]:
    """Content of every file by its name, for a demo first started at `started_at`."""
    who = customers(started_at)
    start = started_at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    plants = [plant for customer in who for plant in customer.plants]
    return {
        "customers.csv": _csv(_customers(who)),
        "contracts.csv": _csv(_contracts(who, start)),
        "sites.csv": _csv(_sites(plants)),
        "lines.csv": _csv(_lines(who)),
        "shifts.csv": _csv(_shifts(plants)),
        "planned_stops.csv": _csv(_planned_stops(plants)),
        "economics.csv": _csv(_economics(who)),
        "asset_types.yaml": yaml.safe_dump([_asset_type(kind) for kind in KINDS], sort_keys=False),
        "assets.csv": _csv(_assets(plants)),
        "placements.csv": _csv(_placements(plants, start)),
        "owners.csv": _csv(_owners(who)),
        "objectives.csv": _csv(_objectives(who, start)),
        "entitlements.csv": _csv(_entitlements(who)),
        "sources.csv": _csv({"topic_prefix": plant.topic_prefix, "site": plant.id} for plant in plants),
        "bindings.csv": _csv(_bindings(plants)),
        "events.csv": _csv(event_rows(who, int(start.timestamp()))),
    }


def _csv(rows: Iterable[Row]) -> str:
    """Rows, which all have the same columns, with a header; None is empty."""
    listed = list(rows)
    written = io.StringIO()
    writer = csv.DictWriter(written, fieldnames=list(listed[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(listed)
    return written.getvalue()


def _customers(who: Iterable[Customer]) -> Iterator[Row]:
    for one in who:
        agreed = "service;success;benchmarking;business_trend"
        yield {"id": one.story.id, "name": one.story.name, "segment": one.story.segment, "data_use": agreed}


def _contracts(who: Iterable[Customer], start: datetime) -> Iterator[Row]:
    for one in who:
        business, begins = BUSINESS[one.story.id], _day(one.plants[0].origin_s)
        guarantee, promise = business.guarantee, business.promise
        yield {
            "id": f"{one.story.id}/service",
            "customer": one.story.id,
            "signed_on": _day(one.plants[0].origin_s - 90 * 86_400),
            "starts_on": begins,
            "ends_on": (start + timedelta(days=business.ends_in_days)).date(),
            "annual_value": business.annual_value,
            "currency": business.currency,
            "guaranteed_availability": guarantee and guarantee.availability,
            "guarantee_window_days": guarantee and guarantee.window_days,
            "guarantee_exclusions": "customer;external;operator;planned" if guarantee else None,
            "credit_per_point": guarantee and guarantee.credit_per_point,
            "promised_annual_value": promise and promise.annual_value,
            "promised_availability": promise and promise.availability,
            "promise_basis": "business case of the sale" if promise else None,
        }


def _sites(plants: Iterable[Plant]) -> Iterator[Row]:
    for plant in plants:
        yield {
            "id": plant.id,
            "customer": plant.customer_id,
            "name": plant.name,
            "timezone": plant.calendar.timezone,
        }


def _lines(who: Iterable[Customer]) -> Iterator[Row]:
    for one in who:
        for plant in one.plants:
            for line in dict.fromkeys(machine.line for machine in plant.machines):
                yield {
                    "id": _line_id(plant, line),
                    "site": plant.id,
                    "name": line,
                    "line_of_business": one.story.segment,
                }


def _shifts(plants: Iterable[Plant]) -> Iterator[Row]:
    for plant in plants:
        calendar = plant.calendar
        versions: list[tuple[date | None, tuple[Shift, ...]]] = [(None, calendar.shifts)]
        if calendar.later_from is not None:
            versions.append((calendar.later_from, calendar.later_shifts))
        for valid_from, shifts in versions:
            for number, shift in enumerate(shifts, start=1):
                yield {
                    "id": f"{plant.id}/shift-{number}",
                    "site": plant.id,
                    "valid_from": valid_from,
                    "weekdays": ";".join(_WEEKDAYS[day] for day in shift.weekdays),
                    "starts_at": shift.starts_at,
                    "ends_at": shift.ends_at,
                }


def _planned_stops(plants: Iterable[Plant]) -> Iterator[Row]:
    for plant in plants:
        for stop in plant.calendar.planned_stops:
            yield {
                "id": f"{plant.id}/{stop.starts_s}",
                "site": plant.id,
                "starts_at": _moment(stop.starts_s),
                "ends_at": _moment(stop.ends_s),
                "reason": stop.reason,
            }


def _economics(who: Iterable[Customer]) -> Iterator[Row]:
    for one in who:
        business = BUSINESS[one.story.id]
        if business.worth is None:
            continue
        for plant in one.plants:
            yield {
                "id": f"{plant.id}/{one.story.segment}",
                "site": plant.id,
                "line_of_business": one.story.segment,
                "margin_per_good_unit": business.worth.margin_per_good_unit,
                "downtime_cost_per_hour": business.worth.downtime_cost_per_hour,
                "currency": business.currency,
                "basis": business.worth.basis,
                "author": business.worth.author,
            }


def _asset_type(kind: Kind) -> Row:
    decoder = {"kind": "packml"} if kind is PACKAGING else {"kind": "text", "states": TEXT_DECODER}
    return {
        "id": kind.id,
        "name": kind.name,
        "state_decoder": decoder,
        "metrics": [_metric(spec) for spec in kind.metrics],
    }


def _metric(spec: MetricSpec) -> Row:
    row: Row = {"name": spec.name, "unit": spec.unit, "role": spec.role}
    if spec.periodic:
        row |= {"sampling": "periodic", "interval_s": HOUR_S}
    else:
        row |= {"sampling": "on_change", "max_hold_s": HOLD_ON_CHANGE_S}
    return row | {"capability": spec.capability} if spec.capability else row


def _assets(plants: Iterable[Plant]) -> Iterator[Row]:
    for plant in plants:
        first_line = plant.machines[0].line
        for number, machine in enumerate(plant.machines, start=1):
            yield {
                "id": machine.id,
                "asset_type": machine.kind.id,
                "name": machine.name,
                "serial": f"SN-{machine.key % 10**8:08d}",
                "commissioned_on": _day(machine.origin_s),
                "site": plant.id,
                "line": _line_id(plant, first_line if _moved(plant, number) else machine.line),
            }


def _placements(plants: Iterable[Plant], start: datetime) -> Iterator[Row]:
    for plant in plants:
        for number, machine in enumerate(plant.machines, start=1):
            if _moved(plant, number):
                day = (start - timedelta(days=700)).date()
                line = _line_id(plant, machine.line)
                yield {"asset": machine.id, "valid_from": day, "site": plant.id, "line": line}


def _moved(plant: Plant, number: int) -> bool:
    """One machine of the demo once stood on another line of its site."""
    return plant.id == "northfield-inland" and number == 2


def _owners(who: Iterable[Customer]) -> Iterator[Row]:
    for one in who:
        for role, person, email in OWNERS:
            yield {
                "id": f"{one.story.id}/{role}",
                "customer": one.story.id,
                "role": role,
                "person": person,
                "email": email,
            }


def _objectives(who: Iterable[Customer], start: datetime) -> Iterator[Row]:
    for one in who:
        yield {
            "id": f"{one.story.id}/availability",
            "customer": one.story.id,
            "kpi": "availability",
            "target": 0.93,
            "due_on": (start + timedelta(days=300)).date(),
            "description": "availability that the customer wants by then",
        }


def _entitlements(who: Iterable[Customer]) -> Iterator[Row]:
    for one in who:
        business = BUSINESS[one.story.id]
        if business.capability_fee is None:
            continue
        yield {
            "id": f"{one.story.id}/{CAPABILITY}",
            "customer": one.story.id,
            "capability": CAPABILITY,
            "starts_on": _day(one.plants[0].origin_s),
            "annual_fee": business.capability_fee,
            "currency": business.currency,
        }


def _bindings(plants: Iterable[Plant]) -> Iterator[Row]:
    for plant in plants:
        for machine in plant.machines:
            yield {"topic_prefix": plant.topic_prefix, "device": machine.device, "asset": machine.id}


def _line_id(plant: Plant, line: str) -> str:
    return f"{plant.id}/{line.lower().replace(' ', '-')}"


def _day(at_s: int) -> str:
    return _moment(at_s)[:10]


def _moment(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
