"""Which of a machine's days led to a failure, and which only to the end of what was seen of it.

A life begins with a machine's first day and with each repair that changed it. It ended in a failure if one stood at
its end. Work on a machine that had not failed, be it preventive or because somebody acted on an alert, ends what can
be known of that life: it lasted at least so long. A failure that no renewal followed, as a jam, ends no life.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from services.health.block import Floats
from services.health.prognostic_assessment.remaining_life.life_days import LifeDays

# A repair shows its effect after three judged days, and a machine in a five-day week is judged on five of seven.
_SHOWN_WITHIN_DAYS = 10.0


@dataclass(frozen=True, kw_only=True)
class Life:
    """One life of one asset: its judged days up to `end`, a number of days since 1970-01-01.

    failed: it ended there by a failure; otherwise it went on beyond, nobody knows how long. group: the same for all
    lives of one machine. failures: all of the machine that are known, those that end no life as well, ascending.
    """

    group: int
    days: LifeDays
    end: float
    failed: bool
    failures: tuple[float, ...] = ()

    @property
    def left(self) -> Floats:
        """Days from each judged day to the end."""
        return self.end - self.days.day


def lives_of(days: LifeDays, failures: Floats, group: int) -> Iterator[Life]:
    """The lives of one asset. failures: (f,), day numbers with fractions, ascending, as far as they are known."""
    edges = sorted({0, *np.flatnonzero(days.renewed).tolist(), len(days.day)})
    for first, end in pairwise(edges):
        since = days.day[first]
        if end < len(days.day):
            told = failures[(failures > since) & (failures <= days.day[end] + 1)]
            at_end = told[told >= days.day[end] - _SHOWN_WITHIN_DAYS]
        else:
            at_end = failures[failures >= max(days.day[end - 1], since + 1)]
        stop = float(at_end[0]) if len(at_end) else float(days.day[end - 1])
        own = days.rows(slice(first, end))
        before = own.rows(np.asarray(own.day <= stop))
        if len(before.day) > 1:
            yield Life(group=group, days=before, end=stop, failed=len(at_end) > 0, failures=tuple(failures.tolist()))
