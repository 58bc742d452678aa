"""How fast changes are looked for, in buckets: five minutes, an hour, or a row of a file."""

from dataclasses import dataclass

_FALSE_ALARMS_A_BASELINE = 0.1 / 13  # 28 days are a thirteenth of a year: 0.1 a year an asset, as slow wear has


@dataclass(frozen=True, kw_only=True)
class Tempo:
    """baseline: buckets that a whole baseline is learned from. first: after so many the first, provisional one is.

    Everything else follows from them: what is found in 28 days of hours and in 400 rows of a second is judged alike.
    """

    baseline: int
    first: int

    @property
    def spans(self) -> tuple[int, int]:
        """Spans of the two moving averages, a 56th and a 14th of the baseline: half a day and two of 28 days."""
        return max(2, self.baseline // 56), max(4, self.baseline // 14)

    @property
    def settling(self) -> int:
        """Readings after a repair that say where the machine stands now: a quarter of a baseline, a whole week."""
        return self.baseline // 4

    @property
    def abrupt(self) -> int:
        """Readings within which a change must become plain; what takes longer is drift, and slow wear's to judge."""
        return 2 * self.spans[1]

    @property
    def following(self) -> int:
        """Span of the level that is followed, and of the drift that it learns: what takes a season is no change."""
        return self.baseline

    @property
    def news(self) -> int:
        """Buckets after which a change that is still there is how the machine is now; a quarter of a year."""
        return 3 * self.baseline

    def chance(self, statistics: int) -> float:
        """Probability of a false alarm at one bucket of one of so many statistics.

        A moving average is no protection against many looks: at five standard deviations its excursions last about a
        bucket (Rice's formula for an AR(1), w x^2 of them a bucket, w the newest weight), so that each bucket counts.
        """
        return _FALSE_ALARMS_A_BASELINE / self.baseline / statistics


def weight(span: int) -> float:
    """Weight of the newest reading in an exponentially weighted moving average of this span."""
    return 2 / (span + 1)


HOURLY = Tempo(baseline=28 * 24, first=14 * 24)
