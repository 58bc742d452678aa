"""What hours add to a day under way, reckoned from its midnight with what was found out in its morning. Pure.

Within a day only states, their times, who is silent, what a guarantee loses, what came true and the month's value move
on, changes are looked for, and a fault may foretell a failure; wear, trends, remaining life and customer health are
judged when the day is over. So an hour costs what moves, and the rows are those that `assess` gives for the same hours.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from services.health.advisory_generation.all_conditions import moving_conditions
from services.health.advisory_generation.episodes import Condition, Standing, advance_alerts
from services.health.advisory_generation.risk_conditions import risk_conditions
from services.health.assess import (
    CustomerState,
    StateRows,
    Work,
    changes_at,
    outcome_rows,
    risks_of,
    silences_of,
    state_rows,
    states_of,
)
from services.health.assessment import CumulatedRow, Episode, OutcomeRow, PersonAction, ValueRow
from services.health.block import CustomerBlock
from services.health.health_assessment.asset_assessment import AssetResult
from services.health.health_assessment.asset_changes import AssetChanges, more_changes
from services.health.health_assessment.asset_condition import standing
from services.health.health_assessment.asset_hours import fleet_hours
from services.health.health_assessment.asset_work import AssetStates
from services.health.health_assessment.guarantee_work import with_hours
from services.health.value_assessment.customer_value import customer_value


@dataclass(frozen=True, kw_only=True)
class HourRows(StateRows):
    """All rows that the hours of a day under way can move; those of `Assessment`."""

    values: tuple[ValueRow, ...]
    cumulated: tuple[CumulatedRow, ...]
    episodes: tuple[Episode, ...]
    outcomes: tuple[OutcomeRow, ...]


def assess_hours(
    before: CustomerState,
    morning: Work,
    block: CustomerBlock,
    actions: tuple[PersonAction, ...] = (),
    *,
    known_hours: int,
) -> tuple[HourRows, Work]:
    """The rows of a day of which fewer than 24 hours are whole, and what to go on from.

    before: the state at its midnight, where the block starts. morning: of fewer or as many hours of this day, under the
    same records and events of before it. known_hours: readings of so many hours are as they were then.
    """
    if not 0 < block.hours < 24 or block.start != before.through:
        raise ValueError(f"{block.start} to {block.end} is no part of the day from {before.through}")
    states = states_of(before, block)
    hours, start_s = fleet_hours(block, states), block.start.timestamp()
    earlier = [asset.changes for asset in morning.assets]
    changes = more_changes(earlier, changes_at(before, block), block.assets, hours, start_s, known_hours)
    assets = [_moved_on(*each, block.hours) for each in zip(morning.assets, states, changes, strict=True)]
    works = [asset.work for asset in assets]
    guarantees = with_hours(morning.customer.guarantees, works, block)
    work = replace(morning.customer, block=block, hours=block.hours, guarantees=guarantees)
    found = replace(morning, assets=tuple(assets), customer=work)
    telling = [a for a in assets if _can_be_told(before.alerts, a)]
    conditions = [
        *moving_conditions(work, telling, silences_of(before, block)),
        *risk_conditions(block, works, risks_of(before, found), before.alerts),
        *(_all_day(c, block.hours) for c in morning.lasting if _can_stand(before.alerts, c)),
    ]
    episodes, _ = advance_alerts(before.alerts, conditions, actions, start=block.start, keep_hours=0)
    moved, value = state_rows(block, states), customer_value(before.value, block, works, morning.models.peers)
    rows = HourRows(
        intervals=moved.intervals,
        times=moved.times,
        values=value.months,
        cumulated=value.cumulated,
        episodes=tuple(episodes),
        outcomes=outcome_rows(work, works),
    )
    return rows, found


def _moved_on(own: AssetResult, states: AssetStates, changes: AssetChanges, hours: int) -> AssetResult:
    """One asset with the hours that are known of it; its condition is what it was in the morning."""
    days = own.work.days
    fields = days.table.shape[1]
    table = np.concatenate([days.table[: days.kept], states.daily[:, :fields]])
    work = replace(
        own.work,
        asset=states.asset,
        days=replace(days, table=table),
        intervals=states.intervals,
        findings=None if own.work.findings is None else standing(own.work.findings, hours),
        changes=changes.findings,
        covered=changes.hours.covered,
        running=changes.hours.running,
        repaired=changes.hours.repaired,
    )
    return replace(own, work=work, states=states, changes=changes)


def _can_be_told(alerts: Mapping[str, Standing], asset: AssetResult) -> bool:
    """Whether anything of an asset that hours move can have an alert today: it is seen, or has one."""
    findings, changes = asset.work.findings, asset.work.changes
    if findings is not None and bool(findings.watch[0]):
        return True
    if changes is not None and bool(changes.changed.any()):
        return True
    kinds = ("wear", "condition_change")
    return any(_lives(alerts, f"{kind}/{asset.work.asset.asset_id}") for kind in kinds)


def _can_stand(alerts: Mapping[str, Standing], condition: Condition) -> bool:
    """Whether a condition that lasts all day can have an alert in it."""
    return bool(condition.raised[0] & condition.known[0]) or _lives(
        alerts, f"{condition.kind.name}/{condition.scope_id}"
    )


def _lives(alerts: Mapping[str, Standing], key: str) -> bool:
    return key in alerts and alerts[key].life is not None


def _all_day(condition: Condition, hours: int) -> Condition:
    """The same over more hours of the day."""
    raised, cleared, known = (
        np.full(hours, column[0]) for column in (condition.raised, condition.cleared, condition.known)
    )
    return replace(condition, raised=raised, cleared=cleared, known=known)
