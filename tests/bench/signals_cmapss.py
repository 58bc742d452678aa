"""Engines that run to failure (NASA C-MAPSS), a cycle replayed as a day.

`cmapss-watch`  nothing is told about failures
`cmapss-life`   learned from 80 engines of FD001, scored on the other 20, five times
`cmapss-unseen` learned on FD001, streamed over FD003, half of whose engines have a fault that FD001 never shows
`cmapss-test`   learned on FD001's train, scored once on its test engines' last rows
"""

import gzip
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.health.block import AssetBlock
from services.health.prognostic_assessment.remaining_life.learning import learn
from services.health.prognostic_assessment.remaining_life.life_days import LifeDays, life_days
from services.health.prognostic_assessment.remaining_life.life_filter import LifeSums, advance_life
from services.health.prognostic_assessment.remaining_life.life_model import LifeModel, remaining, without_rise
from services.health.prognostic_assessment.remaining_life.lives import Life
from services.health.state_detection.condition import advance_condition
from tests.bench.figures import Figure, Sheet
from tests.unit.health.condition_fleet import always, asset, hours_of

Floats = NDArray[np.float64]
EARLIEST, LATEST = 125, 10  # cycles before the last row between which a first alert is in time
MOST_LEFT = 125.0  # true and forecast life are capped there, as everybody does on these data
ACT = 30.0
_FOLDS = 5


def engines(path: Path) -> list[Floats]:
    """One table a unit: set1..set3, s1..s21."""
    with gzip.open(path, "rt") as file:
        rows = np.loadtxt(file, delimiter=",", skiprows=1)
    return [rows[rows[:, 0] == unit, 2:] for unit in np.unique(rows[:, 0])]


def as_asset(rows: Floats) -> AssetBlock:
    """An engine whose cycle k was read in the first hour of day k."""

    def daily(column: Floats) -> Floats:
        hours = np.full(24 * len(column), np.nan)
        hours[::24] = column
        return hours

    points = {f"set{i + 1}": daily(rows[:, i]) for i in range(3)}
    return asset({f"s{i - 2}": daily(rows[:, i]) for i in range(3, rows.shape[1])}, points)


def left_at_first_alert(fleet: list[Floats]) -> Floats:
    """Cycles between each engine's first alert and its last row, NaN without an alert."""
    left = np.full(len(fleet), np.nan)
    for unit, rows in enumerate(fleet):
        block = as_asset(rows)
        findings = advance_condition(None, block, always(block), hours_of(block))[1]
        raised = np.flatnonzero(findings.watch | findings.act)
        if len(raised):
            left[unit] = len(rows) - 1 - raised[0] // 24
    return left


def in_time(left: Floats) -> int:
    """How many first alerts were neither early nor late."""
    return int(np.sum((left >= LATEST) & (left <= EARLIEST)))


def best_clock(fleet: list[Floats]) -> int:
    """Engines in time if an alert came at the same cycle for all, the best such cycle."""
    last = np.array([len(rows) - 1 for rows in fleet])
    return max(in_time((last - cycle).astype(np.float64)) for cycle in range(int(last.max())))


def _watch(data: Path) -> list[Figure]:
    """What is seen without any failure known, engine by engine."""
    sheet = Sheet("signals", "cmapss-watch")
    for file in ("train_FD001", "train_FD003"):
        fleet = engines(data / "cmapss" / f"{file}.csv.gz")
        share = in_time(left_at_first_alert(fleet)) / len(fleet)
        clock = best_clock(fleet) / len(fleet)
        sheet.add(f"{file}_in_time", share, "1", controls={"best clock in hindsight": clock})
    return sheet.figures


def lives(fleet: list[Floats]) -> list[Life]:
    """Engines as the health service keeps their days; each failed after its last row."""
    own = [_days(rows) for rows in fleet]
    return [Life(group=i, days=days, end=float(days.day[-1]), failed=True) for i, days in enumerate(own)]


def _days(rows: Floats) -> LifeDays:
    block = as_asset(rows)
    running = always(block)
    found = advance_condition(None, block, running, hours_of(block))[1]
    return life_days(block, running, float(hours_of(block)[0]), found)


def days_left(model: LifeModel, days: LifeDays) -> Floats:
    """What the product says after each day; as long as the model sees where it says nothing."""
    layout, figures = advance_life(LifeSums(), days)
    said = without_rise(remaining(model, layout, figures), ())[0]
    return np.where(np.isfinite(said.days), said.days, model.cap)


def phm08(error: Floats) -> float:
    """Score of the PHM 2008 challenge (Saxena et al. 2008): late forecasts, error > 0, cost more."""
    return float(np.where(error < 0, np.exp(-error / 13) - 1, np.exp(error / 10) - 1).sum())


def rmse(error: Floats) -> float:
    return float(np.sqrt(np.square(error).mean()))


def _taught(fleet: Sequence[Life]) -> LifeModel:
    model = learn(fleet, "engine", 0.0)
    if model is None:
        raise ValueError("nothing could be learned from these engines")
    return model


def _cross_validated(fleet: list[Life], train: Callable[[list[Life]], Callable[[Life], Floats]]) -> list[Floats]:
    """What is said of each engine by who learned from those of other folds."""
    said: list[Floats] = [np.empty(0)] * len(fleet)
    for fold in range(_FOLDS):
        speak = train([life for i, life in enumerate(fleet) if i % _FOLDS != fold])
        for i in range(fold, len(fleet), _FOLDS):
            said[i] = speak(fleet[i])
    return said


def _model(fleet: list[Life]) -> Callable[[Life], Floats]:
    model = _taught(fleet)
    return lambda life: days_left(model, life.days)


