"""History for the storage benchmark: ten metrics of a machine, in the bytes of a COPY."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from services.ingest.batch.binary_copy import Columns, samples_as_copy

SERIES = 10
_ROWS_AT_ONCE = 500_000
_DELAY_US = 300_000

Floats = NDArray[np.float64]


def readings(size: int, random: np.random.Generator) -> Floats:
    """What a gauge says: it moves a little at a time, and tells tenths. Shape (size, SERIES)."""
    return (50 + np.cumsum(random.normal(0, 0.05, (size, SERIES)), axis=0)).round(1)


def noise(size: int, random: np.random.Generator) -> Floats:
    """The worst to keep: no value resembles the one before, all digits are random. Shape (size, SERIES)."""
    return random.normal(50, 10, (size, SERIES))


def copies(start_us: int, end_us: int, every_us: int, values: Floats) -> Iterator[bytes]:
    """COPY data in the order of time for [start_us, end_us), Unix µs; row n of `values` goes with instant n.

    All metrics of an instant come in one message, received 0.3 s after it: once a message, as ingest stores them.
    """
    at = np.arange(start_us, end_us, every_us, dtype=np.int64)
    step = _ROWS_AT_ONCE // SERIES
    for first in range(0, len(at), step):
        some, part = at[first : first + step], values[first : first + step]
        size = part.size
        yield samples_as_copy(
            Columns(
                np.tile(np.arange(1, SERIES + 1, dtype=np.int32), len(some)),
                np.repeat(some, SERIES),
                np.repeat(some + _DELAY_US, SERIES),
                part.ravel(),
                np.full(size, 192, np.int16),
                np.zeros(size, np.bool_),
            )
        )
