"""Time-weighted rollups of samples, for many series at once. Pure.

A value holds until the next sample or until its hold is over, whichever is first; a sample without a value ends the
hold before it. A counter's increase is what it went on from one sample to the next while the first was in force: when
it made what it shows after a gap, nobody knows. Instants are int64 microseconds since 2000-01-01 UTC, PostgreSQL's own
form, so that whole minutes, hours and UTC days are whole multiples.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US
DAY_US = 24 * HOUR_US

# Counts come in bursts, and their times with jitter: within a minute no speed is impossible that makes no more than a
# minute's greatest count.
_LEAST_TIME_US = MINUTE_US


@dataclass(frozen=True, kw_only=True)
class Runs:
    """R stretches [start, end) of a series each, of whole hours; shape (R,)."""

    series_id: Ints
    start: Ints
    end: Ints


@dataclass(frozen=True, kw_only=True)
class Meanings:
    """K things that samples can mean; shape (K,).

    hold: microseconds. rollover_at: the count at which a counter is at 0 again, NaN where it never is. per_hour: how
    much it counts in an hour at most, infinite where nobody has said.
    """

    hold: Ints
    rollover_at: Floats
    per_hour: Floats


@dataclass(frozen=True, kw_only=True)
class RunSamples:
    """n samples sorted by run and time; shape (n,).

    run: index into the runs. value: NaN where the device said that it has none. meaning: index into the meanings.
    counted: false for what only says how things stood: the sample in force when the run starts, and the last
    sample of a bucket whose raw rows are gone.
    """

    run: Ints
    at: Ints
    value: Floats
    meaning: Ints
    counted: Bools


@dataclass(frozen=True, kw_only=True)
class Buckets:
    """m buckets with a sample or with coverage, sorted by run and time; shape (m,).

    mean, minimum, maximum: of the values in force, NaN without coverage. covered_s: seconds, 0 to the width.
    increase: what a counter went on, in the bucket of the later sample of each two; 0 where the value was held or came
    first, NaN where nothing was known. last_value, last_at: the newest sample before the
    bucket's end, NaN where it has no value.
    """

    run: Ints
    start: Ints
    mean: Floats
    minimum: Floats
    maximum: Floats
    last_value: Floats
    last_at: Ints
    increase: Floats
    sample_count: Ints
    covered_s: Floats


@dataclass(frozen=True, kw_only=True)
class StoredHours:
    """Rollups of hours as they are stored, sorted by run and time; shape (m,). Columns as in `Buckets`."""

    run: Ints
    start: Ints
    sample_count: Ints
    last_at: Ints
    last_value: Floats


@dataclass(frozen=True, kw_only=True)
class _Pieces:
    """Parts of values in force, each within one bucket: where, how long (microseconds), which value."""

    slot: Ints
    duration: Ints
    value: Floats


def weigh(runs: Runs, samples: RunSamples, meanings: Meanings, width: int, *, held: bool) -> Buckets:
    """Buckets of `width` microseconds of each run; with `held` also those that only a held value covers."""
    slots = _Slots(runs, width)
    sample_slot = slots.of(samples.run, samples.at)
    hold = meanings.hold[samples.meaning]
    pieces = _pieces(runs, samples, hold, slots, width, every=held)
    inside = samples.counted & (samples.at >= runs.start[samples.run]) & (samples.at < runs.end[samples.run])
    counted = sample_slot[inside]
    keys = np.sort(np.concatenate([counted, pieces.slot]), kind="stable") if held else counted
    keys = keys[_firsts(keys)]
    if not held:
        pieces = _only(pieces, keys)
    covered, weighted, low, high = _in_force(keys, pieces, width)
    known = covered > 0
    last = np.searchsorted(sample_slot, keys, side="right") - 1
    return Buckets(
        run=slots.run_of(keys),
        start=slots.start_of(keys),
        mean=_mean(weighted, covered / width, low, high),
        minimum=low,
        maximum=high,
        last_value=samples.value[last],
        last_at=samples.at[last],
        increase=_increase(keys, samples, increments(samples, meanings), sample_slot, inside, known),
        sample_count=np.bincount(np.searchsorted(keys, counted), minlength=keys.size).astype(np.int64),
        covered_s=covered / 1e6,
    )


def days_of(hours: Buckets) -> Buckets:
    """UTC days from the hours that they consist of; the hours sorted by run and time, no hour in two runs."""
    firsts = _firsts((hours.run << 28) + hours.start // DAY_US)
    lasts = np.append(firsts, hours.start.size)[1:] - 1
    share = hours.covered_s / (DAY_US / 1e6)
    low, high = np.fmin.reduceat(hours.minimum, firsts), np.fmax.reduceat(hours.maximum, firsts)
    grew = np.add.reduceat(np.nan_to_num(hours.increase), firsts)
    weighted = np.add.reduceat(np.nan_to_num(hours.mean, nan=0.0) * share, firsts)
    return Buckets(
        run=hours.run[firsts],
        start=hours.start[firsts] // DAY_US * DAY_US,
        mean=_mean(weighted, np.add.reduceat(share, firsts), low, high),
        minimum=low,
        maximum=high,
        last_value=hours.last_value[lasts],
        last_at=hours.last_at[lasts],
        increase=np.where(np.logical_and.reduceat(np.isnan(hours.increase), firsts), np.nan, grew),
        sample_count=np.add.reduceat(hours.sample_count, firsts),
        covered_s=np.add.reduceat(hours.covered_s, firsts),
    )


def gone(runs: Runs, samples: RunSamples, stored: StoredHours) -> Bools:
    """Which stored hours, shape (m,), were made of samples that are no longer stored.

    Retention drops all samples of an hour or none, so the newest one stands for all; the count tells a repeated
    message that came after the drop from the sample it repeats.
    """
    slots = _Slots(runs, HOUR_US)
    sample_slot = slots.of(samples.run, samples.at)
    bucket_slot = slots.of(stored.run, stored.start)
    count = np.searchsorted(sample_slot, bucket_slot, "right") - np.searchsorted(sample_slot, bucket_slot, "left")
    newest = np.searchsorted(_order_key(runs, samples.run, samples.at), _order_key(runs, stored.run, stored.last_at))
    newest = np.minimum(newest, max(samples.at.size - 1, 0))
    present = np.zeros(stored.start.size, dtype=bool)
    if samples.at.size:
        present = (samples.at[newest] == stored.last_at) & (samples.run[newest] == stored.run)
    result: Bools = (stored.sample_count > 0) & ~(present & (count >= stored.sample_count))
    return result


class _Slots:
    """Numbers the buckets of all runs through, with one slot before each run for what came before it."""

    def __init__(self, runs: Runs, width: int) -> None:
        self._width = width
        self._first = np.floor_divide(runs.start, width)
        sizes = -np.floor_divide(-runs.end, width) - self._first + 1
        self._offset = np.concatenate([[0], np.cumsum(sizes)[:-1]]) if sizes.size else sizes

    def of(self, run: Ints, at: Ints) -> Ints:
        """Slot of each instant."""
        number: Ints = self._offset[run] + 1 + np.maximum(np.floor_divide(at, self._width) - self._first[run], -1)
        return number

    def run_of(self, slot: Ints) -> Ints:
        """Run of each slot."""
        return np.searchsorted(self._offset, slot, side="right") - 1

    def start_of(self, slot: Ints) -> Ints:
        """Start of each slot's bucket."""
        run = self.run_of(slot)
        start: Ints = (slot - self._offset[run] - 1 + self._first[run]) * self._width
        return start


