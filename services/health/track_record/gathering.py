"""Rows of all customers as the histories that the record is reckoned from. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

import numpy as np

from services.health.advisory_generation.alert_kinds import ASSET_WORK, OutcomeTest
from services.health.assessment import ForecastRow, OutcomeRow
from services.health.track_record.histories import AlertHistory, ForecastHistory, KindHistory, OutcomeHistory


@dataclass(frozen=True, kw_only=True)
class OpenedAlert:
    """What of an alert the record needs; event times, also of what people said. expected_at: as told at its opening."""

    customer_id: int
    kind: str
    scope_type: str
    scope_id: int
    opened_at: datetime
    ended_at: datetime | None
    resolution: str | None
    expected_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class FleetRows:
    """All rows that the record knows; outcomes and forecasts with their customer. through: assessed, by customer.

    unseen: customer, asset and day where most of the planned time is unknown.
    """

    alerts: Sequence[OpenedAlert]
    outcomes: Sequence[tuple[int, OutcomeRow]]
    forecasts: Sequence[tuple[int, ForecastRow]]
    through: Mapping[int, datetime]
    unseen: Sequence[tuple[int, int, date]]


class _Scopes(dict[tuple[int, str, int], int]):
    """Numbers of scopes, in the order in which they are first asked for."""

    def __missing__(self, scope: tuple[int, str, int]) -> int:
        self[scope] = len(self)
        return self[scope]


def history_of(kind: str, test: OutcomeTest, rows: FleetRows) -> KindHistory:
    """The history of one kind over all customers."""
    scopes = _Scopes()
    alerts = [a for a in rows.alerts if a.kind == kind]
    forecasts = [(customer, f) for customer, f in rows.forecasts if f.kind == kind]
    return KindHistory(
        alerts=AlertHistory(
            scope=_ints(scopes[a.customer_id, a.scope_type, a.scope_id] for a in alerts),
            opened=_instants(a.opened_at for a in alerts),
            ended=_instants(a.ended_at for a in alerts),
            through=_instants(rows.through[a.customer_id] for a in alerts),
            resolution=np.array([a.resolution or "" for a in alerts], dtype="U20"),
            dated=np.array([a.expected_at is not None for a in alerts], dtype=np.bool_),
        ),
        outcomes=_outcomes(test.outcome, rows, scopes),
        work=_outcomes(ASSET_WORK, rows, scopes),
        unseen=_unseen(rows, scopes),
        forecasts=ForecastHistory(
            scope=_ints(scopes[customer, f.scope_type, f.scope_id] for customer, f in forecasts),
            horizon_days=_ints(f.horizon_days for _, f in forecasts),
            at=_instants(f.at for _, f in forecasts),
            until=_instants(f.until for _, f in forecasts),
            through=_instants(rows.through[customer] for customer, _ in forecasts),
            probability=np.array(
                [np.nan if f.probability is None else f.probability for _, f in forecasts], dtype=np.float64
            ),
        ),
    )


def _outcomes(name: str, rows: FleetRows, scopes: _Scopes) -> OutcomeHistory:
    found = [(customer, o) for customer, o in rows.outcomes if o.outcome == name]
    scope = _ints(scopes[customer, o.scope_type, o.scope_id] for customer, o in found)
    at = _instants(o.at for _, o in found)
    order = np.lexsort((at, scope))
    happened = np.array([o.happened for _, o in found], dtype=np.bool_)
    return OutcomeHistory(scope=scope[order], at=at[order], happened=happened[order])


def _unseen(rows: FleetRows, scopes: _Scopes) -> OutcomeHistory:
    scope = _ints(scopes[customer, "asset", asset_id] for customer, asset_id, _ in rows.unseen)
    at = _instants(datetime.combine(day, time(), UTC) for *_, day in rows.unseen)
    order = np.lexsort((at, scope))
    return OutcomeHistory(scope=scope[order], at=at[order], happened=np.ones(len(at), dtype=np.bool_))


def _ints(values: Iterable[int]) -> np.ndarray:
    return np.array(list(values), dtype=np.int64)


def _instants(values: Iterable[datetime | None]) -> np.ndarray:
    return np.array([np.nan if at is None else at.timestamp() for at in values], dtype=np.float64)
