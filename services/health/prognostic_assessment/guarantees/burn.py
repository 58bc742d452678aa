"""How fast a guarantee's error budget burns, over long and short windows. Pure.

    burn(w) = supplier-attributed downtime(w) / (known time(w) x (1 - guaranteed availability))

A burn of 1 spends exactly the budget by the end of the window. A pair fires when both its long window and its short
one, a twelfth of it, burn above its threshold: the long one says that it matters, the short one that it lasts (Google,
The Site Reliability Workbook, chapter 5). Its fractions of the budget are 2, 5 and 10 %, its thresholds 14.4, 6 and 1,
its long window fraction x guarantee window / threshold.

No burn exceeds 1 / (1 - guaranteed availability), which is 10 at 90 %. A threshold above 0.8 of that could not fire;
then 0.8 of it is the threshold, and the window so much longer that the fraction stays.
"""

from dataclasses import dataclass
from math import ceil

import numpy as np

from services.health.block import Bools, Floats

_PAIRS = ((0.02, 14.4), (0.05, 6.0), (0.10, 1.0))
REACHABLE = 0.8
SHORT = 12
COVERED = 0.5
CLEARED = 0.8


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A pair of windows. long_h, short_h: whole hours, at least one: time is known by the hour here."""

    fraction: float
    threshold: float
    long_h: int
    short_h: int


def pairs(guaranteed: float, window_days: int) -> tuple[Pair, ...]:
    """The pairs of a guarantee, the fastest first; none for a guarantee of 100 %, which has no budget to burn."""
    if guaranteed >= 1:
        return ()
    found = []
    for fraction, usual in _PAIRS:
        threshold = min(usual, REACHABLE / (1 - guaranteed))
        long = fraction * window_days * 24 / threshold
        found.append(
            Pair(
                fraction=fraction,
                threshold=threshold,
                long_h=max(1, ceil(round(long, 6))),
                short_h=max(1, ceil(round(long / SHORT, 6))),
            )
        )
    return tuple(found)


def burn(hours: Floats, guaranteed: float, window_h: int, of_last: int) -> Floats:
    """The burn at the end of each of the last `of_last` hours, shape (of_last,).

    hours: shape (n, 3), PBT, known PBT and supplier-attributed downtime an hour. NaN where less than half of the
    planned time is known, or none was planned; unknown time shortens the window.
    """
    padded = np.concatenate([np.zeros((max(0, of_last + window_h - len(hours)), 3)), hours])[-(of_last + window_h) :]
    total = np.concatenate([np.zeros((1, 3)), np.cumsum(padded, axis=0)])
    planned, known, down = (total[window_h + 1 :] - total[1:-window_h]).T
    share = np.full(of_last, np.nan)
    enough = (known > 0) & (known >= COVERED * planned)
    np.divide(down, known * (1 - guaranteed), out=share, where=enough)
    return share


@dataclass(frozen=True, kw_only=True)
class Burn:
    """A pair's burns at one instant; NaN where too little is known."""

    pair: Pair
    long: float
    short: float


@dataclass(frozen=True, kw_only=True)
class Burning:
    """One pair over the block's hours, all shape (T,); neither fires nor is over where a burn is unknown."""

    pair: Pair
    long: Floats
    short: Floats

    @property
    def fires(self) -> Bools:
        """Both windows burn at the threshold or above."""
        level = self.pair.threshold * (1 - 1e-9)
        return np.asarray((self.long >= level) & (self.short >= level), dtype=np.bool_)

    @property
    def over(self) -> Bools:
        """The long window has come down to 0.8 of it: the short one alone is over with every repair."""
        return np.asarray(self.long < self.pair.threshold * CLEARED, dtype=np.bool_)


def burning(hours: Floats, guaranteed: float, window_days: int, of_last: int) -> tuple[Burning, ...]:
    """All pairs of a guarantee over the last `of_last` of the hours."""
    return tuple(
        Burning(
            pair=pair,
            long=burn(hours, guaranteed, pair.long_h, of_last),
            short=burn(hours, guaranteed, pair.short_h, of_last),
        )
        for pair in pairs(guaranteed, window_days)
    )


def burns(hours: Floats, guaranteed: float, window_days: int) -> tuple[Burn, ...]:
    """All pairs at the end of the hours."""
    return tuple(
        Burn(pair=one.pair, long=float(one.long[0]), short=float(one.short[0]))
        for one in burning(hours, guaranteed, window_days, 1)
    )
