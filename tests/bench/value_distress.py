"""Whether a made-up customer's failing orders are told, and nothing else is taken for it.

Orders of the course `distressed` fade; from the month on in which a quarter of them is gone an alert is deserved, and
one in the months before, since they began to fade, is none too early to be wrong. A customer whose `data_use` does not
permit it is never told of.
"""

from collections.abc import Sequence

import numpy as np
from scipy.stats import beta

from tests.bench.figures import Figure, Sheet
from tests.bench.value_scores import WITHIN_MONTHS
from tests.bench.value_told import Told

_KIND, _COURSE = "customer_distress", "distressed"
_GONE = 0.75


def distress(all_told: Sequence[Told]) -> list[Figure]:
    """Recall within two quarters and ever, of permitted customers; alerts of whom none is deserved or permitted."""
    sheet = Sheet("value", "distress")
    alerts = [(told, alert.month) for told in all_told for alert in told.alerts if alert.kind == _KIND]
    right = [told for told, month in alerts if told.truth.course == _COURSE and month >= _fades(told)]
    delays = [
        min((month - onset for own, month in alerts if own is told and month >= _fades(own)), default=float("inf"))
        for told in all_told
        if told.truth.tells_business and (onset := _onset(told)) is not None
    ]
    if delays:
        late = [delay for delay in delays if np.isfinite(delay)]
        in_time = sum(delay <= WITHIN_MONTHS for delay in delays)
        controls = {
            "onsets": len(delays),
            "ever": len(late) / len(delays),
            "median_months_after_onset": float(np.median(late)) if late else float("nan"),
            "low_5": float(beta.ppf(0.05, in_time, len(delays) - in_time + 1)) if in_time else 0.0,
        }
        sheet.add("recall_in_two_quarters", in_time / len(delays), "share of onsets", controls=controls)
    trouble = sum(told.truth.leaves for told in all_told if told.truth.course == "declining") / 12
    wrong = {
        "alerts": len(alerts),
        "of_declining": sum(told.truth.course == "declining" for told, _ in alerts),
        "declining_customer_years": trouble,
    }
    if alerts:
        sheet.add("precision", len(right) / len(alerts), "share of alerts", controls=wrong)
    forbidden = [told for told in all_told if not told.truth.tells_business]
    told_of = sum(not told.truth.tells_business for told, _ in alerts)
    failing = sum(_onset(told) is not None for told in forbidden)
    sheet.add("told_where_not_permitted", told_of, "alerts", 0.0, at_most=True, controls={"onsets": failing})
    return sheet.figures


def _fades(told: Told) -> int:
    """The month in which orders began to fade."""
    return int(np.argmax(told.truth.ordered < told.truth.ordered[0]))


def _onset(told: Told) -> int | None:
    """The month from which an alert is deserved, of a customer that stayed two quarters after; else None."""
    gone = np.flatnonzero(told.truth.ordered <= _GONE * told.truth.ordered[0])
    if not len(gone) or gone[0] + WITHIN_MONTHS > told.truth.leaves:
        return None
    return int(gone[0])
