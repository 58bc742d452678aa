"""From the trend of a deviation to the date on which it reaches a damage level.

The level is not a failure: it is where a machine's readings have nothing in common with its baseline any more. No
failure has to be known for it, and it is the same for every machine because it is counted in the baseline's sigmas.
A machine that was repaired further out than that has shown more: its own limit is where it was repaired last.
"""

from dataclasses import dataclass
from math import erf, expm1, inf, log, log1p, sqrt

DAY_S = 86_400.0
DAMAGE = 5.15  # 2 x 2.576: the 99 % ranges of a reading then and now do not overlap
SMOOTHING = 0.2  # weight of a new day in the smoothed deviation; EWMA charts use 0.05 to 0.25 (Montgomery)
MEMORY = 0.9  # a trend forgets 10 % a judged day, so it speaks of the last three to four weeks
LEAST_DAYS = 14  # two weeks of a trend before it may speak
_Z90 = 1.2816
_FAINT = 0.1  # smoothed chance alone deviates by more


@dataclass(frozen=True, kw_only=True)
class Trend:
    """Discounted sums of a least-squares line through (day, log(1 + deviation)), the day counted back from the newest.

    count: judged days since the start. last_day: number of the newest. s0..s2: sums of weights, of weighted ages and
    their squares (ages are negative). q0..q2: the same with squared weights. y0, y1: as s0, s1, times the log.
    surprise: discounted sum of squares of the error of predicting the next day; weight: of ones.
    """

    count: int = 0
    last_day: float = 0.0
    s0: float = 0.0
    s1: float = 0.0
    s2: float = 0.0
    q0: float = 0.0
    q1: float = 0.0
    q2: float = 0.0
    y0: float = 0.0
    y1: float = 0.0
    surprise: float = 0.0
    weight: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """Days from now to the damage level: earliest (P10), expected (P50), latest (P90); inf where it never comes.

    confidence: probability, 0..1, that it comes within the horizon asked for.
    """

    low: float
    expected: float
    high: float
    confidence: float


def advance_trend(trend: Trend, day: float, deviation: float) -> Trend:
    """The trend after one more judged day; `day` is later than the last. Days that were not judged cost no memory."""
    y = log1p(deviation)
    if trend.count == 0:
        return Trend(count=1, last_day=day, s0=1.0, q0=1.0, y0=y)
    step = day - trend.last_day
    level, slope = line(trend)
    error = (y - level - slope * step) if trend.count > 2 else 0.0
    f, s0, s1, q0, q1, y0 = MEMORY, trend.s0, trend.s1, trend.q0, trend.q1, trend.y0
    return Trend(
        count=trend.count + 1,
        last_day=day,
        s0=f * s0 + 1.0,
        s1=f * (s1 - step * s0),
        s2=f * (trend.s2 - 2 * step * s1 + step * step * s0),
        q0=f * f * q0 + 1.0,
        q1=f * f * (q1 - step * q0),
        q2=f * f * (trend.q2 - 2 * step * q1 + step * step * q0),
        y0=f * y0 + y,
        y1=f * (trend.y1 - step * y0),
        surprise=f * trend.surprise + error * error,
        weight=f * trend.weight + 1.0,
    )


def line(trend: Trend) -> tuple[float, float]:
    """Level now and slope a day of the line through log(1 + deviation); slope 0 while there are fewer than two days."""
    spread = trend.s0 * trend.s2 - trend.s1 * trend.s1
    if trend.count < 2 or spread <= 0:
        return (trend.y0 / trend.s0 if trend.s0 else 0.0), 0.0
    slope = (trend.s0 * trend.y1 - trend.s1 * trend.y0) / spread
    return (trend.s2 * trend.y0 - trend.s1 * trend.y1) / spread, slope


def slope_error(trend: Trend) -> float:
    """Standard error of the slope a day; inf while there is no line.

    Weighted least squares under independent noise. The deviation was smoothed, so its day-to-day surprise is
    SMOOTHING times the noise that went in.
    """
    spread = trend.s0 * trend.s2 - trend.s1 * trend.s1
    if trend.count < 2 or spread <= 0:
        return inf
    mean = trend.s1 / trend.s0
    noise = sqrt(trend.surprise / trend.weight) / SMOOTHING
    scatter = trend.q2 - 2 * mean * trend.q1 + mean * mean * trend.q0
    return noise * sqrt(scatter) * trend.s0 / spread


def forecast(trend: Trend, limit: float, horizon_days: float) -> Forecast:
    """When the deviation passes `limit` for the first time.

    The deviation x is taken to have grown by dx = g (1 + x): slowly while it is within the baseline's scatter, and in
    proportion to itself beyond, as cracks and clearances do (exponential degradation, Gebraeel 2005). The bounds are
    the two courses between which wear runs, straight on (latest) and in proportion from the start (earliest), each
    with the slope's own uncertainty.
    """
    level, slope = line(trend)
    if level >= log1p(limit):
        return Forecast(low=0.0, expected=0.0, high=0.0, confidence=1.0)
    if trend.count < LEAST_DAYS:
        return Forecast(low=inf, expected=inf, high=inf, confidence=0.0)
    error = max(slope_error(trend), 1e-12)
    steady, hasty = slope - _Z90 * error, slope + _Z90 * error
    now = max(expm1(level), _FAINT)
    gap = log1p(limit) - level
    return Forecast(
        low=now * log(limit / now) / (1 + now) / hasty if hasty > 0 else inf,
        expected=gap / slope if slope > 0 else inf,
        high=(limit - now) / (1 + now) / steady if steady > 0 else inf,
        confidence=0.5 * (1 + erf((slope - gap / horizon_days) / error / sqrt(2))),
    )


def dates(end_s: float, days: Forecast) -> tuple[float, float, float]:
    """The forecast's low, expected and high as Unix seconds counted from `end_s`; NaN where the date never comes."""
    low, expected, high = (
        end_s + d * DAY_S if d < _NEVER_DAYS else float("nan") for d in (days.low, days.expected, days.high)
    )
    return low, expected, high


_NEVER_DAYS = 3653.0  # ten years: a date beyond is no date
