"""What happened in the demo so far, as events: failures and their repairs, software, and what people did."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from deploy.local.plants.fleet import Customer, Plant
from deploy.local.plants.machine import BAD_FIRMWARE, Machine
from deploy.local.plants.records.business import BUSINESS

Row = dict[str, object]

_DAY_S = 86_400
_HALF_YEAR_S = 182 * _DAY_S
_WEAR_MODES = {
    "centrifugal_pump": "bearing",
    "screw_compressor": "screw bearing",
    "packaging_machine": "cam follower",
}


def event_rows(customers: tuple[Customer, ...], started_s: int) -> Iterator[Row]:
    """Rows of events.csv, up to the demo's first start; a plant that fell silent has told nothing after that."""
    for customer in customers:
        yield from _business_events(customer, started_s)
        for plant in customer.plants:
            through_s = started_s if plant.silent_from_s is None else plant.silent_from_s
            for machine in plant.machines:
                yield from _failures(plant, machine, through_s)
                if machine.bad_update_s is not None:
                    attributes = {"component": "controller", "version": BAD_FIRMWARE}
                    yield _event("asset", machine.id, machine.bad_update_s, "software_release", attributes)


def _failures(plant: Plant, machine: Machine, through_s: int) -> Iterator[Row]:
    """Each failure with its cause, and the work order that ended it."""
    worn = zip(machine.cycles.failed.tolist(), machine.cycles.repaired.tolist(), strict=True)
    found = [(start, end, _WEAR_MODES[machine.kind.id]) for start, end in worn]
    found += [(trip.starts_s, trip.ends_s, trip.mode) for trip in machine.trips]
    for start, end, mode in sorted(found):
        if not plant.origin_s <= start < through_s:
            continue
        yield _event("asset", machine.id, start, "failure", {"cause": "supplier", "mode": mode})
        if end < through_s:
            yield _event("asset", machine.id, end, "work_order", {"type": "corrective", "hours": (end - start) // 3600})
            yield _event("asset", machine.id, end, "part", {"part": mode, "quantity": 1})


def _business_events(customer: Customer, started_s: int) -> Iterator[Row]:
    story, business = customer.story, BUSINESS[customer.story.id]
    origin_s = customer.plants[0].origin_s
    machines = sum(len(plant.machines) for plant in customer.plants)
    yield _event("customer", story.id, origin_s - 200 * _DAY_S, "order", {"machines": machines})
    for days, (name, due) in enumerate((("first_data", 14), ("first_value", 210))):
        plan = {"name": name, "due_on": _moment(origin_s + due * _DAY_S)[:10]}
        yield _event("customer", story.id, origin_s - (30 - days) * _DAY_S, "milestone", plan)
    for count, at_s in enumerate(range(origin_s + _HALF_YEAR_S, started_s - 30 * _DAY_S, _HALF_YEAR_S)):
        score = min(10, business.survey + count % 2)
        yield _event("customer", story.id, at_s, "survey", {"score": score, "of": 10})
        yield _event("customer", story.id, at_s + 20 * _DAY_S, "touchpoint", {"by": "account_manager", "form": "visit"})
    commitment = {"what": "joint value review", "due_on": _moment(started_s + 45 * _DAY_S)[:10]}
    yield _event("customer", story.id, started_s - 40 * _DAY_S, "commitment", commitment)
    yield _event("customer", story.id, origin_s + _DAY_S, "renewal", {"years": 3})


def _event(scope_type: str, scope: str, at_s: int, kind: str, attributes: Mapping[str, object]) -> Row:
    return {
        "id": f"{kind}/{scope}/{at_s}",
        "scope_type": scope_type,
        "scope": scope,
        "at": _moment(at_s),
        "kind": kind,
        "attributes": json.dumps(dict(attributes)),
    }


def _moment(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
