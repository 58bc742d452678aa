"""How right the product is about customers: value, versions, trends, guarantees and renewals of whom all is known.

`python -m tests.bench.bench_value [--customers N] [--seed S] [--processes P] [--only SCENARIO]`: customers made up over
five years with planted truths (`value_truth`) go quarter by quarter through the `assess` that runs live. Every
mechanism of renewals (`value_renewals`) has a world of its own, of the next seed and of as many customers. Beside every
figure stand trivial controls and, where a target may be out of reach, `ceiling`: what one reaches who knows the planted
cause. No constant was chosen on these seeds.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from scipy.stats import beta

from tests.bench.figures import Figure, Sheet, report
from tests.bench.value_breaches import breach
from tests.bench.value_ceiling import ceiling
from tests.bench.value_distress import distress
from tests.bench.value_effects import effects
from tests.bench.value_money import value
from tests.bench.value_renewals import MECHANISMS
from tests.bench.value_scores import (
    Due,
    auc,
    auc_error,
    auc_within,
    caught,
    due,
    quiet_alerts,
    reliability,
    spans_of,
)
from tests.bench.value_told import Told, told
from tests.bench.value_truth import SURVEY_EVERY

SEED = 20_000
_QUARTER = 3
_LEVELS = 5
Spans = list[tuple[float, float]]


def courses(all_told: Sequence[Told]) -> list[Figure]:
    """Precision of stagnation and decline, and recall within two quarters of the onset."""
    sheet = Sheet("value", "courses")
    for course, kind in (("stagnant", "stagnation"), ("declining", "decline")):
        found = caught(all_told, course, spans_of(kind))
        rivals = {name: caught(all_told, course, rival) for name, rival in _RIVALS.items()}
        best = ceiling(list(all_told), course)
        late = [delay for delay in found.delays if np.isfinite(delay)]
        sheet.add(
            f"{kind}_precision",
            found.precision,
            "share of alerts",
            0.8,
            controls={name: rival.precision for name, rival in rivals.items()}
            | {"ceiling": best.precision, "alerts": found.alerts},
        )
        sheet.add(
            f"{kind}_recall_in_two_quarters",
            found.recall,
            "share of onsets",
            0.7,
            controls={name: rival.recall for name, rival in rivals.items()}
            | {"ceiling": best.recall, "onsets": found.onsets},
        )
        sheet.add(
            f"{kind}_recall_ever",
            len(late) / found.onsets if found.onsets else float("nan"),
            "share of onsets",
            controls={"median_months_after_onset": float(np.median(late)) if late else float("nan")},
        )
    return sheet.figures


def _by_age(told: Told) -> Spans:
    return [(24.0, np.inf)] if told.truth.leaves > 24 else []


def _by_survey(told: Told) -> Spans:
    said = range(SURVEY_EVERY - 1, told.truth.leaves, SURVEY_EVERY)
    return [(float(month), np.inf) for month in said if told.truth.survey[month] < 5][:1]


def _by_availability(told: Told) -> Spans:
    """The last quarter is a point worse than the year before it."""
    uptime = told.uptime
    for month in range(12 + _QUARTER, len(uptime)):
        if uptime[month - _QUARTER : month].mean() < uptime[month - 12 - _QUARTER : month - _QUARTER].mean() - 0.01:
            return [(float(month), np.inf)]
    return []


_RIVALS: Mapping[str, Callable[[Told], Spans]] = {
    "age": _by_age,
    "survey": _by_survey,
    "availability": _by_availability,
}


def renewal(all_told: Sequence[Told]) -> list[Figure]:
    """Whether the contracts that were not renewed had the higher risk among those that came due, and how many did not.

    Each world has learned from its own past, as far as it was known then; `equal_weights` had learned nothing. What
    causes know of different mechanisms has no common scale, and no ceiling together.
    """
    sheet = Sheet("value", "renewal")
    worlds: dict[int, list[Told]] = defaultdict(list)
    for one in all_told:
        worlds[one.truth.seed].append(one)
    for months_before in (1, 6):
        found = [case for world in worlds.values() for case in due(world, months_before)]
        cases = [case for case in found if np.isfinite(case.told)]
        _ranked(sheet, cases, months_before, of_one_world=len(worlds) == 1)
        if months_before == 1 and cases:
            _calibrated(sheet, cases)
    return sheet.figures


def _ranked(sheet: Sheet, cases: Sequence[Due], months_before: int, *, of_one_world: bool) -> None:
    left, told = [case.left for case in cases], [case.told for case in cases]
    controls = {
        "equal_weights": auc([case.unlearned for case in cases], left),
        "age": auc([case.age for case in cases], left),
        "survey": auc([-case.survey for case in cases], left),
        "availability": auc([-case.availability for case in cases], left),
        "ceiling": auc([case.cause for case in cases], left) if of_one_world else float("nan"),
        "error": auc_error(told, left) if cases else float("nan"),
        "within_a_year": auc_within(told, left, [case.year for case in cases]),
        "due": len(cases),
        "left": sum(left),
    }
    target = 0.78 if months_before == 1 else None
    sheet.add(f"auc_{months_before}_months_before", auc(told, left), "1", target, controls=controls)


def _calibrated(sheet: Sheet, cases: Sequence[Due]) -> None:
    """Squared error against that of telling everybody the share that left, and what came of five levels of risk."""
    came = np.array([case.left for case in cases], dtype=np.float64)
    spread = float(((came.mean() - came) ** 2).mean())
    skills = []
    for risks in ([case.told for case in cases], [case.unlearned for case in cases]):
        error = float(((np.array(risks) - came) ** 2).mean())
        skills.append(1 - error / spread if spread else float("nan"))
    controls = {"equal_weights": skills[1], "base_rate": 0.0}
    for number, (said, share) in enumerate(reliability(np.array([case.told for case in cases]), came, _LEVELS), 1):
        controls |= {f"told_{number}": said, f"came_{number}": share}
    sheet.add("brier_skill", skills[0], "1", controls=controls)


def quiet(all_told: Sequence[Told]) -> list[Figure]:
    """Alerts of customers that deserve none."""
    sheet = Sheet("value", "quiet")
    years = sum(t.truth.leaves for t in all_told if t.truth.course == "quiet") / 12
    alerts = quiet_alerts(all_told)
    kinds = sorted({alert.kind for alert in alerts})
    by_kind = {kind: float(sum(a.kind == kind for a in alerts)) for kind in kinds}
    most = float(beta.ppf(0.95, len(alerts) + 1, max(1, int(12 * years) - len(alerts)))) * 12
    controls = by_kind | {"customer_years": years, "upper_95": most}
    rate = len(alerts) / years if years else float("nan")
    sheet.add("alerts_a_customer_year", rate, "1", 0.5, at_most=True, controls=controls)
    return sheet.figures


SCENARIOS: Mapping[str, Callable[[Sequence[Told]], list[Figure]]] = {
    "value": value,
    "version_effects": effects,
    "courses": courses,
    "renewal": renewal,
    "distress": distress,
    "quiet": quiet,
}


def main() -> None:
    """Make up the customers, let the product speak of them, and report how right it was."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=100, help="of each mechanism's world")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--only", choices=(*SCENARIOS, "breach"))
    options = parser.parse_args()
    figures: list[Figure] = []
    every: list[Told] = []
    for number, mechanism in enumerate(MECHANISMS if options.only != "breach" else ()):
        jobs = [(options.seed + number, customer, mechanism) for customer in range(options.customers)]
        world: list[Told] = []
        for done, one in enumerate(told(jobs, options.processes), 1):
            world.append(one)
            sys.stderr.write(f"\r{mechanism}: {done} of {len(jobs)} customers")
        sys.stderr.write("\n")
        every += world
        if options.only in (None, "renewal"):
            figures += [_named(figure, mechanism) for figure in renewal(world)]
    for name in SCENARIOS:
        if options.only in (None, name):
            figures += SCENARIOS[name](every)
    if options.only in (None, "breach"):
        figures += breach(options.seed, options.customers, options.processes)
    report(figures)


def _named(figure: Figure, mechanism: str) -> Figure:
    return Figure(**vars(figure) | {"scenario": f"renewal-{mechanism}"})


if __name__ == "__main__":
    main()
