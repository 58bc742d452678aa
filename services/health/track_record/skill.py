"""Whether a kind has shown that its alerts say more than chance, and when that will be known. Pure.

The evidence is an e-value: how many times likelier the alerts' hits are under a precision above the base rate (all such
precisions alike) than under the base rate itself. It may be looked at after every alert: chance alone lets it ever
reach 20 with a probability below 1/20 (Ville 1939), where a p-value looked at every week ends up significant.
"""

from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from math import ceil, exp, inf, log, log1p

import numpy as np
from scipy.special import betainc, betaln
from scipy.stats import binom

SURE = 20.0
GOOD_PRECISION = 0.6
_POWER = 0.8
_MOST = 400


class Skill(StrEnum):
    """What the record says of a kind."""

    DEMONSTRATED = "demonstrated"
    NONE = "none"
    NOT_KNOWN_YET = "not_known_yet"


def evidence(right: int, judged: int, base_rate: float) -> float:
    """The e-value of `right` hits among `judged` alerts against the base rate, 0 < base_rate < 1."""
    a, b = right + 1, judged - right + 1
    above = 1.0 - float(betainc(a, b, base_rate))
    if above <= 0:
        return 0.0
    likelihood = right * log(base_rate) + (judged - right) * log1p(-base_rate)
    return exp(min(700.0, float(betaln(a, b)) + log(above) - log1p(-base_rate) - likelihood))


def needed(base_rate: float) -> int | None:
    """Judged alerts after which a precision of 0.6, or half-way to certainty if that is more, shows in 4 of 5 cases.

    None where no 400 alerts would be enough. To a hundredth of the base rate, 0 < base_rate < 1, and at least that.
    """
    return _needed(min(0.99, max(0.01, round(base_rate, 2))))


@cache
def _needed(base_rate: float) -> int | None:
    good = max(GOOD_PRECISION, (1 + base_rate) / 2)
    for judged in range(1, _MOST + 1):
        hits = next((k for k in range(judged + 1) if evidence(k, judged, base_rate) >= SURE), inf)
        if hits < inf and float(binom.sf(hits - 1, judged, good)) >= _POWER:
            return judged
    return None


def cautious_base_rate(happened: int, windows: int) -> float:
    """The share that happened, drawn towards a half while little is known (Laplace)."""
    return (happened + 1) / (windows + 2)


def skill(right: int, judged: int, outcomes: int, base_rate: float) -> Skill:
    """Demonstrated, none, or not known yet; without any outcome nothing is known."""
    if outcomes == 0 or judged == 0:
        return Skill.NOT_KNOWN_YET
    if evidence(right, judged, base_rate) >= SURE:
        return Skill.DEMONSTRATED
    enough = needed(base_rate)
    return Skill.NONE if enough is not None and judged >= enough else Skill.NOT_KNOWN_YET


def ready_on(
    today: date, opened: int, outcomes: int, missing: int, due_in_days: np.ndarray, *, days: float, horizon_days: int
) -> date | None:
    """When so many more alerts will be judged, at the rate at which they opened so far; None where none can be told.

    due_in_days: of the standing alerts, when each is judged, ascending. days: how long alerts could open. Without
    alerts or outcomes so far there is no rate.
    """
    if missing <= len(due_in_days):
        return today + timedelta(days=ceil(due_in_days[missing - 1]))
    if opened == 0 or outcomes == 0 or days <= 0:
        return None
    wait = (missing - len(due_in_days)) / (opened / days) + horizon_days
    return today + timedelta(days=ceil(wait)) if wait < 36_525 else None
