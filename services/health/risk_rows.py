"""The risk of failure as rows of the tables. Pure."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import numpy as np

from services.health.advisory_generation.alert_facts import quantity
from services.health.assessment import RiskStepRow, SignalRow
from services.health.block import CustomerBlock
from services.health.health_assessment.asset_risk import AssetRisk, ToldStep
from services.health.health_assessment.daily_history import day_of
from services.health.prognostic_assessment.failure_risk.learning import HORIZONS_H
from services.health.state_detection.states import DAY_S


def risk_step_rows(risks: Mapping[int, AssetRisk]) -> Iterator[RiskStepRow]:
    """What each machine told of each whole day and of each hour with a fault."""
    for asset_id, risk in risks.items():
        for step in risk.steps:
            at = datetime.fromtimestamp(step.day * DAY_S, UTC) + timedelta(hours=step.hours)
            yield RiskStepRow(asset_id=asset_id, at=at, told=_told(step))


def _told(step: ToldStep) -> dict[str, object]:
    """Only what there is to tell."""
    said = {
        "marks": step.marks,
        "faults": step.faults,
        "stops": {name: list(told) for name, told in step.stops.items()},
        "repaired": step.repaired,
        "readings": step.readings,
        "terms": step.terms,
    }
    return {"known_h": step.known_h} | {name: value for name, value in said.items() if value}


def risk_signal_rows(block: CustomerBlock, risks: Mapping[int, AssetRisk]) -> Iterator[SignalRow]:
    """The probability, at the end of each whole day, that a machine fails within the longest horizon."""
    for asset_id, risk in risks.items():
        last = 24 * np.arange(block.hours // 24) + 23
        for day in np.flatnonzero(np.isfinite(risk.within[-1, last]) & (risk.coverage > 0)).tolist():
            within, base = risk.within[:, last[day]], risk.base[:, last[day]]
            told = {f"{hours:g}": round(float(p), 4) for hours, p in zip(HORIZONS_H, within, strict=True)}
            yield SignalRow(
                scope_type="asset",
                scope_id=asset_id,
                kind="failure_risk",
                day=day_of(block.first_day + day),
                value=float(within[-1]),
                evidence={
                    "within_hours": told,
                    "fleet_average": quantity(float(base[-1]), "1", 4),
                    "coverage": quantity(float(risk.coverage[day]), "1", 2),
                },
            )
