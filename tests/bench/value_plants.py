"""Made-up customers' machines as blocks: what they would have told, hour by hour, while their planted truth held."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np

from services.health.block import (
    AssetBlock,
    Contract,
    CustomerBlock,
    Economics,
    Entitlement,
    Event,
    Floats,
    Line,
    Metric,
    Shift,
    Site,
    SourceBlock,
    StateSamples,
)
from shared.records.vocabulary import BUSINESS_TREND
from tests.bench.value_truth import MONTHS, SUPPLIERS, SURVEY_EVERY, Truth, rate_of

FIRST_YEAR = 2018
MARGIN, HOUR_COST, RATE = 0.4, 90.0, 120.0
_HOUR_S, _HOLD_S = 3600.0, 2 * 86400.0
_DECODER: dict[str, object] = {
    "kind": "text",
    "states": {"RUN": "production", "FAULT": "down", "JAM": "held", "STARVED": "suspended", "WAIT": "idle"},
}
STOPS, _SHARES = ("FAULT", "JAM", "STARVED"), (SUPPLIERS, 0.25, 0.15)
_WAIT_H = 6.0
_METRICS = (
    Metric(name="production_count", unit="1", role="production_count"),
    Metric(name="good_count", unit="1", role="good_count"),
    Metric(name="adaptive_use", unit="%", role="usage", capability="adaptive_control"),
)


def month_start(month: int) -> datetime:
    """When a month of the five years begins."""
    return datetime(FIRST_YEAR + month // 12, month % 12 + 1, 1, tzinfo=UTC)


_EDGES_H = np.array([(month_start(m) - month_start(0)) / timedelta(hours=1) for m in range(MONTHS + 1)])


def month_edges_h() -> Floats:
    """Hours since the beginning at which each month begins, and the last ends."""
    return _EDGES_H


@dataclass(frozen=True, kw_only=True)
class Machine:
    """One machine's life, by the hour. at, state: from when on it is in which state, hours since the beginning."""

    at: Floats
    state: tuple[str, ...]
    running_h: Floats
    stopped_h: Floats
    good: Floats
    produced: Floats
    uses: Floats


@dataclass(frozen=True, kw_only=True)
class Plant:
    """A customer's machines until it leaves, as they were."""

    truth: Truth
    machines: tuple[Machine, ...]
    factors: tuple[float, ...]

    @property
    def hours(self) -> int:
        """Hours from the beginning until nothing comes any more."""
        return int(_EDGES_H[self.truth.leaves])

    def before(self, machine: int) -> float:
        """The machine's share of stops as it would have stayed without us."""
        return min(self.factors[machine] * self.truth.before, 0.9)

    def stopped(self, machine: int) -> Floats:
        """The machine's planted share of stops, by the hour."""
        return np.minimum(self.factors[machine] * self.truth.stopped, 0.9)[_months(self.hours)]

    def rate(self, machine: int) -> Floats:
        """The machine's planted good units an hour of production as a share of those at first, by the hour."""
        return rate_of(self.truth.releases, machine)[_months(self.hours)]


def _months(hours: int) -> np.ndarray:
    """The month of each hour."""
    return np.searchsorted(_EDGES_H, np.arange(hours), side="right") - 1


def plant_of(truth: Truth) -> Plant:
    """The machines of a customer; their mean share of stops is the planted one, theirs differ by a sixth."""
    random = np.random.default_rng((truth.seed, truth.customer, 1))
    own = np.exp(random.normal(0.0, 1 / 6, truth.machines))
    factors = tuple((own / own.mean()).tolist())
    machines = tuple(_machine(truth, number, factor, random) for number, factor in enumerate(factors))
    return Plant(truth=truth, machines=machines, factors=factors)


def _machine(truth: Truth, number: int, factor: float, random: np.random.Generator) -> Machine:
    hours = int(_EDGES_H[truth.leaves])
    month = _months(hours)
    stopped = np.minimum(factor * truth.stopped, 0.9)[month]
    at, state = _states(stopped, truth.ordered[month], truth.repair_h, hours, random)
    running = hours_in(at, np.array([s == "RUN" for s in state]), hours)
    rate = RATE * rate_of(truth.releases, number)[month]
    produced = random.poisson(rate * running).astype(np.float64)
    return Machine(
        at=at,
        state=state,
        running_h=running,
        stopped_h=hours_in(at, np.array([s in STOPS for s in state]), hours),
        produced=produced,
        good=random.binomial(produced.astype(np.int64), 0.97).astype(np.float64),
        uses=np.clip(truth.uses * (1 + 0.2 * random.standard_normal(hours)), 0, 1),
    )


def _states(
    stopped: Floats, ordered: Floats, repair_h: float, hours: int, random: np.random.Generator
) -> tuple[Floats, tuple[str, ...]]:
    """Runs, stops and waits one after another: of the hours that are not stopped, those without orders are waited."""
    per_running_h = stopped / (1 - stopped) / repair_h
    waits = stopped * 0 + (1 - ordered) / ordered / _WAIT_H
    at, state, now = [0.0], ["RUN"], 0.0
    while now < hours:
        hour = int(now)
        risk, idle = per_running_h[hour], waits[hour]
        step = random.exponential(1 / (risk + idle)) if risk + idle > 0 else np.inf
        if step > 24:
            now += 24
            continue
        now += step
        if now >= hours:
            break
        if random.random() < idle / (risk + idle):
            word, lasts = "WAIT", random.exponential(_WAIT_H)
        else:
            word, lasts = str(random.choice(STOPS, p=_SHARES)), repair_h * random.lognormal(-0.32, 0.8)
        at += [now, now + lasts]
        state += [word, "RUN"]
        now += lasts
    return np.array(at), tuple(state)


