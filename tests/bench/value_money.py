"""Whether value told of made-up customers is true: of months, and of all months up to each year's end.

Months of one customer are not independent: all are compared with the same four weeks, whose error they share. So
coverage is told by customer too, with its error over customers. Controls: that nothing was gained, and that what was
promised at the sale was kept.
"""

from collections.abc import Sequence

import numpy as np

from services.health.block import Floats
from tests.bench.figures import Figure, Sheet
from tests.bench.value_scores import value_cases
from tests.bench.value_told import Told, month_of

_LEAST, _MOST = 0.85, 0.95
_YEAR = 12


def value(all_told: Sequence[Told]) -> list[Figure]:
    """Whether the true money lies in the 90 % interval told of it, and how far it is from what is told."""
    sheet = Sheet("value", "value")
    by_customer = [np.array(list(value_cases([told]))).reshape(-1, 4) for told in all_told]
    shares = np.array([_inside(cases).mean() for cases in by_customer if len(cases)])
    cases = np.concatenate(by_customer)
    _add_coverage(sheet, "coverage_90", cases)
    sheet.add("coverage_90_at_most", _inside(cases).mean(), "share", _MOST, at_most=True)
    error = float(shares.std(ddof=1) / np.sqrt(len(shares))) if len(shares) > 1 else float("nan")
    sheet.add("coverage_90_by_customer", shares.mean(), "share", controls={"customers": len(shares), "error": error})
    ends = np.array([case for told in all_told for case in _year_ends(told)]).reshape(-1, 6)
    for year in range(1, 6):
        own = ends[ends[:, 0] == year, 1:]
        if len(own):
            _add_coverage(sheet, f"coverage_90_since_the_start_to_year_{year}", own[:, :4], own[:, 4])
    return sheet.figures


def _inside(cases: Floats) -> Floats:
    worth, _, low, high = cases.T
    return np.asarray((low <= worth) & (worth <= high), dtype=np.float64)


def _add_coverage(sheet: Sheet, name: str, cases: Floats, kept: Floats | None = None) -> None:
    """kept: what keeping the promise would have come to."""
    worth, said, low, high = cases.T
    controls = {
        "cases": len(cases),
        "median_width": float(np.median(high - low)),
        "median_error": float(np.median(np.abs(said - worth))),
        "median_error_of_zero": float(np.median(np.abs(worth))),
    }
    if kept is not None:
        controls["median_error_of_promise"] = float(np.median(np.abs(kept - worth)))
    sheet.add(name, _inside(cases).mean(), "share", _LEAST if kept is None else None, controls=controls)


def _year_ends(told: Told) -> list[tuple[float, float, float, float, float, float]]:
    """Year, true money since the start, told, low and high, and what keeping the promise would have come to."""
    months = [month_of(row.month) for row in told.values if row.money is not None]
    found = []
    for row in told.cumulated:
        end = month_of(row.month) + 1
        low, high = row.money_low, row.money_high
        if end % _YEAR == 0 and row.money is not None and low is not None and high is not None:
            since = slice(min(months), end)
            true, kept = float(told.worth[since].sum()), float(told.promised_worth[since].sum())
            found.append((end / _YEAR, true, row.money, low, high, kept))
    return found
