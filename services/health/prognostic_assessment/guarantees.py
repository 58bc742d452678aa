"""How much of a guarantee's error budget is spent, and whether the rest will last. Pure.

    budget = (1 - guaranteed availability) x expected PBT of the window       spent = supplier-attributed downtime

The days that are left are expected to cost what the last 90 days cost: mean m a day, variance v between days, both
estimated from d days. P(breach) = P(spent + rest > budget) with rest normal, mean n m and variance n v + n^2 v / d.
"""

from dataclasses import dataclass
from math import nan, sqrt

from scipy.special import ndtr

from services.health.block import Contract, Floats
from services.health.health_assessment.daily_history import day_number
from services.health.state_detection.state_intervals import DAY_S

RECENT_DAYS = 90
LEAST_DAYS = 28
LONGEST_WINDOW_DAYS = 366
_Z80 = 1.2816


@dataclass(frozen=True, kw_only=True)
class Budget:
    """A guarantee's window as of one evening.

    first_day: the window's first, in days since 1970-01-01. spent_s, budget_s: seconds. pbt_s: expected PBT of the
    window. pace_s: what a window costs at the pace of the last 90 days. attributed_availability: of the window so far.
    probability: of a breach before the window ends. expected: Unix seconds at which the budget runs out, with 10 % and
    90 % bounds; NaN where it is not seen to.
    """

    guaranteed: float
    first_day: int
    days: int
    spent_s: float
    budget_s: float
    pbt_s: float
    pace_s: float
    attributed_availability: float
    probability: float
    expected: tuple[float, float, float]

    @property
    def breached(self) -> bool:
        """Whether more than the budget is spent."""
        return self.spent_s > self.budget_s

    @property
    def burn(self) -> float:
        """Spending of the last 90 days as a multiple of what the budget allows; NaN for a guarantee of 100 %."""
        return self.pace_s / self.budget_s if self.budget_s > 0 else nan

    @property
    def spent_share(self) -> float:
        """Part of the budget that is spent; NaN for a guarantee of 100 %, which leaves none."""
        return self.spent_s / self.budget_s if self.budget_s > 0 else nan


def budget(contract: Contract, down_s: Floats, known_s: Floats, first_day: int, row: int) -> Budget | None:
    """The window in force on the evening of `row`; None while fewer than 28 days are known.

    down_s, known_s: supplier-attributed downtime and known PBT a day, over all machines; row 0 is `first_day`.
    """
    guaranteed = contract.guaranteed_availability
    if guaranteed is None:
        return None
    length = min(contract.guarantee_window_days or 365, LONGEST_WINDOW_DAYS)
    today = first_day + row
    into = (today - day_number(contract.starts_on)) % length
    recent = slice(max(0, row + 1 - RECENT_DAYS), row + 1)
    days = int((known_s[recent] > 0).sum())
    if days < LEAST_DAYS:
        return None
    calendar_days = recent.stop - recent.start
    window = slice(max(0, row - into), row + 1)
    spent, known = float(down_s[window].sum()), float(known_s[window].sum())
    busy = float(known_s[recent].mean()) * length
    total = (1 - guaranteed) * busy
    mean, variance = float(down_s[recent].mean()), float(down_s[recent].var(ddof=1))
    left, rest = length - into - 1, total - spent
    return Budget(
        guaranteed=guaranteed,
        first_day=today - into,
        days=length,
        spent_s=spent,
        budget_s=total,
        pbt_s=busy,
        pace_s=mean * length,
        attributed_availability=1 - spent / known if known > 0 else nan,
        probability=_probability(rest, mean, variance, left, calendar_days),
        expected=_expected(rest, mean, variance, (today + 1) * DAY_S),
    )


def _probability(rest: float, mean: float, variance: float, left: int, days: int) -> float:
    if rest < 0:
        return 1.0
    spread = sqrt(left * variance + left * left * variance / days)
    return 0.0 if spread == 0 and left * mean <= rest else float(ndtr((left * mean - rest) / max(spread, 1e-9)))


def _expected(rest: float, mean: float, variance: float, now: float) -> tuple[float, float, float]:
    """When a drifting random walk has spent the rest: the times at which n m +- z sqrt(n v) reaches it."""
    if mean <= 0 or rest <= 0:
        return nan, nan, nan
    root = sqrt(_Z80**2 * variance + 4 * mean * rest)
    early = ((root - _Z80 * sqrt(variance)) / (2 * mean)) ** 2
    late = ((root + _Z80 * sqrt(variance)) / (2 * mean)) ** 2
    return now + DAY_S * rest / mean, now + DAY_S * early, now + DAY_S * late
