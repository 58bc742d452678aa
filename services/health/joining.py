"""Two consecutive assessments of one customer as one. Pure."""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from services.health.assess import Assessment

Row = TypeVar("Row")


def joined(earlier: Assessment, later: Assessment, at: datetime) -> Assessment:
    """All rows of both; of what both speak of, the later one's word. at: where the later one begins.

    An interval that the earlier one left open and the later one does not know ended there.
    """
    known = {(row.asset_id, row.started_at) for row in later.intervals}
    ended = (
        replace(row, ended_at=at) if row.ended_at is None and (row.asset_id, row.started_at) not in known else row
        for row in earlier.intervals
    )
    return Assessment(
        intervals=_latest([*ended, *later.intervals], lambda row: (row.asset_id, row.started_at)),
        times=_latest([*earlier.times, *later.times], lambda row: (row.asset_id, row.day)),
        signals=_latest(
            [*earlier.signals, *later.signals], lambda row: (row.scope_type, row.scope_id, row.kind, row.day)
        ),
        health=_latest([*earlier.health, *later.health], lambda row: row.day),
        values=_latest([*earlier.values, *later.values], lambda row: (row.month, row.line_of_business)),
        cumulated=_latest([*earlier.cumulated, *later.cumulated], lambda row: (row.month, row.line_of_business)),
        outlooks=_latest(
            [*earlier.outlooks, *later.outlooks], lambda row: (row.month, row.line_of_business, row.horizon)
        ),
        updates=_latest([*earlier.updates, *later.updates], lambda row: (row.asset_type, row.version)),
        episodes=_latest(
            [*earlier.episodes, *later.episodes],
            lambda row: (row.kind, row.scope_type, row.scope_id, row.life.pending_since),
        ),
        outcomes=_latest(
            [*earlier.outcomes, *later.outcomes], lambda row: (row.scope_type, row.scope_id, row.outcome, row.at)
        ),
        forecasts=_latest(
            [*earlier.forecasts, *later.forecasts],
            lambda row: (row.kind, row.scope_type, row.scope_id, row.horizon_days, row.at),
        ),
        life_days=_latest([*earlier.life_days, *later.life_days], lambda row: (row.asset_id, row.day)),
        risk_steps=_latest([*earlier.risk_steps, *later.risk_steps], lambda row: (row.asset_id, row.at)),
        state=later.state,
    )


def _latest(rows: Iterable[Row], key: Callable[[Row], Hashable]) -> tuple[Row, ...]:
    return tuple({key(row): row for row in rows}.values())
