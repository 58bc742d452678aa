"""Read what one type's machines told, and what became of them, as a failure risk is learned from it."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import psycopg

from services.health.advisory_generation.machine_conditions import WORK_KINDS
from services.health.fleet_learning.life_reading import AVERTED, Failures
from services.health.prognostic_assessment.failure_risk.fleet_history import Events, FleetPast
from services.health.prognostic_assessment.failure_risk.judging import Alerted
from services.health.prognostic_assessment.failure_risk.machine_steps import Layout, MachineSteps, blank

MOST_DAYS = 60_000  # of all machines together: more say the same, and would be held in memory at once
_SITES = """
SELECT DISTINCT ON (asset_id) asset_id, site_id FROM placements JOIN assets USING (asset_id)
JOIN asset_types t USING (asset_type_id)
WHERE t.name = %(type)s AND valid_from < %(through)s
  AND EXISTS (SELECT FROM risk_steps r WHERE r.asset_id = assets.asset_id AND at <= %(through)s)
ORDER BY asset_id, valid_from DESC
"""
_FIRST = "SELECT min(at) FROM risk_steps WHERE asset_id = ANY(%(assets)s)"
_STEPS = """
SELECT asset_id, at, told FROM risk_steps WHERE asset_id = ANY(%(assets)s) AND at <= %(through)s ORDER BY asset_id, at
"""
_DAYS = """
SELECT asset_id, day, readings, terms FROM life_days WHERE asset_id = ANY(%(assets)s) AND day < %(through)s::date
"""
_WORKS = f"""
SELECT scope_id, at FROM events WHERE scope_type = 'asset' AND scope_id = ANY(%(assets)s) AND kind = ANY(%(kinds)s)
  AND at < %(through)s
UNION {AVERTED} AND scope_id = ANY(%(assets)s) ORDER BY 1, 2
"""
_DAY_S = 86_400.0
Row = tuple[int, datetime, dict[str, Any]]


def read_past(conn: psycopg.Connection, asset_type: str, through: datetime, failures: Failures) -> FleetPast | None:
    """What the type's machines told before an UTC midnight; None where nothing was told.

    Of a fleet with more than MOST_DAYS every second, third, … machine.
    """
    asked: dict[str, Any] = {"type": asset_type, "through": through}
    sites = conn.execute(_SITES, asked).fetchall()
    first = conn.execute(_FIRST, asked | {"assets": [asset_id for asset_id, _ in sites]}).fetchone()
    if first is None or first[0] is None:
        return None
    first_day = int((first[0].timestamp() - 1) // _DAY_S)
    count = int(through.timestamp() // _DAY_S) - first_day
    chosen = sites[:: -(-len(sites) * count // MOST_DAYS)]
    asked["assets"] = [asset_id for asset_id, _ in chosen]
    rows: list[Row] = conn.execute(_STEPS, asked).fetchall()
    readings = conn.execute(_DAYS, asked).fetchall()
    place = {asset_id: row for row, asset_id in enumerate(asked["assets"])}
    layout = _layout(rows, [(metrics, terms) for _, _, metrics, terms in readings])
    days, alerted = _steps(rows, place, layout, first_day, count)
    _write_readings(days, readings, place, first_day)
    never = np.asarray(~np.isfinite(days.terms).any(axis=2))
    for steps, machines in ((days, np.arange(len(place))), (alerted.steps, alerted.machine)):
        steps.terms[never[machines]] = 0.0
    worked = conn.execute(_WORKS, asked | {"kinds": list(WORK_KINDS)}).fetchall()
    return FleetPast(
        first_day=first_day,
        days=days,
        alerted=alerted,
        site=np.unique([site for _, site in chosen], return_inverse=True)[1],
        failures=_events(failures.before(through), place),
        works=_events(worked, place),
        through=through.timestamp(),
    )


def _layout(rows: Sequence[Row], readings: Sequence[tuple[dict[str, float], dict[str, float]]]) -> Layout:
    def names(key: str) -> tuple[str, ...]:
        return tuple(sorted({name for *_, told in rows for name in told.get(key, ())}))

    return Layout().joined(
        Layout(
            marks=names("marks"),
            faults=names("faults"),
            metrics=tuple(sorted({name for metrics, _ in readings for name in metrics})),
            terms=tuple(sorted({name for _, terms in readings for name in terms})),
        )
    )


def _steps(
    rows: Sequence[Row], place: dict[int, int], layout: Layout, first_day: int, count: int
) -> tuple[MachineSteps, Alerted]:
    days = blank(layout, len(place), count)
    moments = [row for row in rows if row[1].timestamp() % _DAY_S]
    alerted = blank(layout, len(moments), 1)
    ends = np.array([at.timestamp() for _, at, _ in moments])
    for asset_id, at, told in rows:
        if not at.timestamp() % _DAY_S:
            _write(days, place[asset_id], int(at.timestamp() // _DAY_S) - 1 - first_day, told)
    for line, (_, _, told) in enumerate(moments):
        _write(alerted, line, 0, told)
    return days, Alerted(
        machine=np.array([place[asset_id] for asset_id, _, _ in moments], dtype=np.int64),
        day=(ends // _DAY_S).astype(np.int64) - first_day,
        lasted_h=ends % _DAY_S / 3600,
        steps=alerted,
    )


def _write(steps: MachineSteps, line: int, column: int, told: dict[str, Any]) -> None:
    layout = steps.layout
    steps.hours[line, column] = told["known_h"]
    steps.repaired[line, column] = told.get("repaired", False)
    for key, names, values in (
        ("marks", layout.marks, steps.mark_counts),
        ("faults", layout.faults, steps.fault_counts),
        ("readings", layout.metrics, steps.readings),
        ("terms", layout.terms, steps.terms),
    ):
        for name, value in told.get(key, {}).items():
            if name in names:
                values[line, names.index(name), column] = value
    for name, (hours, at_end) in told.get("stops", {}).items():
        steps.stop_h[line, layout.stops.index(name), column] = hours
        steps.stopped[line, layout.stops.index(name), column] = at_end


def _write_readings(
    steps: MachineSteps,
    rows: Sequence[tuple[int, date, dict[str, float], dict[str, float]]],
    place: dict[int, int],
    first_day: int,
) -> None:
    for asset_id, day, readings, terms in rows:
        column = (day - date(1970, 1, 1)).days - first_day
        if 0 <= column < steps.shape[1]:
            _write(
                steps,
                place[asset_id],
                column,
                {
                    "known_h": steps.hours[place[asset_id], column],
                    "repaired": steps.repaired[place[asset_id], column],
                    "readings": readings,
                    "terms": terms,
                },
            )


def _events(told: Sequence[tuple[int, datetime]], place: dict[int, int]) -> Events:
    own = [(place[asset_id], at.astimezone(UTC).timestamp()) for asset_id, at in told if asset_id in place]
    machine, at = np.array(own).reshape(-1, 2).T
    return Events(machine=machine.astype(np.int64), at=at)
