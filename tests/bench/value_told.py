"""What the product says of made-up customers, quarter by quarter, and what was true: all that is scored."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from multiprocessing import get_context

import numpy as np

from services.health.assess import Assessment, CustomerState, assess
from services.health.assessment import CumulatedRow, SignalRow, UpdateEffectRow, ValueRow
from services.health.block import Floats
from services.health.value_assessment.cumulated import ALL
from shared.months import month_number
from tests.bench.value_plants import FIRST_YEAR, HOUR_COST, MARGIN, RATE, STOPS, Plant, blocks, month_edges_h, plant_of
from tests.bench.value_truth import Truth, truth_of

_KEPT_SIGNALS = ("trend", "renewal_risk")
_QUALITY = 0.97


@dataclass(frozen=True, kw_only=True)
class Alert:
    """When an alert opened and was closed, inf where it was not, in months since the beginning."""

    kind: str
    month: float
    until: float


@dataclass(frozen=True, kw_only=True)
class Told:
    """One customer: its truth, and what was said of it. worth: true money of each month; uptime: known, a month;
    stops: how many began in each month.

    signals: those of whole months' last days. cumulated: of all lines of business. updates: what was told last of each
    release, by version. promised_worth: as worth, had what was promised been kept. factors: `Plant`'s.
    """

    truth: Truth
    alerts: tuple[Alert, ...]
    values: tuple[ValueRow, ...]
    signals: tuple[SignalRow, ...]
    cumulated: tuple[CumulatedRow, ...]
    updates: Mapping[str, UpdateEffectRow]
    worth: Floats
    promised_worth: Floats
    factors: tuple[float, ...]
    uptime: Floats
    stops: Floats


def month_of(day: date) -> int:
    """Whole months since the beginning."""
    return month_number(day) - 12 * FIRST_YEAR


def _fraction(at: datetime) -> float:
    return month_of(at) + (at.day - 1 + at.hour / 24) / 31


def told_of(job: tuple[int, int, str]) -> Told:
    """All of one customer's five years. job: seed, customer, mechanism of renewals."""
    truth = truth_of(*job)
    plant = plant_of(truth)
    state: CustomerState | None = None
    alerts: dict[tuple[str, int, datetime], Alert] = {}
    values, signals, cumulated, updates = [], [], [], {}
    for block in blocks(plant, truth.customer + 1):
        said = assess(state, block)
        state = said.state
        for episode in said.episodes:
            opened = episode.life.opened_at
            if opened is not None:
                key = (episode.kind, episode.scope_id, episode.life.pending_since)
                closed = episode.life.resolved_at
                until = float("inf") if closed is None else _fraction(closed)
                alerts[key] = Alert(kind=episode.kind, month=_fraction(opened), until=until)
        values += said.values
        signals += _kept(said)
        cumulated += [row for row in said.cumulated if row.line_of_business == ALL]
        updates |= {row.version: row for row in said.updates}
    return Told(
        truth=truth,
        alerts=tuple(sorted(alerts.values(), key=lambda a: a.month)),
        values=tuple(values),
        signals=tuple(signals),
        cumulated=tuple(cumulated),
        updates=updates,
        worth=_worth(plant),
        promised_worth=_promised_worth(plant),
        factors=plant.factors,
        uptime=uptime(plant),
        stops=stops(plant),
    )


def _kept(said: Assessment) -> Iterator[SignalRow]:
    for row in said.signals:
        if row.kind in _KEPT_SIGNALS and (row.day + timedelta(days=1)).day == 1:
            yield row


def uptime(plant: Plant) -> Floats:
    """Share of known time of a month in which the machines did not stand for a cause, shape (months,)."""
    edges = month_edges_h()[: plant.truth.leaves + 1].astype(np.int64)
    stopped = sum((m.stopped_h for m in plant.machines), np.zeros(plant.hours))
    return 1 - np.add.reduceat(stopped, edges[:-1]) / np.diff(edges) / len(plant.machines)


def stops(plant: Plant) -> Floats:
    """How many stops for a cause began in each month, shape (months,)."""
    began = [m.at[np.isin(m.state, STOPS) & (m.at < plant.hours)] for m in plant.machines]
    counts, _ = np.histogram(np.concatenate(began), month_edges_h()[: plant.truth.leaves + 1])
    return counts.astype(np.float64)


def _worth(plant: Plant) -> Floats:
    """Money expected to be gained each month over what would have been without us, with the same orders.

    Of rates against rates: what chance made of a month is nobody's doing. Hours of stops that did not come cost no
    more; the margin of the units of these hours is among the units.
    """
    truth = plant.truth
    edges = month_edges_h()[: truth.leaves + 1].astype(np.int64)
    per_hour = RATE * _QUALITY
    money = np.zeros(truth.leaves)
    for number, machine in enumerate(plant.machines):
        working = machine.running_h + machine.stopped_h
        before = plant.before(number)
        stopped, rate = plant.stopped(number), plant.rate(number)
        hours = (before - stopped) * working
        units = per_hour * (rate * (1 - stopped) - (1 - before)) * working
        hourly = units * MARGIN + hours * max(0.0, HOUR_COST - MARGIN * per_hour)
        money += np.add.reduceat(hourly, edges[:-1])
    return money


def _promised_worth(plant: Plant) -> Floats:
    """Money a month if the promised availability had been kept, at what an hour without a stop is worth."""
    truth, per_hour = plant.truth, RATE * _QUALITY
    edges = month_edges_h()[: truth.leaves + 1].astype(np.int64)
    working = sum((m.running_h + m.stopped_h for m in plant.machines), np.zeros(plant.hours))
    an_hour = MARGIN * per_hour + max(0.0, HOUR_COST - MARGIN * per_hour)
    return np.asarray((truth.before - (1 - truth.promised)) * np.add.reduceat(working, edges[:-1]) * an_hour)


def told(jobs: Sequence[tuple[int, int, str]], processes: int) -> Iterator[Told]:
    """What is told of each job's customer, in their order."""
    with get_context("spawn").Pool(processes) as pool:
        yield from pool.imap(told_of, jobs)
