"""Rows a day, kept over a block's start so that windows of weeks and years reach back. Pure."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from services.health.block import Bools, Floats

_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, kw_only=True)
class DailyHistory:
    """table: shape (kept + days of the block, columns). The first `kept` rows are days before the block.

    first_day: days since 1970-01-01 of row 0. The block's last row may be an unfinished day.
    """

    first_day: int
    kept: int
    table: Floats

    def day(self, row: int) -> date:
        """The UTC day of a row."""
        return _EPOCH + timedelta(days=self.first_day + row)

    def row_of(self, day: date) -> int:
        """The row of a day; negative or past the end where the day is outside."""
        return (day - _EPOCH).days - self.first_day

    def column(self, index: int) -> Floats:
        """One column, shape (rows,)."""
        return self.table[:, index]

    def packed(self, before_row: int, at_most: int) -> bytes:
        """The last `at_most` rows before a row, to be kept."""
        return self.table[max(0, before_row - at_most) : before_row].tobytes()


def history(packed: bytes, block_rows: Floats, first_block_day: int) -> DailyHistory:
    """Kept rows followed by the block's; `packed` comes from `DailyHistory.packed` with as many columns."""
    before = np.frombuffer(packed, dtype=np.float64).reshape(-1, block_rows.shape[1])
    return DailyHistory(
        first_day=first_block_day - len(before), kept=len(before), table=np.concatenate([before, block_rows])
    )


def trailing_sum(column: Floats, days: int) -> Floats:
    """Sum over each row and the days - 1 rows before it; rows before the first count 0; NaN counts 0.

    Windows are summed one by one: the result of a row does not depend on how much history lies before its window.
    """
    padded = np.concatenate([np.zeros(days - 1), np.nan_to_num(column)])
    return np.asarray(np.ascontiguousarray(sliding_window_view(padded, days)).sum(axis=1), dtype=np.float64)


def share(part: Floats, whole: Floats) -> Floats:
    """part / whole; NaN where the whole is 0."""
    result = np.full(len(part), np.nan)
    np.divide(part, whole, out=result, where=whole > 0)
    return result


def as_known_in_the_morning(by_day: Floats, kept: int) -> Floats:
    """What a figure through each evening says on the next day of the block: shape (days,); NaN before the first."""
    return np.concatenate([[np.nan], by_day])[kept : len(by_day)]


def hourly(by_day: Bools, hours: int) -> Bools:
    """The block's days as hours."""
    return np.repeat(by_day, 24)[:hours]


def at_midnights(by_day: Bools, hours: int) -> Bools:
    """The block's days as hours, true in a day's first alone."""
    return np.where(np.arange(hours) % 24 == 0, hourly(by_day, hours), False)


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - _EPOCH).days


def day_of(number: int) -> date:
    """The day that is `number` days after 1970-01-01."""
    return _EPOCH + timedelta(days=number)
