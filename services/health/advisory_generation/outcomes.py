"""What alerts are judged by: what happened to a scope, and the probabilities that were told beforehand. Pure."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from services.health.advisory_generation.alert_kinds import ASSET_FAILURE, ASSET_WORK, GUARANTEE_WINDOW, KINDS
from services.health.advisory_generation.machine_conditions import IS_NOT_OURS, WORK_KINDS
from services.health.assessment import ForecastRow, OutcomeRow
from services.health.block import Bools, CustomerBlock, Floats
from services.health.health_assessment.asset_risk import AssetRisk
from services.health.health_assessment.asset_work import AssetWork
from services.health.health_assessment.customer_work import CustomerWork
from services.health.health_assessment.daily_history import day_number
from services.health.state_detection.states import DAY_S

_HOUR = timedelta(hours=1)


def asset_outcomes(block: CustomerBlock, work: AssetWork) -> list[OutcomeRow]:
    """The asset's own failures, by its states or by an event, and the work on it, in the block's hours."""
    asset = work.asset
    failed: set[datetime] = set()
    if work.intervals is not None:
        own = work.intervals.failure & ~IS_NOT_OURS[work.intervals.cause]
        failed = {datetime.fromtimestamp(at, UTC) for at in work.intervals.started[own].tolist()}
    events = block.events_reaching(("asset", asset.asset_id))
    failed |= {e.at for e in events if e.kind == "failure"}
    worked = {e.at for e in events if e.kind in WORK_KINDS}
    return [
        OutcomeRow(scope_type="asset", scope_id=asset.asset_id, outcome=outcome, at=at, happened=True)
        for outcome, instants in ((ASSET_FAILURE, failed), (ASSET_WORK, worked))
        for at in sorted(instants)
        if block.start <= at < block.end and any(since <= at.timestamp() < until for since, until in asset.here)
    ]


def guarantee_outcomes(work: CustomerWork) -> list[OutcomeRow]:
    """Each end of a guarantee's window, on the morning on which it is known; it happened where it was overspent."""
    return [
        OutcomeRow(
            scope_type="contract",
            scope_id=budget.contract_id,
            outcome=GUARANTEE_WINDOW,
            at=work.block.start + timedelta(days=day) + _HOUR,
            happened=budget.breached,
        )
        for day in range(-(-work.hours // 24))
        for budget in work.guarantees.closed(day)
    ]


def rolling_forecasts(
    kind: str, block: CustomerBlock, scope_id: int, probability: Floats, judged: Bools
) -> Iterator[ForecastRow]:
    """Forecasts of one scope at midnights a horizon apart; probability: (T,) at each hour's end, NaN for unknown.

    judged: (T,), hours at whose end the scope could be judged at all; without it nobody forecasts.
    """
    first_day = day_number(block.start.date())
    for horizon in KINDS[kind].forecast_days:
        for day in range(len(probability) // 24):
            hour = 24 * day + 23
            if (first_day + day + 1) % horizon == 0 and judged[hour]:
                at = block.start + timedelta(days=day + 1)
                p = float(probability[hour])
                yield ForecastRow(
                    kind=kind,
                    scope_type=KINDS[kind].scope_type,
                    scope_id=scope_id,
                    horizon_days=horizon,
                    at=at,
                    until=at + timedelta(days=horizon),
                    probability=None if np.isnan(p) else p,
                )


def wear_forecasts(block: CustomerBlock, work: AssetWork) -> Iterator[ForecastRow]:
    """The probability of wear within its horizon, of an asset whose condition is judged."""
    if work.findings is not None:
        judged = ~np.isnan(work.findings.deviation)
        yield from rolling_forecasts("wear", block, work.asset.asset_id, work.findings.confidence, judged)


def change_forecasts(block: CustomerBlock, work: AssetWork) -> Iterator[ForecastRow]:
    """Spans by which changes are scored; they tell no probability, only that something is so."""
    if work.changes is not None:
        judged = ~np.isnan(work.changes.score)
        unknown = np.full(len(judged), np.nan)
        yield from rolling_forecasts("condition_change", block, work.asset.asset_id, unknown, judged)


def risk_forecasts(block: CustomerBlock, asset_id: int, risk: AssetRisk) -> Iterator[ForecastRow]:
    """The probability of a failure within the alert's horizon, of a machine whose risk is known."""
    within = risk.within[-1]
    yield from rolling_forecasts("failure_risk", block, asset_id, within, np.isfinite(within))


def guarantee_forecasts(work: CustomerWork, mornings: Sequence[int]) -> Iterator[ForecastRow]:
    """The probability of a breach so many days before the window ends, as long as it is not broken already.

    mornings: days of the block whose morning it covers.
    """
    kind = KINDS["guarantee_breach"]
    for day in mornings:
        today = work.block.first_day + day
        for budget in work.guarantees.known_on(day):
            horizon = budget.last_day + 1 - today
            if horizon in kind.forecast_days and not budget.breached and not budget.rolling:
                yield ForecastRow(
                    kind=kind.name,
                    scope_type=kind.scope_type,
                    scope_id=budget.contract_id,
                    horizon_days=horizon,
                    at=work.block.start + timedelta(days=day) + _HOUR,
                    until=datetime.fromtimestamp((budget.last_day + 2) * DAY_S, UTC) + _HOUR,
                    probability=budget.probability,
                )
