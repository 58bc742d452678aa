"""Whether what is told of made-up customers' software releases is true: good units an hour, and uptime.

What a release does to good units an hour is planted (`value_truth.Release`); to uptime it does nothing, but machines
differ in how their stops go up and down together, and that is the truth of a difference of two differences.
Control: that no release does anything.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from tests.bench.figures import Figure, Sheet
from tests.bench.value_told import Told
from tests.bench.value_truth import Release

_LEAST, _MOST = 0.85, 0.95
Case = tuple[float, float, float, float]


def effects(all_told: Sequence[Told]) -> list[Figure]:
    """How many of the true effects lie in the 90 % intervals that were told last of them."""
    sheet = Sheet("value", "version_effects")
    for name, cases in (
        ("rate", [case for told in all_told for case in _rates(told)]),
        ("uptime", [case for told in all_told for case in _uptimes(told)]),
    ):
        if not cases:
            continue
        true, said, low, high = np.array(cases).T
        share = float(((low <= true) & (true <= high)).mean())
        some, sure = true != 0, (low > 0) | (high < 0)
        controls = {
            "releases": len(cases),
            "median_width": float(np.median(high - low)),
            "median_error": float(np.median(np.abs(said - true))),
            "median_error_of_zero": float(np.median(np.abs(true))),
        }
        sheet.add(f"{name}_coverage_90", share, "share of releases", _LEAST, controls=controls)
        sheet.add(f"{name}_coverage_90_at_most", share, "share of releases", _MOST, at_most=True)
        if name == "rate" and some.any() and (~some).any():
            found = {"effect": float(sure[some].mean()), "none": float(sure[~some].mean())}
            sheet.add("found_an_effect", found["effect"], "share of releases", controls={"where_none": found["none"]})
    return sheet.figures


def _rates(told: Told) -> Iterator[Case]:
    for number, release in enumerate(told.truth.releases, 1):
        row = told.updates.get(f"{number}.0")
        if row is not None and row.rate is not None and row.rate_low is not None and row.rate_high is not None:
            yield release.effect, row.rate, row.rate_low, row.rate_high


def _uptimes(told: Told) -> Iterator[Case]:
    for number, release in enumerate(told.truth.releases, 1):
        row = told.updates.get(f"{number}.0")
        if row is not None and row.uptime is not None and row.uptime_low is not None and row.uptime_high is not None:
            yield _uptime_effect(told, release), row.uptime, row.uptime_low, row.uptime_high


def _uptime_effect(told: Told, release: Release) -> float:
    """By how much the planted share of stops fell, of machines that got it less of those that did not."""
    fell = told.truth.stopped[release.month - 1] - told.truth.stopped[release.month]
    factors = np.array(told.factors)
    got = np.isin(np.arange(len(factors)), release.machines)
    return float((factors[got].mean() - factors[~got].mean()) * fell)
