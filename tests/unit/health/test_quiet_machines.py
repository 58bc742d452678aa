"""Machines of the demo that do not wear stay quiet."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from deploy.local.plants.fleet import SEED, customers
from deploy.local.plants.generate import generate_hours
from deploy.local.plants.machine import running_s
from deploy.local.plants.noise import stream
from deploy.local.plants.wear import Life, cycles
from services.health.state_detection.change_detection.change import Buckets, advance_change
from services.health.state_detection.change_detection.tempo import HOURLY
from tests.unit.health.change_fleet import starts

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def young_machines():
    """The demo's machines as if each were young, a year of their hours."""
    hour = int(NOW.timestamp()) // 3600
    for one in customers(NOW):
        for plant in one.plants:
            fresh = tuple(
                replace(
                    m,
                    cycles=cycles(
                        stream(SEED, m.id),
                        Life(typical_days=2000, age_days=500, left_days=1500),
                        m.calendar,
                        int(NOW.timestamp()),
                        4,
                        5,
                    ),
                    trips=(),
                    bad_update_s=None,
                )
                for m in plant.machines[:1]
            )
            alive = replace(plant, machines=fresh, silent_from_s=None)
            yield from zip(fresh, generate_hours(alive, hour - 8760, hour - 1), strict=True)


def test_young_machines_of_the_demo_stay_quiet_over_a_simulated_year():
    found = []
    for machine, data in young_machines():
        points, metrics = (
            [m.name for m in machine.kind.metrics if m.role == role] for role in ("operating_point", "condition")
        )
        hour = data.at_s // 3600
        buckets = Buckets(
            metrics=tuple(metrics),
            points=tuple(points),
            values=np.column_stack([data.columns[name] for name in metrics]).astype(np.float64),
            at_points=np.column_stack([data.columns[name] for name in points]).astype(np.float64),
            at=data.at_s.astype(np.float64),
            usable=running_s(machine, hour, (hour + 1) * 3600) > 1800,
            renewed=np.zeros(len(hour), dtype=np.bool_),
        )
        findings = advance_change(None, buckets, HOURLY)[1]
        found += [(machine.id, hour) for hour in starts(findings.changed)]
        assert not findings.faulty.any(), machine.id
    assert not found
