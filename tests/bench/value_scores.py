"""How right what was told of made-up customers is. Pure."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from services.health.assessment import SignalRow
from services.health.block import Floats
from services.health.prognostic_assessment.renewal_model import RenewalModel, newest
from services.health.value_assessment.renewal_risk import renewal_risk
from tests.bench.value_learning import day_number, models_of, signs_of
from tests.bench.value_told import Alert, Told, month_of
from tests.bench.value_truth import SURVEY_EVERY

WITHIN_MONTHS = 6
_NIGHT = 1 / 31  # months: what a month says is told on the morning after it
_DRAWS = 200


def auc(risk: Sequence[float], happened: Sequence[bool]) -> float:
    """Probability that who came to it had the higher risk, ties half; NaN without both."""
    score, came = np.asarray(risk, dtype=np.float64), np.asarray(happened, dtype=np.bool_)
    high, low = score[came][:, None], score[~came]
    if not high.size or not low.size:
        return float("nan")
    return float((high > low).mean() + 0.5 * (high == low).mean())


def auc_error(risk: Sequence[float], happened: Sequence[bool], seed: int = 0) -> float:
    """Standard error of an AUC by drawing cases anew."""
    random = np.random.default_rng(seed)
    score, came = np.asarray(risk), np.asarray(happened)
    picks = (random.integers(0, len(came), len(came)) for _ in range(_DRAWS))
    return float(np.nanstd([auc(score[pick], came[pick]) for pick in picks]))


@dataclass(frozen=True, kw_only=True)
class Caught:
    """Alerts against onsets. right, alerts: how many were deserved when they opened; caught, onsets: in two quarters.

    delays: months from onset to the first deserved alert, inf where none came.
    """

    alerts: int
    right: int
    onsets: int
    caught: int
    delays: tuple[float, ...]

    @property
    def precision(self) -> float:
        """Share of the alerts that were deserved; NaN without any."""
        return self.right / self.alerts if self.alerts else float("nan")

    @property
    def recall(self) -> float:
        """Share of the onsets with an alert within two quarters."""
        return self.caught / self.onsets if self.onsets else float("nan")


def caught(all_told: Iterable[Told], course: str, opened: Callable[[Told], Sequence[tuple[float, float]]]) -> Caught:
    """How alerts meet the course that deserves them; onsets count where the customer stayed two quarters after.

    Two quarters end with the morning on which their last month is judged, as they do for the ceiling's oracle.

    opened: months in which alerts of a customer opened and closed. One that opened too early was wrong to, and yet who
    finds it standing when it is deserved has been told.
    """
    right = alerts = 0
    delays = []
    for told in all_told:
        spans = sorted(opened(told))
        onset = told.truth.onset if told.truth.course == course else None
        alerts += len(spans)
        right += sum(onset is not None and month >= onset for month, _ in spans)
        if onset is not None and onset + WITHIN_MONTHS <= told.truth.leaves:
            delays.append(next((max(0.0, m - onset) for m, until in spans if until > onset), float("inf")))
    in_time = sum(delay <= WITHIN_MONTHS + _NIGHT for delay in delays)
    return Caught(alerts=alerts, right=right, onsets=len(delays), caught=in_time, delays=tuple(delays))


def spans_of(kind: str) -> Callable[[Told], Sequence[tuple[float, float]]]:
    """When alerts of a kind opened and closed."""
    return lambda told: [(alert.month, alert.until) for alert in told.alerts if alert.kind == kind]


def value_cases(all_told: Iterable[Told]) -> Iterator[tuple[float, float, float, float]]:
    """True money, told, low and high, of each customer's whole months with money."""
    for told in all_told:
        for row in told.values:
            month = month_of(row.month)
            low, high = row.money_low, row.money_high
            if row.money is not None and low is not None and high is not None and month < len(told.worth):
                yield float(told.worth[month]), row.money, low, high


def calibration_error(told: Floats, came: Floats) -> float:
    """Mean distance of told from come, over ten bins of equal counts."""
    order = np.argsort(told, kind="stable")
    bins = np.array_split(order, 10)
    return float(sum(len(own) * abs(told[own].mean() - came[own].mean()) for own in bins) / len(told))


def errors_of_the_truth(told: Floats, window: np.ndarray) -> list[float]:
    """Calibration errors that probabilities which are exactly right come to by chance, on as few windows as these."""
    random = np.random.default_rng(0)
    errors = []
    for _ in range(_DRAWS):
        luck = random.random(int(window.max()) + 1)[window]
        errors.append(calibration_error(told, (luck < told).astype(np.float64)))
    return errors


def quiet_alerts(all_told: Iterable[Told]) -> list[Alert]:
    """Alerts of customers that deserve none."""
    return [alert for told in all_told if told.truth.course == "quiet" for alert in told.alerts]


def auc_within(risk: Sequence[float], happened: Sequence[bool], group: Sequence[int]) -> float:
    """The AUC of pairs within a group alone; NaN without any."""
    score, came, of = np.asarray(risk, dtype=np.float64), np.asarray(happened, dtype=np.bool_), np.asarray(group)
    pairs = [(of == own, int((came & (of == own)).sum() * (~came & (of == own)).sum())) for own in set(group)]
    total = sum(count for _, count in pairs)
    won = sum(count * auc(score[own].tolist(), came[own].tolist()) for own, count in pairs if count)
    return won / total if total else float("nan")


def reliability(told: Floats, came: Floats, bins: int) -> Iterator[tuple[float, float]]:
    """Mean told and share come of bins of equal counts, from the lowest told on."""
    for own in np.array_split(np.argsort(told, kind="stable"), bins):
        yield float(told[own].mean()), float(came[own].mean())


@dataclass(frozen=True, kw_only=True)
class Due:
    """One contract that came due: whether it ended for good, and what was known some time before.

    told: the product's risk, NaN where it said none. unlearned: by equal weights. year: in which it came due. age:
    months since the first contract. survey: the last score. availability: of the last year. cause: what the planted
    causes knew.
    """

    left: bool
    told: float
    unlearned: float
    year: int
    age: float
    survey: float
    availability: float
    cause: float


def due(world: Sequence[Told], months_before: int) -> Iterator[Due]:
    """Contracts of one world that came due, with what was known so many months before the end of their term."""
    models = models_of(world)
    for told in world:
        for number, term in enumerate(told.truth.terms, 1):
            if term.renewed is None:
                continue
            at = term.end - months_before
            rows = (r for r in told.signals if r.kind == "renewal_risk" and r.scope_id == number)
            judged = next((row for row in rows if month_of(row.day) == at - 1), None)
            yield Due(
                left=not term.renewed,
                told=float("nan") if judged is None else _risk(judged, models),
                unlearned=float("nan") if judged is None else _risk(judged, ()),
                year=(term.end - 1) // 12,
                age=float(at),
                survey=float(told.truth.survey[at - (at - 2) % SURVEY_EVERY]),
                availability=float(told.uptime[max(0, at - 12) : at].mean()),
                cause=term.cause,
            )


def _risk(row: SignalRow, models: Sequence[RenewalModel]) -> float:
    risk = renewal_risk(signs_of(row), newest(models, day_number(row.day)))
    return float("nan") if risk is None else risk.value
