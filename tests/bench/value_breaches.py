"""Whether guarantees of made-up customers break as often as foretold, asked at three points of each of their windows.

Customers of all courses (`value_truth`) under one contract for five years, whose guarantee allows about what the
supplier's stops take: it breaks in some of its yearly windows and holds in others. The engine's own rooms for states,
times and guarantees run over what the machines would have told; what has nothing to do with guarantees is left out.

Control: `pace`, a sure breach where spending at the window's pace so far would exceed the budget, and no breach else.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from multiprocessing import get_context

import numpy as np

from services.health.assess import assets_of, nothing_yet
from services.health.block import CustomerBlock, Floats
from services.health.health_assessment.asset_work import AssetWork
from services.health.health_assessment.guarantee_work import GuaranteeState, guarantee_work
from tests.bench.figures import Figure, Sheet
from tests.bench.value_plants import Plant, blocks, hours_in, plant_of
from tests.bench.value_scores import calibration_error, errors_of_the_truth
from tests.bench.value_truth import MONTHS, SUPPLIERS, Truth, truth_of

WINDOW_DAYS = 365
_QUARTER, _YEAR = 3, 12
_EDGES = (0.0, 0.05, 0.2, 0.4, 0.6, 0.8, 0.95, 1.0)


@dataclass(frozen=True, kw_only=True)
class Case:
    """What was foretold of a window. window: its number, customer by customer. month: of the window, at its end.

    pace: what spending as before comes to at the window's end, as a share of its budget.
    """

    window: int
    month: int
    told: float
    pace: float
    broke: bool


def guaranteed_truth(seed: int, customer: int) -> Truth:
    """A customer of `value_truth` with one contract for all of the five years and a guarantee that may well break."""
    truth = truth_of(seed, customer)
    random = np.random.default_rng((seed, customer, 2))
    allowed = SUPPLIERS * float((truth.stopped * truth.ordered).mean()) * float(random.uniform(0.7, 1.6))
    term = replace(truth.terms[0], start=0, end=MONTHS, renewed=None)
    return replace(truth, terms=(term,), releases=(), guaranteed=1 - allowed)


def foretold(job: tuple[int, int]) -> list[Case]:
    """All that was foretold of one customer's windows before it was sure. job: seed, customer."""
    seed, customer = job
    truth = guaranteed_truth(seed, customer)
    plant = plant_of(truth)
    lost_h = sum((_lost_a_day(plant, n) for n in range(truth.machines)), np.zeros(plant.hours // 24))
    allowed_h = (1 - (truth.guaranteed or 0.0)) * 24 * truth.machines * WINDOW_DAYS
    cases, state, first_day = [], GuaranteeState(known_s={}), None
    for quarter, (block, works) in enumerate(_quarters(plant)):
        first_day = block.first_day if first_day is None else first_day
        found = guarantee_work(state, _told_last(block), works, block.hours)
        state, (budget,) = found.state, found.evenings[-1]
        window, month = (budget.first_day - first_day) // WINDOW_DAYS, _QUARTER * (quarter % 4 + 1)
        days = slice(window * WINDOW_DAYS, (window + 1) * WINDOW_DAYS)
        if month < _YEAR and not budget.breached:
            cases.append(
                Case(
                    window=5 * customer + window,
                    month=month,
                    told=budget.probability,
                    pace=budget.spent_share / (month / _YEAR),
                    broke=bool(lost_h[days].sum() > allowed_h),
                )
            )
    return cases


def _told_last(block: CustomerBlock) -> CustomerBlock:
    """The block with its contract known from its last evening on alone, on which it is judged as ever."""
    last = (block.end - timedelta(days=1)).date()
    return replace(block, contracts=tuple(replace(contract, valid_from=last) for contract in block.contracts))


def _quarters(plant: Plant) -> Iterator[tuple[CustomerBlock, list[AssetWork]]]:
    """What is known of the machines in each quarter of the five years."""
    state = None
    for block in blocks(plant, plant.truth.customer + 1, _QUARTER):
        before = state or nothing_yet(block.start)
        assets = assets_of(before, block, ())
        state = replace(before, through=block.end, assets={a.work.asset.asset_id: a.state for a in assets})
        yield block, [a.work for a in assets]


def _lost_a_day(plant: Plant, number: int) -> Floats:
    """Hours a day of a machine's stops that the supplier answers for."""
    machine = plant.machines[number]
    hourly = hours_in(machine.at, np.array([state == "FAULT" for state in machine.state]), plant.hours)
    return np.asarray(hourly.reshape(-1, 24).sum(axis=1), dtype=np.float64)


def breach(seed: int, customers: int, processes: int) -> list[Figure]:
    """Calibration of P(breach), all points together and each by itself, and how many broke of those told alike."""
    with get_context("spawn").Pool(processes) as pool:
        each = pool.map(foretold, [(seed, customer) for customer in range(customers)], chunksize=1)
    return figures_of([case for cases in each for case in cases])


def figures_of(cases: Sequence[Case]) -> list[Figure]:
    """The sheet of `breach`."""
    sheet = Sheet("value", "breach")
    told, came = np.array([c.told for c in cases]), np.array([float(c.broke) for c in cases])
    window, month = np.array([c.window for c in cases]), np.array([c.month for c in cases])
    for points, chosen in (("", month > 0), *((f"_after_{m}_months", month == m) for m in (3, 6, 9))):
        by_chance = errors_of_the_truth(told[chosen], window[chosen])
        controls = {
            "if_exactly_right": float(np.median(by_chance)),
            "if_exactly_right_95": float(np.quantile(by_chance, 0.95)),
            "windows": float(len(set(window[chosen].tolist()))),
            "base_rate": float(came[chosen].mean()),
        }
        error, target = calibration_error(told[chosen], came[chosen]), None if points else 0.05
        sheet.add(f"calibration_error{points}", error, "1", target, at_most=True, controls=controls)
    pace = np.array([float(c.pace > 1) for c in cases])
    skill = 1 - ((told - came) ** 2).mean() / ((came.mean() - came) ** 2).mean()
    by_pace = 1 - ((pace - came) ** 2).mean() / ((came.mean() - came) ** 2).mean()
    sheet.add("brier_skill", float(skill), "1", controls={"base_rate": 0.0, "pace": float(by_pace)})
    place = np.clip(np.searchsorted(_EDGES, told, side="right") - 1, 0, len(_EDGES) - 2)
    for number, low in enumerate(_EDGES[:-1]):
        own = place == number
        if own.any():
            name = f"came_where_{low:g}_to_{_EDGES[number + 1]:g}_was_told"
            sheet.add(name, came[own].mean(), "1", controls={"told": told[own].mean(), "cases": float(own.sum())})
    return sheet.figures
