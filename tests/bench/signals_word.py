"""Whether wear keeps its word: what condition alone foretold, as it came and as it is told after a fleet's record.

`wear-word` learns what came of such forecasts on some machines and is scored on others, ten days apart, whose time is
over: C-MAPSS engines in five folds, a cycle replayed as a day, and made-up fleets that wear alike, bear little, bear
much, or fail mostly without any wear, half of whose machines teach and half are scored. Figures are the mean distance
of told from come over ten bins of equal counts. Weight and levels were chosen by theory; the made-up families and
FD001 and FD003 were looked at while eight variants were compared, with other seeds and folds.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.health.prognostic_assessment.failure_risk.calibration import calibration_error
from services.health.prognostic_assessment.remaining_life.lives import Life
from services.health.prognostic_assessment.remaining_life.recalibration import (
    HORIZON_DAYS,
    learn_recalibration,
    recalibrated,
    told_and_came,
)
from tests.bench.figures import Figure, Sheet
from tests.bench.signals_cmapss import engines, lives
from tests.bench.worn_fleet import Habit, made_up_lives

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
_EVERY = 10
_FOLDS = 5
_MACHINES, _DAYS, _SEED = 40, 900, 500_000
_FAMILIES = {
    "made_up": Habit(),
    "bearing_little": Habit(damage=3.0),
    "bearing_much": Habit(damage=20.0, doubling=(10.0, 60.0)),
    "mostly_sudden": Habit(worn=0.3),
}


def scored(fleet: Sequence[Life]) -> tuple[Floats, Bools]:
    """What was told on every tenth judged day, and whether the machine failed within the horizon; as far as known."""
    told, came = [], []
    for life in fleet:
        at = life.days.day + 1
        failures = np.unique([*life.failures, *([life.end] if life.failed else []), np.inf])
        happened = failures[np.searchsorted(failures, at)] <= at + HORIZON_DAYS
        known = np.isfinite(life.days.confidence) & (happened | (life.end >= at + HORIZON_DAYS))
        known[np.arange(len(known)) % _EVERY != 0] = False
        told.append(life.days.confidence[known])
        came.append(happened[known])
    return np.concatenate(told), np.concatenate(came)


def _folds(fleet: Sequence[Life], folds: int) -> Iterator[tuple[list[Life], list[Life]]]:
    """Machines that teach, and machines that are scored."""
    for fold in range(folds):
        yield (
            [life for life in fleet if life.group % folds != fold],
            [life for life in fleet if life.group % folds == fold],
        )


def _add(sheet: Sheet, name: str, folds: Sequence[tuple[list[Life], list[Life]]]) -> None:
    told, came, after, base = [], [], [], []
    for teachers, others in folds:
        model = learn_recalibration(*told_and_came(teachers))
        said, happened = scored(others)
        told.append(said)
        came.append(happened)
        after.append(recalibrated(model, said))
        base.append(np.full(len(said), told_and_came(teachers)[1].mean()))
    happened = np.concatenate(came)
    error = {
        label: calibration_error(np.concatenate(rows), happened)
        for label, rows in (("", after), ("as condition told it", told), ("base rate", base))
    }
    brier = {
        label: float(np.square(np.concatenate(rows) - happened).mean())
        for label, rows in (("", after), ("as condition told it", told), ("base rate", base))
    }
    sheet.add(f"{name}_calibration_error", error.pop(""), "1", controls=error)
    sheet.add(f"{name}_brier", brier.pop(""), "1", controls=brier)


def _word(data: Path) -> list[Figure]:
    sheet = Sheet("signals", "wear-word")
    for file in ("FD001", "FD003"):
        _add(sheet, file, list(_folds(lives(engines(data / "cmapss" / f"train_{file}.csv.gz")), _FOLDS)))
    for name, habit in _FAMILIES.items():
        fleet = [life for seed in range(_SEED, _SEED + _MACHINES) for life in made_up_lives(habit, seed, _DAYS)]
        _add(sheet, name, [(teachers, others) for teachers, others in list(_folds(fleet, 2))[:1]])
    return sheet.figures


SCENARIOS = {"wear-word": _word}
