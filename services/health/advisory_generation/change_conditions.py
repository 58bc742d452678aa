"""When a machine's sudden change deserves an alert. Pure."""

from datetime import UTC, datetime

import numpy as np

from services.health.advisory_generation.alert_facts import content, quantity, spoken_day
from services.health.advisory_generation.alert_kinds import KINDS
from services.health.advisory_generation.episodes import Condition
from services.health.advisory_generation.machine_conditions import (
    WORK_KINDS,
    event_hours,
    failure_hours,
    repair_stake,
)
from services.health.assessment import AlertContent
from services.health.block import CustomerBlock
from services.health.health_assessment.asset_work import AssetWork
from services.health.state_detection.change_detection.change import ChangeFindings

_NAMED = 0.5  # metrics that moved at least half as far as the one that moved most


def condition_change(block: CustomerBlock, work: AssetWork) -> Condition:
    """Something changed within hours or days. Needs changes. What slow wear says already is not said twice."""
    changes = _changes(work)
    worn = np.zeros(len(changes.changed), dtype=np.bool_) if work.findings is None else work.findings.watch
    kind = KINDS["condition_change"]

    def describe(hour: int) -> AlertContent:
        since, moved = changes.since[hour], _moved(changes, hour)
        names = " and ".join(f"{name} {'up' if by > 0 else 'down'}" for name, by in moved[:2])
        facts: dict[str, object] = {
            "asset": work.asset.name,
            "site": work.site_name,
            "moved": f": {names}" if names else "",
            "since": "" if np.isnan(since) else f" since {spoken_day(datetime.fromtimestamp(float(since), UTC))}",
        }
        evidence: dict[str, object] = {
            "score": quantity(float(changes.score[hour]), "of its limit", 2),
            "metrics": {name: quantity(by, "baseline sigmas", 2) for name, by in moved},
        }
        return content(kind, block, facts, evidence, repair_stake(block, work, hour))

    return Condition(
        kind=kind,
        scope_id=work.asset.asset_id,
        raised=changes.changed & ~worn,
        cleared=~changes.changed & ~np.isnan(changes.score),
        known=changes.known,
        describe=describe,
        materialised=failure_hours(block, work),
        superseded=worn,
        acted=event_hours(block, work.asset.asset_id, WORK_KINDS, len(work.running)),
    )


def _changes(work: AssetWork) -> ChangeFindings:
    if work.changes is None:
        raise ValueError(f"asset {work.asset.asset_id} has no condition to judge")
    return work.changes


def _moved(changes: ChangeFindings, hour: int) -> list[tuple[str, float]]:
    """Metrics that moved and how far in sigmas, those that their own limits say most of first."""
    own, by = changes.own[hour], changes.moved[hour]
    order = sorted(range(len(own)), key=lambda m: (-own[m], changes.metrics[m]))
    least = _NAMED * own.max(initial=0.0)
    return [(changes.metrics[m], float(by[m])) for m in order if own[m] >= least and own[m] > 0]