def _order_key(runs: Runs, run: Ints, at: Ints) -> Ints:
    """Ascending in run and time: microseconds since the first run's start, were the runs laid end to end."""
    length = runs.end - runs.start + 1
    offset = np.concatenate([[0], np.cumsum(length)[:-1]]) if length.size else length
    key: Ints = offset[run] + np.clip(at - runs.start[run] + 1, 0, length[run])
    return key


def _pieces(runs: Runs, samples: RunSamples, hold: Ints, slots: _Slots, width: int, *, every: bool) -> _Pieces:
    """Cut each value's time in force at the buckets' edges.

    Without `every` only the first and the last bucket of each value: those between hold no sample.
    """
    following = np.concatenate([samples.at[1:], [np.iinfo(np.int64).max]])
    following[np.flatnonzero(np.diff(samples.run))] = np.iinfo(np.int64).max
    begin = np.maximum(samples.at, runs.start[samples.run])
    end = np.minimum(np.minimum(following, samples.at + hold), runs.end[samples.run])
    in_force = np.flatnonzero((end > begin) & ~np.isnan(samples.value))
    begin, end, run, value = begin[in_force], end[in_force], samples.run[in_force], samples.value[in_force]
    first, last = np.floor_divide(begin, width), np.floor_divide(end - 1, width)
    parts = last - first + 1 if every else np.minimum(last - first, 1) + 1
    owner = np.repeat(np.arange(parts.size), parts)
    nth = np.arange(owner.size) - np.repeat(np.cumsum(parts) - parts, parts)
    bucket = first[owner] + nth if every else np.where(nth == 0, first[owner], last[owner])
    left = np.maximum(begin[owner], bucket * width)
    duration = np.minimum(end[owner], (bucket + 1) * width) - left
    return _Pieces(slot=slots.of(run[owner], left), duration=duration, value=value[owner])


