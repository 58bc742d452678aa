"""Wear that ends in failure and is undone by repair.

A machine lives in cycles: it starts as good as new, its damage D grows evenly from 0 to 1 over the cycle's length, it
fails at D = 1, stands still for the repair, and starts again. What sensors show follows the wear w = D^5: nothing for
most of the life, then a rise that steepens, as in the P-F curve of reliability engineering.
"""

from dataclasses import dataclass

import numpy as np

from deploy.local.plants.calendars import Calendar, works
from deploy.local.plants.noise import Floats, Ints, stream, uniform

_DAY_S = 86_400
_HOUR_S = 3_600


@dataclass(frozen=True, kw_only=True, eq=False)
class Cycles:
    """Wear cycles, oldest first, each [started, failed) at work and [failed, repaired) down; Unix seconds, shape (K,).

    The next cycle starts when the one before is repaired.
    """

    started: Ints
    failed: Ints
    repaired: Ints


@dataclass(frozen=True, kw_only=True)
class Life:
    """How long cycles are (`typical_days`, each within 30 %), and where the machine is in its own at the demo's start:
    `age_days` after the last repair, `left_days` before the next failure."""

    typical_days: float
    age_days: float
    left_days: float


def cycles(key: int, life: Life, calendar: Calendar, started_s: int, years_before: int, years_after: int) -> Cycles:
    """Cycles covering `years_before` and `years_after` the demo's start `started_s`.

    Laid out from the present one in both directions, so the present is what `life` says. Failures fall into working
    time: nothing breaks that stands still.
    """
    begin, end = started_s - years_before * 366 * _DAY_S, started_s + years_after * 366 * _DAY_S
    started = [started_s - round(life.age_days * _DAY_S)]
    failed = [_working(calendar, started_s + round(life.left_days * _DAY_S))]
    repaired = [failed[0] + _repair_s(key, 0)]
    count = 0
    while repaired[-1] < end:
        count += 1
        started.append(repaired[-1])
        failed.append(_working(calendar, started[-1] + _length_s(key, count, life.typical_days)))
        repaired.append(failed[-1] + _repair_s(key, count))
    count = 0
    while started[0] > begin:
        count -= 1
        repaired.insert(0, started[0])
        failed.insert(0, _working(calendar, repaired[0] - _repair_s(key, count)))
        started.insert(0, failed[0] - _length_s(key, count, life.typical_days))
    # A failure that was moved into working time may have come past its repair by hours: the repair ends later, too.
    repaired = [max(end_s, fail_s + _HOUR_S) for end_s, fail_s in zip(repaired, failed, strict=True)]
    started[1:] = repaired[:-1]
    return Cycles(started=np.array(started), failed=np.array(failed), repaired=np.array(repaired))


def damage(of: Cycles, at: Ints) -> Floats:
    """Damage D in 0..1 at each Unix second; 1 while down for the repair."""
    index = np.searchsorted(of.started, at, side="right") - 1
    return np.clip((at - of.started[index]) / (of.failed[index] - of.started[index]), 0.0, 1.0)


def wear(of: Cycles, at: Ints) -> Floats:
    """Wear w = D^5 in 0..1 at each Unix second."""
    share = damage(of, at)
    squared = share * share
    return squared * squared * share


def _length_s(key: int, count: int, typical_days: float) -> int:
    share = float(uniform(stream(key, "length"), np.array([count]))[0])
    return round(typical_days * (0.7 + 0.6 * share) * _DAY_S)


def _repair_s(key: int, count: int) -> int:
    share = float(uniform(stream(key, "repair"), np.array([count]))[0])
    return round((6 + 14 * share) * 60) * 60


def _working(calendar: Calendar, at_s: int) -> int:
    """The instant itself, or the first in steps of an hour after it at which the site works."""
    hours = at_s + _HOUR_S * np.arange(24 * 14, dtype=np.int64)
    return int(hours[np.argmax(works(calendar, hours))])
