"""Means and ratios over customers with 90 % intervals that say how few they are. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy.stats import t

from services.health.portfolio.survival import LEVEL

FEW = 5
"""Below so many customers a figure says that it is of few."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A figure over `customers`; low and high None of fewer than two, `few` where they are fewer than FEW."""

    customers: int
    value: float
    low: float | None
    high: float | None

    @property
    def few(self) -> bool:
        """Whether so few customers say little about others of the segment."""
        return self.customers < FEW

    def body(self) -> dict[str, object]:
        """As a JSON object."""
        return {"customers": self.customers, "value": self.value, "low": self.low, "high": self.high, "few": self.few}


def mean_of(values: Sequence[float]) -> Estimate | None:
    """The mean with Student's interval (1908); None of nobody."""
    return ratio_of(values, [1.0] * len(values))


def ratio_of(parts: Sequence[float], wholes: Sequence[float]) -> Estimate | None:
    """Sum of parts / sum of wholes, with the standard error of Cochran (Sampling Techniques, 1977, eq. 6.13) and
    Student's t of n - 1 degrees; None where the wholes do not come to more than 0."""
    n, whole = len(parts), float(np.sum(wholes))
    if n == 0 or whole <= 0:
        return None
    value = float(np.sum(parts)) / whole
    if n < 2:
        return Estimate(customers=n, value=value, low=None, high=None)
    left = np.asarray(parts) - value * np.asarray(wholes)
    error = sqrt(n / (n - 1) * float((left**2).sum())) / whole
    half = float(t.ppf((1 + LEVEL) / 2, n - 1)) * error
    return Estimate(customers=n, value=value, low=value - half, high=value + half)
