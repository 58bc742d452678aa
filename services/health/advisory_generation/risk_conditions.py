"""When a machine's risk of failing within days deserves an alert. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

import numpy as np

from services.health.advisory_generation.alert_facts import content, percent, quantity
from services.health.advisory_generation.alert_kinds import KINDS
from services.health.advisory_generation.episodes import Condition, Standing
from services.health.advisory_generation.machine_conditions import (
    WORK_KINDS,
    event_hours,
    failure_hours,
    repair_stake,
)
from services.health.assessment import AlertContent
from services.health.block import Bools, CustomerBlock
from services.health.health_assessment.asset_risk import AssetRisk
from services.health.health_assessment.asset_work import AssetWork
from services.health.prognostic_assessment.failure_risk.learning import HORIZONS_H
from services.health.state_detection.times import production_hours

_KIND = KINDS["failure_risk"]


def risk_conditions(
    block: CustomerBlock, works: Sequence[AssetWork], risks: Mapping[int, AssetRisk], standing: Mapping[str, Standing]
) -> Iterator[Condition]:
    """Of machines that are at risk in the block, or have been."""
    for work in works:
        risk = risks.get(work.asset.asset_id)
        if risk is not None and (risk.raised.any() or f"{_KIND.name}/{work.asset.asset_id}" in standing):
            yield failure_risk(block, work, risk)


def _known(block: CustomerBlock, work: AssetWork) -> Bools:
    """Hours in which any of its conditions or its state was known."""
    if work.intervals is None:
        return work.covered
    _, known_s = production_hours([work.intervals], start=block.start.timestamp(), hours=len(work.covered))
    return np.asarray(work.covered | (known_s[0] > 0), dtype=np.bool_)


def failure_risk(block: CustomerBlock, work: AssetWork, risk: AssetRisk) -> Condition:
    """The machine is as likely to fail as those of which the fleet's alarm was right.

    What is told is what it is judged by, the longest horizon; the date is the middle of the alarm's own.
    """

    def describe(hour: int) -> AlertContent:
        soonest, horizon = float(HORIZONS_H[risk.horizon[hour]]), float(HORIZONS_H[-1])
        within, base = float(risk.within[-1, hour]), float(risk.base[-1, hour])
        now = (block.start + timedelta(hours=hour + 1)).timestamp()
        return content(
            _KIND,
            block,
            {
                "asset": work.asset.name,
                "site": work.site_name,
                "horizon": f"{horizon / 24:.0f} days",
                "fleet": f"{percent(within, 0)}, where a machine of its type has {percent(base, 0)}",
            },
            {
                "probability": quantity(100 * within, "%", 0),
                "usual_probability": quantity(100 * base, "%", 1),
                "within": quantity(horizon, "h", 0),
            },
            repair_stake(block, work, hour),
            expected=(now + 3600 * soonest / 2, now, now + 3600 * horizon),
            confidence=within,
        )

    return Condition(
        kind=_KIND,
        scope_id=work.asset.asset_id,
        raised=risk.raised,
        cleared=risk.cleared,
        known=_known(block, work),
        describe=describe,
        materialised=failure_hours(block, work),
        acted=event_hours(block, work.asset.asset_id, WORK_KINDS, len(work.running)),
    )
