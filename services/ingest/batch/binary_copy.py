"""Samples of a batch as columns, and as the bytes that a binary COPY takes."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.ingest.messages.readings import BAD, Floats

Int64s = NDArray[np.int64]
Int32s = NDArray[np.int32]
Int16s = NDArray[np.int16]
Bools = NDArray[np.bool_]

_DAY_US = 86_400_000_000
_POSTGRES_EPOCH_US = 946_684_800_000_000
_HEADER = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_TRAILER = b"\xff\xff"

# A row is its number of fields, then each field's length and bytes, all big-endian; length -1 is null.
_SAMPLE = np.dtype(
    [
        ("fields", ">i2"),
        ("l1", ">i4"), ("series_id", ">i4"),
        ("l2", ">i4"), ("observed_at", ">i8"),
        ("l3", ">i4"), ("received_at", ">i8"),
        ("l4", ">i4"), ("quality", ">i2"),
        ("l5", ">i4"), ("historical", "u1"),
        ("l6", ">i4"), ("value", ">f8"),
    ]
)  # fmt: skip
_NULL_SAMPLE = np.dtype(_SAMPLE.descr[:-1])
_STAGED = np.dtype([*_SAMPLE.descr, ("l7", ">i4"), ("first", "u1")])
_RANGE = np.dtype(
    [
        ("fields", ">i2"),
        ("l1", ">i4"), ("series_id", ">i4"),
        ("l2", ">i4"), ("range_from", ">i8"),
        ("l3", ">i4"), ("range_through", ">i8"),
        ("l4", ">i4"), ("received_at", ">i8"),
    ]
)  # fmt: skip

SAMPLE_COLUMNS = "series_id, observed_at, received_at, quality, historical, value"
RANGE_COLUMNS = "series_id, range_from, range_through, received_at"


class Columns(NamedTuple):
    """Samples, all of shape (n,); times in Unix µs; a value is NaN where the quality is 0: "no value"."""

    series_id: Int32s
    observed_us: Int64s
    received_us: Int64s
    values: Floats
    quality: Int16s
    historical: Bools


class Ranges(NamedTuple):
    """Stretches of series that changed, all of shape (n,); times in Unix µs, both ends included."""

    series_id: Int32s
    from_us: Int64s
    through_us: Int64s


def samples_as_copy(columns: Columns) -> bytes:
    """The samples for `COPY … (SAMPLE_COLUMNS) FROM STDIN (FORMAT BINARY)`; those with NaN come last, as null."""
    missing = np.isnan(columns.values)
    if not missing.any():
        return _HEADER + _sample_rows(columns, _SAMPLE).tobytes() + _TRAILER
    there = _sample_rows(selected(columns, ~missing), _SAMPLE).tobytes()
    return _HEADER + there + _sample_rows(selected(columns, missing), _NULL_SAMPLE).tobytes() + _TRAILER


def staged_as_copy(columns: Columns, first: Bools) -> bytes:
    """The samples for `COPY … (SAMPLE_COLUMNS, first) FROM STDIN (FORMAT BINARY)`, in their order; NaN stays NaN."""
    rows = _sample_rows(columns, _STAGED)
    rows["l7"], rows["first"] = 1, first
    return _HEADER + rows.tobytes() + _TRAILER


def selected(columns: Columns, where: Bools | NDArray[np.intp]) -> Columns:
    """The samples that `where` picks, by truth values or by places."""
    return Columns(
        columns.series_id[where],
        columns.observed_us[where],
        columns.received_us[where],
        columns.values[where],
        columns.quality[where],
        columns.historical[where],
    )


def ranges_as_copy(ranges: Ranges, received_us: int) -> bytes:
    """The ranges for `COPY … (RANGE_COLUMNS) FROM STDIN (FORMAT BINARY)`."""
    rows = np.empty(len(ranges.series_id), _RANGE)
    rows["fields"] = 4
    rows["l1"], rows["l2"], rows["l3"], rows["l4"] = 4, 8, 8, 8
    rows["series_id"] = ranges.series_id
    rows["range_from"] = ranges.from_us - _POSTGRES_EPOCH_US
    rows["range_through"] = ranges.through_us - _POSTGRES_EPOCH_US
    rows["received_at"] = received_us - _POSTGRES_EPOCH_US
    return _HEADER + rows.tobytes() + _TRAILER


def changed(series_id: Int32s, observed_us: Int64s) -> Ranges:
    """One range for each series and run of its instants without a gap of a day, by series and time."""
    if not len(series_id):
        return Ranges(series_id, observed_us, observed_us)
    order = np.lexsort((observed_us, series_id))
    series, at = series_id[order], observed_us[order]
    begins = np.ones(len(series), np.bool_)
    begins[1:] = (series[1:] != series[:-1]) | (at[1:] - at[:-1] > _DAY_US)
    first = np.flatnonzero(begins)
    last = np.append(first[1:] - 1, len(series) - 1)
    return Ranges(series[first], at[first], at[last])


def by_key(columns: Columns) -> Columns:
    """The samples by series and instant; those of one series and instant in the order of receipt."""
    return selected(columns, np.lexsort((columns.observed_us, columns.series_id)))


def first_of_key(columns: Columns) -> Bools:
    """Which samples, given by series and instant, are the first of theirs; shape (n,)."""
    first = np.ones(len(columns.series_id), np.bool_)
    first[1:] = np.diff(columns.series_id) != 0
    first[1:] |= np.diff(columns.observed_us) != 0
    return first


def _sample_rows(columns: Columns, layout: np.dtype[np.void]) -> NDArray[np.void]:
    rows = np.empty(len(columns.values), layout)
    rows["fields"] = len(layout.names or ()) // 2
    rows["l1"], rows["l2"], rows["l3"], rows["l4"], rows["l5"] = 4, 8, 8, 2, 1
    rows["series_id"] = columns.series_id
    rows["observed_at"] = columns.observed_us - _POSTGRES_EPOCH_US
    rows["received_at"] = columns.received_us - _POSTGRES_EPOCH_US
    rows["historical"] = columns.historical
    if layout is _NULL_SAMPLE:
        rows["l6"], rows["quality"] = -1, BAD
    else:
        rows["l6"], rows["value"], rows["quality"] = 8, columns.values, columns.quality
    return rows