def hours_in(at: Floats, chosen: np.ndarray, hours: int) -> Floats:
    """Of each hour the share in chosen states."""
    edges = np.append(at, max(hours, at[-1] + 1))
    total = np.concatenate([[0.0], np.cumsum(np.diff(edges) * chosen)])
    return np.diff(np.interp(np.arange(hours + 1), edges, total))


def blocks(plant: Plant, customer: int, step_months: int = 3) -> Iterator[CustomerBlock]:
    """The customer's time in parts, each with all that its records say by its end."""
    for first in range(0, plant.truth.leaves, step_months):
        yield _block(plant, customer, first, min(first + step_months, plant.truth.leaves))


def _block(plant: Plant, customer: int, first: int, end: int) -> CustomerBlock:
    rows = slice(int(_EDGES_H[first]), int(_EDGES_H[end]))
    hours = rows.stop - rows.start
    truth = plant.truth
    starts = month_start(0).date()
    return CustomerBlock(
        customer_id=customer,
        name=f"Customer {customer}",
        segment=("food", "paper", "metal")[customer % 3],
        start=month_start(first),
        end=month_start(end),
        assets=tuple(_asset(machine, number, rows) for number, machine in enumerate(plant.machines, 1)),
        sources=(
            SourceBlock(
                source_id=1,
                topic_prefix="plant",
                site_id=1,
                heard=np.ones(hours, dtype=np.bool_),
                excused=np.zeros(hours, dtype=np.bool_),
            ),
        ),
        sites=(
            Site(
                site_id=1,
                name="Plant",
                timezone="UTC",
                shifts=(Shift(valid_from=starts, weekdays=tuple(range(7)), starts_at="00:00", ends_at="00:00"),),
                planned_stops=(),
            ),
        ),
        lines=(Line(line_id=1, site_id=1, name="Line", line_of_business="business"),),
        contracts=tuple(_contract(truth, n) for n, term in enumerate(truth.terms) if term.start < end),
        economics=(
            Economics(
                site_id=1,
                line_of_business="business",
                valid_from=starts,
                margin_per_good_unit=MARGIN,
                downtime_cost_per_hour=HOUR_COST,
                currency="EUR",
                basis="agreed",
            ),
        ),
        entitlements=(
            Entitlement(
                asset_id=None,
                capability="adaptive_control",
                starts_on=starts,
                ends_on=None,
                annual_fee=6000.0,
                currency="EUR",
            ),
        ),
        events=tuple(e for e in _events(truth, customer) if e.at < month_start(end)),
        owner_roles=("service_manager", "customer_success", "account_manager"),
        data_use=(BUSINESS_TREND,) if truth.tells_business else (),
    )


def _contract(truth: Truth, number: int) -> Contract:
    term = truth.terms[number]
    return Contract(
        contract_id=number + 1,
        external_id=str(number + 1),
        valid_from=date(1, 1, 1),
        signed_on=None,
        starts_on=month_start(term.start).date(),
        ends_on=(month_start(term.end) - timedelta(days=1)).date(),
        annual_value=50_000.0 * truth.machines,
        currency="EUR",
        guaranteed_availability=truth.guaranteed,
        guarantee_window_days=365,
        guarantee_window="fixed",
        guarantee_exclusions=(),
        credit_per_point=None,
        credit_cap=None,
        bonus_per_point=None,
        promised_annual_value=None,
        promised_availability=truth.promised,
    )


def _events(truth: Truth, customer: int) -> Iterator[Event]:
    for month in truth.adopted:
        at = month_start(month) + timedelta(days=9)
        yield Event(scope_type="customer", scope_id=customer, at=at, kind="retrofit", attributes={})
    for number, release in enumerate(truth.releases, 1):
        for machine in release.machines:
            yield Event(
                scope_type="asset",
                scope_id=machine + 1,
                at=month_start(release.month) + timedelta(hours=9),
                kind="software_release",
                attributes={"version": f"{number}.0"},
            )
    for month in range(2, truth.leaves, SURVEY_EVERY):
        score = {"score": round(float(truth.survey[month]), 1), "of": 10}
        yield Event(
            scope_type="customer", scope_id=customer, at=month_start(month), kind="survey", attributes=dict(score)
        )


def _asset(machine: Machine, number: int, rows: slice) -> AssetBlock:
    hours = rows.stop - rows.start
    first = max(0, int(np.searchsorted(machine.at, rows.start, side="right")) - 1)
    end = int(np.searchsorted(machine.at, rows.stop, side="left"))
    origin = month_start(0).timestamp()
    day = np.arange(rows.start, rows.stop, 24, dtype=np.float64)
    again = np.maximum(np.searchsorted(machine.at, day, side="right") - 1, 0)
    at = np.concatenate([machine.at[first:end], day])
    said = [machine.state[i] for i in (*range(first, end), *again.tolist())]
    order = np.argsort(at, kind="stable")
    increase = np.full((3, hours), np.nan)
    increase[0], increase[1] = machine.produced[rows], machine.good[rows]
    mean = np.full((3, hours), np.nan)
    mean[2] = 100 * machine.uses[rows]
    return AssetBlock(
        asset_id=number,
        name=f"Machine {number}",
        asset_type="machine",
        state_decoder=_DECODER,
        site_id=1,
        line_id=1,
        commissioned_on=None,
        metrics=_METRICS,
        mean=mean,
        covered_s=np.full((3, hours), _HOUR_S),
        increase=increase,
        states=StateSamples(
            at=origin + _HOUR_S * at[order], state=tuple(said[i] for i in order.tolist()), max_hold_s=_HOLD_S
        ),
        source_ids=(1,),
    )