def _firsts(ascending: Ints) -> Ints:
    """Where each distinct number comes first."""
    return np.flatnonzero(np.concatenate([[True], np.diff(ascending) > 0])[: ascending.size])


def _only(pieces: _Pieces, keys: Ints) -> _Pieces:
    wanted = np.append(keys, -1)[np.searchsorted(keys, pieces.slot)] == pieces.slot
    return _Pieces(slot=pieces.slot[wanted], duration=pieces.duration[wanted], value=pieces.value[wanted])


def _in_force(keys: Ints, pieces: _Pieces, width: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Covered microseconds, sum of values by their share of the width, least and greatest value for each key."""
    covered, weighted = np.zeros(keys.size), np.full(keys.size, np.nan)
    low, high = np.full(keys.size, np.nan), np.full(keys.size, np.nan)
    if pieces.slot.size:
        firsts = _firsts(pieces.slot)
        at = np.searchsorted(keys, pieces.slot[firsts])
        covered[at] = np.add.reduceat(pieces.duration, firsts)
        weighted[at] = np.add.reduceat(pieces.value * (pieces.duration / width), firsts)
        low[at] = np.minimum.reduceat(pieces.value, firsts)
        high[at] = np.maximum.reduceat(pieces.value, firsts)
    return covered, weighted, low, high


def _mean(weighted: Floats, share: Floats, low: Floats, high: Floats) -> Floats:
    """`weighted / share`, kept between the least and the greatest value against rounding; NaN for no share."""
    mean = np.full(weighted.size, np.nan)
    np.divide(weighted, share, out=mean, where=share > 0)
    kept: Floats = np.clip(mean, low, high)
    return kept


def increments(samples: RunSamples, meanings: Meanings) -> Floats:
    """What each sample of a counter adds to the one before it, shape (n,); 0 where that is not known.

    A count that went on counts while the sample before was in force, of the same binding and no faster than can be: no
    jump after a silence, none to another device's count. One that fell rolled over if it can have come so far by way
    of `rollover_at`; else it was reset if it can have come from 0; else somebody set it. Only a greatest speed can
    tell these apart, so without one a fall adds nothing.
    """
    apart = np.diff(samples.at, prepend=0)
    grown = np.diff(samples.value, prepend=np.nan)
    at_most = meanings.per_hour[samples.meaning] * (np.maximum(apart, _LEAST_TIME_US) / HOUR_US)
    around = grown + meanings.rollover_at[samples.meaning]
    fallen = np.where((around >= 0) & (around <= at_most), around, np.where(np.isinf(at_most), 0.0, samples.value))
    added = np.where(grown < 0, fallen, grown)
    held = np.concatenate([[0], meanings.hold[samples.meaning[:-1]]])[: apart.size]
    follows = (np.diff(samples.run, prepend=-1) == 0) & (np.diff(samples.meaning, prepend=-1) == 0) & (apart <= held)
    known: Floats = np.where(follows & (added >= 0) & (added <= at_most), added, 0.0)
    return known


def _increase(keys: Ints, samples: RunSamples, added: Floats, slot: Ints, inside: Bools, known: Bools) -> Floats:
    told = inside & ~np.isnan(samples.value)
    increase = np.where(known, 0.0, np.nan)
    at = np.searchsorted(keys, slot[told])
    increase[at] = 0.0
    np.add.at(increase, at, added[told])
    return increase
