"""One customer, from rollups and records to rows, as one pure function.

The blocks of ISO 13374 in their order, each a package, and a seventh for value:

1. data acquisition         `data_acquisition`: rows read as arrays, hours by metrics (`block`)
2. data manipulation        `data_manipulation`: rollups, made in the database before this function is called
3. state detection          `state_detection`: intervals, calendars, ISO 22400 times; deviation from own baseline
4. health assessment        `health_assessment`: each asset, the customer as a whole, points lost a measure
5. prognostic assessment    `prognostic_assessment`: when wear reaches its limit, a guarantee its end, a trend its sign
6. value assessment         `value_assessment`: hours and good units, contract value, money
7. advisory generation      `advisory_generation`: episodes with sentence, stake and play

Results do not depend on where the hours are cut: assessing [a, c) is the same as assessing [a, b) and going on from
its state over [b, c), for every UTC midnight b.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from services.health.advisory_generation.all_conditions import lasting_conditions, moving_conditions
from services.health.advisory_generation.episodes import Condition, Standing, advance_alerts
from services.health.advisory_generation.machine_conditions import (
    Silence,
    silence,
)
from services.health.advisory_generation.outcomes import (
    asset_outcomes,
    change_forecasts,
    guarantee_forecasts,
    guarantee_outcomes,
    risk_forecasts,
    wear_forecasts,
)
from services.health.advisory_generation.risk_conditions import risk_conditions
from services.health.assessment import (
    CumulatedRow,
    CustomerHealthRow,
    Episode,
    ForecastRow,
    IntervalRow,
    LifeDayRow,
    OutcomeRow,
    OutlookRow,
    PersonAction,
    RiskStepRow,
    SignalRow,
    TimesRow,
    UpdateEffectRow,
    ValueRow,
)
from services.health.block import CustomerBlock
from services.health.course_rows import course_rows
from services.health.health_assessment.asset_assessment import AssetResult, AssetState, assess_asset
from services.health.health_assessment.asset_changes import fleet_changes
from services.health.health_assessment.asset_hours import fleet_hours
from services.health.health_assessment.asset_risk import AssetRisk, assess_risks
from services.health.health_assessment.asset_times import fleet_states
from services.health.health_assessment.asset_work import AssetStates, AssetWork
from services.health.health_assessment.customer_figures import (
    capabilities,
    customer_rows,
    silent_hours_at,
    whole_months,
)
from services.health.health_assessment.customer_health.assessing import NO_HEALTH, HealthState, assess_health
from services.health.health_assessment.customer_work import COLUMNS, HEARD_H, LISTENED_H, CustomerWork, Month
from services.health.health_assessment.daily_history import history
from services.health.health_assessment.guarantee_work import GuaranteeState, guarantee_work
from services.health.health_assessment.records_in_force import promises_by_day
from services.health.prognostic_assessment.fleet_models import NO_MODELS, FleetModels
from services.health.prognostic_assessment.remaining_life.life_model import LifeModel
from services.health.risk_rows import risk_signal_rows, risk_step_rows
from services.health.rows import interval_rows, life_day_rows, signal_rows, times_rows
from services.health.state_detection.calendars import Calendar, calendar
from services.health.state_detection.change_detection.change_state import ChangeState
from services.health.value_assessment.activity import months_of, thinned
from services.health.value_assessment.customer_value import CustomerValue, customer_value
from services.health.value_assessment.renewal_signs import renewal_rows
from services.health.value_assessment.tallies import ValueState
from services.health.value_assessment.version_effects import update_effects
from services.health.value_assessment.world_change import Proposal, WorldState, turns
from services.health.world_rows import world_rows

# The layout of CustomerState; a stored state of another version means: start again from the rollups.
STATE_VERSION = 27

KEPT_DAYS = 400


@dataclass(frozen=True, kw_only=True)
class CustomerState:
    """What an assessment goes on from, at the UTC midnight `through`; serialisable by msgspec.

    silent_h: hours of silence of each source; none for a source never heard. days: the last 400 days of the
    customer's COLUMNS, row by row, float64. alerts: by `kind/scope_id`.
    """

    through: datetime
    assets: dict[int, AssetState]
    silent_h: dict[int, float]
    days: bytes
    months: tuple[Month, ...]
    health: HealthState
    guarantees: GuaranteeState
    alerts: dict[str, Standing]
    value: ValueState = field(default_factory=ValueState)
    world: WorldState = field(default_factory=WorldState)


@dataclass(frozen=True, kw_only=True)
class StateRows:
    """Rows of intervals and times that lie in a block or reach into it."""

    intervals: tuple[IntervalRow, ...]
    times: tuple[TimesRow, ...]


@dataclass(frozen=True, kw_only=True)
class Assessment(StateRows):
    """All rows of the block's hours, and the state at its last whole midnight.

    Rows of intervals, times and signals lie in the block or reach into it; values cover every month that the block
    touches, whole; customer health covers whole days only; episodes are those that were open at any hour of the block.
    """

    signals: tuple[SignalRow, ...]
    health: tuple[CustomerHealthRow, ...]
    values: tuple[ValueRow, ...]
    cumulated: tuple[CumulatedRow, ...] = ()
    outlooks: tuple[OutlookRow, ...] = ()
    updates: tuple[UpdateEffectRow, ...] = ()
    episodes: tuple[Episode, ...]
    outcomes: tuple[OutcomeRow, ...]
    forecasts: tuple[ForecastRow, ...]
    life_days: tuple[LifeDayRow, ...]
    risk_steps: tuple[RiskStepRow, ...]
    state: CustomerState


@dataclass(frozen=True, kw_only=True)
class Work:
    """What an assessment has found out on the way to its rows. lasting: conditions that are known in the morning.
    models: those that it judges by."""

    assets: tuple[AssetResult, ...]
    customer: CustomerWork
    lasting: tuple[Condition, ...]
    models: FleetModels


def assess(
    state: CustomerState | None,
    block: CustomerBlock,
    actions: tuple[PersonAction, ...] = (),
    models: FleetModels = NO_MODELS,
) -> Assessment:
    """Assess one customer over the block's hours, going on from `state`; None at the customer's first data.

    The block starts at `state.through`, a UTC midnight; `block.events` holds all events of the customer's scopes up to
    the block's end. Raises ValueError where the block does not start where the state ends.
    """
    return assess_with_work(state, block, actions, models)[0]


def assess_with_work(
    state: CustomerState | None,
    block: CustomerBlock,
    actions: tuple[PersonAction, ...] = (),
    models: FleetModels = NO_MODELS,
) -> tuple[Assessment, Work]:
    """As `assess`, with what it found out on the way."""
    before = state or nothing_yet(block.start)
    if before.through != block.start:
        raise ValueError(f"the block starts at {block.start}, its state ends at {before.through}")
    assets = assets_of(before, block, models.lives)
    silences = silences_of(before, block)
    work = _customer_work(before, block, assets, silences)
    lasting = tuple(lasting_conditions(work, assets, models.peers))
    found = Work(assets=tuple(assets), customer=work, lasting=lasting, models=models)
    risks = risks_of(before, found)
    moving = moving_conditions(work, assets, silences)
    moving += risk_conditions(block, [a.work for a in assets], risks, before.alerts)
    keep_hours = 24 * (work.hours // 24)
    episodes, alerts = advance_alerts(
        before.alerts, [*moving, *found.lasting], actions, start=block.start, keep_hours=keep_hours
    )
    works = [a.work for a in assets]
    value = customer_value(before.value, block, works, models.peers)
    told, proposal = turns(before.world.proposal, work.activity, block, block.hours // 24)
    states = state_rows(block, [a.states for a in assets])
    health, health_state = assess_health(before.health, work, silences, models.peers)
    rows = Assessment(
        intervals=states.intervals,
        times=states.times,
        signals=(
            *signal_rows(work, works, block.hours // 24),
            *risk_signal_rows(block, risks),
            *world_rows(work, told, models.peers),
            *course_rows(work, works, models.peers),
            *renewal_rows(work, episodes, models.renewals),
        ),
        health=tuple(health),
        values=value.months,
        cumulated=value.cumulated,
        outlooks=value.outlooks,
        updates=tuple(update_effects(block, works)) if block.hours >= 24 else (),
        episodes=tuple(episodes),
        outcomes=outcome_rows(work, works),
        forecasts=tuple(_forecasts(work, works, risks)),
        life_days=tuple(row for asset in works for row in life_day_rows(asset)),
        risk_steps=tuple(risk_step_rows(risks)),
        state=_kept(before, work, assets, risks, silences, health_state, alerts, value, proposal),
    )
    return rows, found


def assess_states(state: CustomerState, block: CustomerBlock) -> StateRows:
    """The rows of intervals and times that `assess` gives, alone: what moves on before the next hour is whole."""
    return state_rows(block, states_of(state, block))


def states_of(before: CustomerState, block: CustomerBlock) -> list[AssetStates]:
    """What each asset of the block was doing, going on from the state."""
    open_at_start = {asset_id: own.interval for asset_id, own in before.assets.items()}
    return fleet_states(block, _calendars(block), open_at_start)


def state_rows(block: CustomerBlock, assets: Sequence[AssetStates]) -> StateRows:
    """Intervals and times of all assets."""
    end = block.end.timestamp()
    return StateRows(
        intervals=tuple(row for a in assets for row in interval_rows(a, end)),
        times=tuple(row for a in assets for row in times_rows(a)),
    )


def assets_of(before: CustomerState, block: CustomerBlock, models: Sequence[LifeModel]) -> list[AssetResult]:
    """What is known of each asset of the block, going on from the state, and what is kept of it."""
    sites = {site.site_id: site for site in block.sites}
    states = states_of(before, block)
    hours = fleet_hours(block, states)
    changes = fleet_changes(changes_at(before, block), block.assets, hours, block.start.timestamp())
    return [
        assess_asset(block, own, changed, sites[own.asset.site_id], before.assets.get(own.asset.asset_id), models)
        for own, changed in zip(states, changes, strict=True)
    ]


def changes_at(before: CustomerState, block: CustomerBlock) -> list[ChangeState | None]:
    """What the search for changes goes on from, of each asset of the block."""
    known = [before.assets.get(asset.asset_id) for asset in block.assets]
    return [None if state is None else state.change for state in known]


def risks_of(before: CustomerState, work: Work) -> dict[int, AssetRisk]:
    """The risk that each asset fails, from its state before the block on."""
    kept = {asset_id: own.risk for asset_id, own in before.assets.items()}
    return assess_risks(kept, work.customer.block, [a.work for a in work.assets], work.models.risks)


def _calendars(block: CustomerBlock) -> dict[tuple[int, int | None], Calendar]:
    """The calendar of each site and line that has a machine."""
    sites = {site.site_id: site for site in block.sites}
    start, end = block.start.timestamp(), block.end.timestamp()
    places = {(asset.site_id, asset.line_id) for asset in block.assets}
    return {(site, line): calendar(sites[site], line, start=start, end=end) for site, line in places}


def nothing_yet(start: datetime) -> CustomerState:
    """The state before a customer's first data."""
    return CustomerState(
        through=start,
        assets={},
        silent_h={},
        days=b"",
        months=(),
        health=NO_HEALTH,
        guarantees=GuaranteeState(known_s={}),
        alerts={},
    )


