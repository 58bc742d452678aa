"""Which customers our offer fits: value realized, of what was promised, and what serving them costs, by segment. Pure.

Means over customers a month of the last twelve; money in each currency by itself. Cost to serve = what the supplier
paid / value realized. A segment is compared with all other customers by Welch's interval (1947), widened for as many
segments as are compared (Bonferroni): of many segments one always looks different.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy.stats import ttest_ind

from services.health.portfolio.customer_year import CustomerYear
from services.health.portfolio.means import Estimate, mean_of, ratio_of
from services.health.portfolio.survival import LEVEL


def fit(years: Sequence[CustomerYear]) -> dict[str, object]:
    """Figures of one segment; each None where no customer of it has what it needs."""
    return {
        "customers": len(years),
        "hours_avoided_a_month": _body(mean_of(_known(years, lambda y: y.hours_avoided))),
        "money_a_month": [
            {"currency": currency, **_some(mean_of([y.money for y in own if y.money is not None]))}
            for currency, own in sorted(_by_currency(years).items())
        ],
        "net_a_month": [
            {"currency": currency, **found.body()}
            for currency, own in sorted(_by_currency(years).items())
            if (found := mean_of([y.net for y in own if y.net is not None])) is not None
        ],
        "of_promise": _body(mean_of(_known(years, lambda y: y.of_promise))),
        "hours_served_a_month": _body(mean_of([hours / 12 for hours in _known(years, lambda y: y.service.hours)])),
        "cost_to_serve": [
            {"currency": currency, **found.body()}
            for currency, own in sorted(_by_currency(years).items())
            if (found := _cost_to_serve(own, currency)) is not None
        ],
    }


def _cost_to_serve(years: Sequence[CustomerYear], currency: str) -> Estimate | None:
    """What the supplier paid / what the customer realized, over the customers for whom both are known in a currency."""
    pairs = [
        (y.service.costs.get(currency, 0.0), y.realized)
        for y in years
        if y.service.costs is not None and y.realized is not None and set(y.service.costs) <= {currency}
    ]
    return ratio_of([cost for cost, _ in pairs], [realized for _, realized in pairs])


def against_others(own: Sequence[CustomerYear], others: Sequence[CustomerYear], comparisons: int) -> dict[str, object]:
    """How much more of the promise a segment realizes than all others: `better`, `worse`, `no_difference_shown`, or
    `not_known` with fewer than two known customers on either side."""
    mine, theirs = (_known(years, lambda y: y.of_promise) for years in (own, others))
    if min(len(mine), len(theirs)) < 2 or np.ptp(mine) + np.ptp(theirs) == 0:
        return {"verdict": "not_known", "difference": None, "low": None, "high": None}
    level = 1 - (1 - LEVEL) / max(1, comparisons)
    interval = ttest_ind(mine, theirs, equal_var=False).confidence_interval(level)
    low, high = float(interval.low), float(interval.high)
    verdict = "better" if low > 0 else "worse" if high < 0 else "no_difference_shown"
    difference = float(np.mean(mine) - np.mean(theirs))
    return {"verdict": verdict, "difference": difference, "low": low, "high": high}


def _known(years: Sequence[CustomerYear], figure: Callable[[CustomerYear], float | None]) -> list[float]:
    return [value for year in years if (value := figure(year)) is not None]


def _by_currency(years: Sequence[CustomerYear]) -> dict[str, list[CustomerYear]]:
    found: dict[str, list[CustomerYear]] = defaultdict(list)
    for year in years:
        if year.currency is not None:
            found[year.currency].append(year)
    return found


def _body(found: Estimate | None) -> dict[str, object] | None:
    return None if found is None else found.body()


def _some(found: Estimate | None) -> dict[str, Any]:
    return {} if found is None else found.body()
