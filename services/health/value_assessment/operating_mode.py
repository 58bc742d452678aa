"""How a customer's business goes, as its machines show it: ramp, grow, steady, adapt, contract. Pure.

Every month is compared with the same month a year before, so that a season is no change. Only what the customer asks
of its machines counts (`activity`): a machine that is down, or that nobody hears, says nothing about business. What is
not known counts as asked where less is to be shown, and as not asked where more is.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, isfinite, log, nan, sqrt

import numpy as np

from services.health.value_assessment.activity import ActivityMonth

YEAR, LASTING = 12, 3
GROWN, SHRUNK = 1.15, 0.85
DISTRESS_EACH, DISTRESS_MEAN, RECOVERED = 0.8, 0.75, 0.9
# Looked at twelve times a year against two years, chance raises nothing more than once in twenty years of a customer.
_Z = 2.87
_LEAST_RATIOS = 6
_FLOOR = 0.01
RAMP_MONTHS = 12
Asked = tuple[Callable[[ActivityMonth], float], Callable[[ActivityMonth], float]]
"""How the unknown time of a month counts, and that of the month it is compared with."""
_LIKE_THE_KNOWN: Asked = (lambda now: now.asked_a_day, lambda then: then.asked_a_day)
_MOST: Asked = (lambda now: now.most_asked_a_day, lambda then: then.least_asked_a_day)
_LEAST: Asked = (lambda now: now.least_asked_a_day, lambda then: then.most_asked_a_day)


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """What the months up to one say. mode: None where it is not known.

    of_a_year_ago: what is asked in the last three months as a share of the same ones a year before, their geometric
    mean; NaN where unknown. spread: of that share by chance alone, one standard deviation of its logarithm. compared:
    months back to those of which `share` is asked now: a year, or two where only they show distress.
    """

    month: int
    mode: str | None
    of_a_year_ago: float
    spread: float
    compared: int
    share: float
    is_distress: bool
    is_over: bool


def outlook(months: Sequence[ActivityMonth], number: int) -> Outlook:
    """What is known at the end of a month, from it and those before."""
    by_number = {month.number: month for month in months if month.number <= number}
    spread = _spread(by_number, number) / sqrt(LASTING)
    share = _mean(_last(by_number, number, YEAR, _LIKE_THE_KNOWN))
    two_years = _mean(_last(by_number, number, 2 * YEAR, _LEAST))
    fallen = [back for back in (YEAR, 2 * YEAR) if _has_fallen(_last(by_number, number, back, _MOST), spread)]
    compared = fallen[0] if fallen else YEAR
    return Outlook(
        month=number,
        mode=_mode(by_number, number, share),
        of_a_year_ago=share,
        spread=spread,
        compared=compared,
        share=_mean(_last(by_number, number, compared, _LIKE_THE_KNOWN)),
        is_distress=bool(fallen),
        is_over=_mean(_last(by_number, number, YEAR, _LEAST)) >= RECOVERED and not two_years < RECOVERED,
    )


def _has_fallen(last: Sequence[float], spread: float) -> bool:
    """Whether each of the last months lies below what it is compared with, all of them far, and further than chance."""
    return all(own <= log(DISTRESS_EACH) for own in last) and _mean(last) <= min(DISTRESS_MEAN, exp(-_Z * spread))


def _last(by_number: Mapping[int, ActivityMonth], number: int, back: int, told: Asked) -> list[float]:
    return [_log_ratio(by_number, number - month, back, told) for month in range(LASTING)]


def _mean(logarithms: Sequence[float]) -> float:
    return exp(sum(logarithms) / len(logarithms))


def _log_ratio(by_number: Mapping[int, ActivityMonth], number: int, back: int, told: Asked = _LIKE_THE_KNOWN) -> float:
    """Logarithm of what a month asks against another one; NaN where either is unknown.

    All machines together, or a machine: the larger of both, so that a machine that came or went is no change of
    business.
    """
    now, then = by_number.get(number), by_number.get(number - back)
    if now is None or then is None or not isfinite(now.asked_a_day) or not told[1](then) > 0:
        return nan
    total = told[0](now) / told[1](then)
    machines = now.machines / then.machines if now.machines > 0 and then.machines > 0 else 1.0
    return log(max(_FLOOR, total, total / machines))


def _spread(by_number: Mapping[int, ActivityMonth], number: int) -> float:
    """By how much a month differs from the same one a year before for no reason: from earlier months' differences,
    else from those between one month and the next; infinite where neither is known. A season makes it larger."""
    earlier = [_log_ratio(by_number, own, YEAR) for own in by_number if own <= number - LASTING]
    if (found := _robust(earlier)) is not None:
        return found
    steps = [_log_ratio(by_number, own, 1) for own in by_number if own <= number - LASTING]
    return float("inf") if (found := _robust(steps)) is None else found


def _robust(ratios: Sequence[float]) -> float | None:
    """Standard deviation by the median absolute deviation (Hampel 1974); None for too few."""
    known = np.array([own for own in ratios if isfinite(own)])
    if len(known) < _LEAST_RATIOS:
        return None
    return float(1.4826 * np.median(np.abs(known - np.median(known))))


def _mode(by_number: Mapping[int, ActivityMonth], number: int, share: float) -> str | None:
    if not isfinite(share):
        return _mode_of_first_year(by_number, number)
    if share >= GROWN:
        return "grow"
    if share <= SHRUNK:
        return "contract"
    return "adapt" if _runs_otherwise(by_number, number) else "steady"


def _mode_of_first_year(by_number: Mapping[int, ActivityMonth], number: int) -> str | None:
    """Before a year is known: whether more and more is asked since the first month; a fall may be a season."""
    if number - min(by_number, default=number) > RAMP_MONTHS:
        return None
    steps = [_log_ratio(by_number, number - back, LASTING) for back in range(LASTING)]
    return "ramp" if all(isfinite(step) for step in steps) and exp(sum(steps) / LASTING) >= GROWN else None


def _runs_otherwise(by_number: Mapping[int, ActivityMonth], number: int) -> bool:
    """Whether as much is asked in other hours, or in another mix of products, than a year before."""
    pairs = [(by_number[number - back], by_number[number - back - YEAR]) for back in range(LASTING)]
    now, then = (sum(m[side].planned_h for m in pairs) / sum(m[side].machine_days for m in pairs) for side in (0, 1))
    if then > 0 and not SHRUNK < now / then < GROWN:
        return True
    return mix_moved([now for now, _ in pairs], [then for _, then in pairs]) >= 1 - SHRUNK


def mix_moved(now: Sequence[ActivityMonth], then: Sequence[ActivityMonth]) -> float:
    """What part of the ordered amounts is of other products than before, 0..1: half the sum of the differences of
    shares (total variation); 0 where either time has no orders by product."""
    shares = []
    for months in (now, then):
        amounts: dict[str, float] = {}
        for month in months:
            for product, amount in month.orders.items():
                amounts[product] = amounts.get(product, 0.0) + amount
        total = sum(amounts.values())
        if total <= 0:
            return 0.0
        shares.append({product: amount / total for product, amount in amounts.items()})
    products = {**shares[0], **shares[1]}
    return sum(abs(shares[0].get(p, 0.0) - shares[1].get(p, 0.0)) for p in products) / 2