def _customer_work(
    before: CustomerState, block: CustomerBlock, assets: Sequence[AssetResult], silences: Sequence[Silence]
) -> CustomerWork:
    works = [a.work for a in assets]
    block_rows, losses, silent_h = customer_rows(assets, silences, block.days)
    days = history(before.days, block_rows.reshape(-1, COLUMNS), block.first_day)
    guaranteed, promised = promises_by_day(block, days.first_day, len(days.table))
    heard = block_rows[: block.hours // 24, [HEARD_H, LISTENED_H]]
    daily = [(a.work, a.states.daily) for a in assets]
    return CustomerWork(
        block=block,
        hours=block.hours,
        days=days,
        guaranteed=guaranteed,
        promised=promised,
        guarantees=guarantee_work(before.guarantees, block, works, block.hours),
        months=whole_months(before.months, days, days.kept + block.hours // 24),
        capabilities=capabilities(block, works, days),
        losses=losses,
        silent_h=silent_h,
        activity=months_of(before.world.months, block, daily, heard, block.hours // 24),
    )


def _whole_days(work: CustomerWork) -> int:
    """The row after the last day that is over."""
    return work.days.kept + work.hours // 24


def silences_of(before: CustomerState, block: CustomerBlock) -> list[Silence]:
    """How long each source has been silent."""
    return [silence(source, before.silent_h.get(source.source_id, float("nan"))) for source in block.sources]


def _kept(
    before: CustomerState,
    work: CustomerWork,
    assets: Sequence[AssetResult],
    risks: Mapping[int, AssetRisk],
    silences: Sequence[Silence],
    health: HealthState,
    alerts: dict[str, Standing],
    value: CustomerValue,
    proposal: Proposal | None,
) -> CustomerState:
    """What the next assessment goes on from, at the block's last midnight."""
    whole, cut = work.hours // 24, _whole_days(work)
    return CustomerState(
        through=work.block.start + timedelta(days=whole),
        assets=before.assets | _asset_states(before, assets, risks),
        silent_h=before.silent_h | _silent_at(silences, 24 * whole),
        days=work.days.packed(cut, KEPT_DAYS),
        months=_without_old_slopes(work.months),
        health=health,
        guarantees=work.guarantees.state,
        alerts=alerts,
        value=value.state,
        world=WorldState(months=thinned(work.activity), proposal=proposal),
    )


def _asset_states(
    before: CustomerState, assets: Sequence[AssetResult], risks: Mapping[int, AssetRisk]
) -> dict[int, AssetState]:
    found = {}
    for asset in assets:
        asset_id = asset.work.asset.asset_id
        kept = before.assets.get(asset_id)
        risk = risks[asset_id].state if asset_id in risks else None if kept is None else kept.risk
        found[asset_id] = replace(asset.state, risk=risk)
    return found


def outcome_rows(work: CustomerWork, assets: Sequence[AssetWork]) -> tuple[OutcomeRow, ...]:
    """What came true in the block's hours."""
    return (*guarantee_outcomes(work), *(row for asset in assets for row in asset_outcomes(work.block, asset)))


def _forecasts(
    work: CustomerWork, assets: Sequence[AssetWork], risks: Mapping[int, AssetRisk]
) -> Iterator[ForecastRow]:
    yield from guarantee_forecasts(work, range(-(-work.hours // 24)))
    for asset in assets:
        yield from wear_forecasts(work.block, asset)
        yield from change_forecasts(work.block, asset)
    for asset_id, risk in risks.items():
        yield from risk_forecasts(work.block, asset_id, risk)


def _silent_at(silences: Sequence[Silence], hours: int) -> dict[int, float]:
    """Hours of silence after the first hours of the block, of the sources that were heard by then."""
    found = {s.source.source_id: silent_hours_at(s, hours) for s in silences}
    return {source: silent for source, silent in found.items() if silent is not None}


def _without_old_slopes(months: tuple[Month, ...]) -> tuple[Month, ...]:
    """Months as they are kept: only the newest is looked at again with its slopes."""
    return (*(replace(m, slopes=()) for m in months[:-1]), *months[-1:])