def _shuffled(fleet: list[Life]) -> Callable[[Life], Floats]:
    """Learned from engines whose days were dealt anew, so that no label belongs to its readings."""
    rng = np.random.default_rng(0)
    order = [rng.permutation(len(life.days.day)) for life in fleet]
    dealt = [
        replace(life, days=replace(life.days, values=life.days.values[deal], deviation=life.days.deviation[deal]))
        for life, deal in zip(fleet, order, strict=True)
    ]
    return _model(dealt)


def _age_only(fleet: list[Life]) -> Callable[[Life], Floats]:
    """The median of what other engines of that age had left."""
    whole = np.sort([len(life.days.day) for life in fleet])

    def speak(life: Life) -> Floats:
        age = np.arange(len(life.days.day))
        older = np.searchsorted(whole, age, side="right")
        return np.maximum(whole[np.minimum((older + len(whole)) // 2, len(whole) - 1)] - age, 0.0).astype(np.float64)

    return speak


def _mean(fleet: list[Life]) -> Callable[[Life], Floats]:
    middle = float(np.mean(np.minimum(np.concatenate([life.left for life in fleet]), MOST_LEFT)))
    return lambda life: np.full(len(life.days.day), middle)


def _persistence(fleet: list[Life]) -> Callable[[Life], Floats]:  # noqa: ARG001  it learns nothing
    """As long again as it has run."""
    return lambda life: np.arange(len(life.days.day), dtype=np.float64)


_RIVALS = {
    "age only": _age_only,
    "constant mean": _mean,
    "persistence": _persistence,
    "shuffled labels": _shuffled,
}


def _leads(fleet: Sequence[Life], said: Sequence[Floats]) -> Floats:
    """Cycles left when at most ACT are first forecast; NaN where never."""
    found = [life.left[days <= ACT] for life, days in zip(fleet, said, strict=True)]
    return np.array([rows[0] if len(rows) else np.nan for rows in found])


def _life_figures(fleet: list[Life], said: list[Floats]) -> dict[str, float]:
    lead = _leads(fleet, said)
    at_20 = np.array([days[life.left == 20][0] for life, days in zip(fleet, said, strict=True)])
    error = np.concatenate(
        [np.minimum(d, MOST_LEFT) - np.minimum(i.left, MOST_LEFT) for i, d in zip(fleet, said, strict=True)]
    )
    return {
        "caught": float(np.mean(lead > 0)),
        "leads_10_to_60": float(np.mean((lead >= 10) & (lead <= 60))),
        "more_than_30_said_where_20_left": float(np.mean(at_20 > ACT)),
        "rmse_of_all_rows": rmse(error),
    }


def _life(data: Path) -> list[Figure]:
    """Engines that the model has not seen, at every row of their lives."""
    sheet = Sheet("signals", "cmapss-life")
    fleet = lives(engines(data / "cmapss" / "train_FD001.csv.gz"))
    ours = _life_figures(fleet, _cross_validated(fleet, _model))
    rivals = {name: _life_figures(fleet, _cross_validated(fleet, rival)) for name, rival in _RIVALS.items()}
    targets = {"caught": 0.99, "leads_10_to_60": 0.95, "more_than_30_said_where_20_left": 0.10}
    for metric, value in ours.items():
        controls = {name: figures[metric] for name, figures in rivals.items()}
        unit = "cycles" if metric.startswith("rmse") else "1"
        at_most = metric not in ("caught", "leads_10_to_60")
        sheet.add(metric, value, unit, targets.get(metric), at_most=at_most, controls=controls)
    return sheet.figures


def _unseen(data: Path) -> list[Figure]:
    """A fleet half of which fails in a way that nobody learned."""
    sheet = Sheet("signals", "cmapss-unseen")
    learned, streamed = (lives(engines(data / "cmapss" / f"train_{file}.csv.gz")) for file in ("FD001", "FD003"))
    speakers = {"": _model(learned)} | _spoken(learned)
    lead = {name: _leads(streamed, [speak(life) for life in streamed]) for name, speak in speakers.items()}
    caught = {name: float(np.mean(found >= 10)) for name, found in lead.items()}
    early = {name: float(np.mean(found > 60)) for name, found in lead.items()}
    sheet.add("caught_10_ahead", caught.pop(""), "1", 0.95, controls=caught)
    sheet.add("more_than_60_early", early.pop(""), "1", 0.15, at_most=True, controls=early)
    return sheet.figures


def _spoken(fleet: list[Life]) -> dict[str, Callable[[Life], Floats]]:
    return {name: rival(fleet) for name, rival in _RIVALS.items()}


def _test(data: Path) -> list[Figure]:
    """The last row of each test engine, some of which have flown 31 cycles; true life capped at 125."""
    sheet = Sheet("signals", "cmapss-test")
    learned = lives(engines(data / "cmapss" / "train_FD001.csv.gz"))
    truth = np.minimum(np.loadtxt(data / "cmapss" / "RUL_FD001.txt"), MOST_LEFT)
    asked = lives(engines(data / "cmapss" / "test_FD001.csv.gz"))

    def error(speak: Callable[[Life], Floats]) -> Floats:
        return np.minimum(np.array([speak(life)[-1] for life in asked]), MOST_LEFT) - truth

    ours, rivals = error(_model(learned)), {name: error(speak) for name, speak in _spoken(learned).items()}
    of_rivals = {name: rmse(value) for name, value in rivals.items()}
    sheet.add("rmse", rmse(ours), "cycles", 13.0, at_most=True, controls=of_rivals)
    of_rivals = {name: phm08(value) for name, value in rivals.items()}
    sheet.add("phm08", phm08(ours), "1", 250.0, at_most=True, controls=of_rivals)
    return sheet.figures


SCENARIOS = {"cmapss-watch": _watch, "cmapss-life": _life, "cmapss-unseen": _unseen, "cmapss-test": _test}
