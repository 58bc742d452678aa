"""Whether what we promised in so many words was kept. Pure.

    kept in time 1, kept late 1/2, late and open 0; each counts half as much after every 180 days since it was kept, and
    a year after no more; what is late and open always counts in full
    coverage    weight of what came due or was kept, of that and of what was promised without a due date

A ledger says all that there is on every evening, so it does not age; where nothing was promised that could have been
kept in a year, the measure does not apply, and nobody loses for having promised.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from services.health.block import CustomerBlock
from services.health.health_assessment.commitment_ledger import Commitment, ledger
from services.health.health_assessment.customer_health.weighted_measures import Measure
from services.health.health_assessment.daily_history import day_of
from services.health.state_detection.states import DAY_S

HALF_LIFE_DAYS, YEAR_DAYS = 180.0, 365
_GOODNESS = {"kept": 1.0, "kept_late": 0.5, "late": 0.0}


def commitments(block: CustomerBlock, days: NDArray[np.int64]) -> Measure:
    """Commitments kept, on the evenings of some days since 1970-01-01."""
    told = [(f"unnamed {n}", e.at, e.attributes) for n, e in enumerate(block.events) if e.kind == "commitment"]
    told = sorted(told, key=lambda own: own[1])
    seen = np.searchsorted([at.timestamp() for _, at, _ in told], (days + 1) * DAY_S, side="left")
    weighed = [_weighed(told[:count], day_of(int(day) + 1)) for day, count in zip(days, seen, strict=True)]
    good, known, whole = np.array(weighed).reshape(-1, 3).T
    return Measure(
        goodness=np.divide(good, known, out=np.full(len(days), np.nan), where=known > 0),
        coverage=np.divide(known, whole, out=np.zeros(len(days)), where=whole > 0),
        freshness=np.ones(len(days)),
        applies=whole > 0,
    )


def _weighed(told: Sequence[tuple[str, datetime, Mapping[str, object]]], day: date) -> tuple[float, float, float]:
    """Weight of what was kept, of what is judged, and of that with what cannot be."""
    good = known = whole = 0.0
    for one in ledger(told, day):
        verdict, weight = one.verdict(day), _weight(one, day)
        whole += weight
        if verdict in _GOODNESS:
            known += weight
            good += weight * _GOODNESS[verdict]
    return good, known, whole


def _weight(one: Commitment, day: date) -> float:
    verdict = one.verdict(day)
    if verdict in ("due", "late"):
        return float(verdict == "late")
    age = (day - (one.kept_on or one.made_on)) / timedelta(days=1)
    return 0.5 ** (age / HALF_LIFE_DAYS) if age <= YEAR_DAYS else 0.0
