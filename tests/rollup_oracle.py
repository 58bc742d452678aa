"""Rollups the slow and obvious way: walk through every value in force, one piece at a time."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import nan

_ORIGIN = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass
class Bucket:
    """What is known of one bucket; `pieces` are (seconds, value)."""

    pieces: list[tuple[float, float]] = field(default_factory=list)
    samples: int = 0
    good_samples: int = 0
    increase: float = 0.0


def expected(
    samples: Mapping[datetime, float | None], hold: timedelta, width: timedelta, *, held: bool = True
) -> dict[datetime, tuple[float, ...]]:
    """Bucket → mean, minimum, maximum, last_value, last_observed_at, increase, sample_count, covered_s; NaN is null."""
    buckets: defaultdict[datetime, Bucket] = defaultdict(Bucket)
    instants = sorted(samples)
    before: tuple[datetime, float] | None = None
    for at, following in zip(instants, [*instants[1:], None], strict=True):
        value = samples[at]
        bucket = buckets[_floor(at, width)]
        bucket.samples += 1
        if value is None:
            before = None
            continue
        bucket.good_samples += 1
        if before is not None and at - before[0] <= hold:
            bucket.increase += max(value - before[1], 0.0)
        before = at, value
        end = at + hold if following is None else min(at + hold, following)
        left = at
        while left < end:
            edge = min(end, _floor(left, width) + width)
            buckets[_floor(left, width)].pieces.append(((edge - left).total_seconds(), value))
            left = edge
    return {
        start: _row(bucket, [at for at in instants if at < start + width][-1], samples)
        for start, bucket in buckets.items()
        if held or bucket.samples
    }


def _row(bucket: Bucket, last: datetime, samples: Mapping[datetime, float | None]) -> tuple[float, ...]:
    covered = sum(seconds for seconds, _ in bucket.pieces)
    values = [value for _, value in bucket.pieces]
    return (
        sum(seconds * value for seconds, value in bucket.pieces) / covered if covered else nan,
        min(values, default=nan),
        max(values, default=nan),
        nan if (newest := samples[last]) is None else newest,
        last.timestamp(),
        bucket.increase if covered or bucket.good_samples else nan,
        bucket.samples,
        covered,
    )


def _floor(at: datetime, width: timedelta) -> datetime:
    return _ORIGIN + (at - _ORIGIN) // width * width
