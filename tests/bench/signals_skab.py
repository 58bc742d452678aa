"""A pump whose valve is closed by hand (Skoltech's test rig, 1 Hz): the fast watch, a row a bucket.

Each file is learned from its rows 0 to 399 and scored from row 400 on, point by point. Normal rows are inserted before
the scored part, 0 to 600 of them in steps of 100, and scored too, so that neither the length of a file nor the place of
its anomaly says anything. What is inserted decides what is measured, so there are three figures:

- `own`: pieces of 50 rows of the same recording's first 400, drawn by a seed. The machine is as it was: the promise.
- `other`: such pieces of another file's first 400. `free`: as many rows of the recording without any anomaly, from a
  place drawn by a seed. Both are other days of the rig: water and room are of another temperature, so that its level
  did change abruptly, and an alarm is not wrong but counts as false. `inserted_off` says how far: the share of inserted
  rows that lie more than four of their sigmas off the learned ones in some metric.

Beside each stand, over the same rows with what was inserted, an alarm that never stops, the best clock and shuffled
alarms. What was chosen by this data (how fast the level followed at first) was chosen on files of even number; those of
odd number were scored as they come.
"""

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.health.block import Bools, Floats
from services.health.state_detection.change_detection.change import Buckets, advance_change
from services.health.state_detection.change_detection.tempo import Tempo
from tests.bench.figures import Figure, Sheet

LEARNED = 400
INSERTED = range(0, 601, 100)
_PIECE = 50
_OFF = 4.0
_TEMPO = Tempo(baseline=LEARNED, first=LEARNED)


def rows_of(path: Path, *, labelled: bool = True) -> tuple[Floats, Bools]:
    """Eight metrics (T, 8) and whether a row is an anomaly (T,); of a recording without labels none is."""
    with gzip.open(path, "rt") as file:
        table = np.loadtxt(file, delimiter=",", skiprows=1, usecols=range(1, 10 if labelled else 9))
    return table[:, :8], table[:, 8] > 0 if labelled else np.zeros(len(table), dtype=np.bool_)


def pieces_of(values: Floats, extra: int, seed: int) -> Floats:
    """So many rows made of pieces of the first 400."""
    starts = np.random.default_rng((seed, extra)).integers(0, LEARNED - _PIECE + 1, -(-extra // _PIECE))
    pieces = [values[start : start + _PIECE] for start in starts]
    return np.concatenate([values[:0], *pieces])[:extra]


def stretch_of(values: Floats, extra: int, seed: int) -> Floats:
    """So many rows that follow each other."""
    start = int(np.random.default_rng((seed, extra)).integers(0, len(values) - extra + 1))
    return values[start : start + extra]


def off(values: Floats, inserted: Floats) -> Bools:
    """Inserted rows that lie off the learned ones."""
    learned = values[:LEARNED]
    deviation = (inserted - np.median(learned, axis=0)) / np.maximum(learned.std(axis=0), 1e-9)
    return np.asarray((np.abs(deviation) > _OFF).any(axis=1), dtype=np.bool_)


def alarms(values: Floats) -> Bools:
    """What the live functions say of each row after the learned ones."""
    rows, metrics = values.shape
    buckets = Buckets(
        metrics=tuple(f"m{i}" for i in range(metrics)),
        points=(),
        values=values,
        at_points=np.zeros((rows, 0)),
        at=np.arange(rows, dtype=np.float64),
        usable=np.ones(rows, dtype=np.bool_),
        renewed=np.zeros(rows, dtype=np.bool_),
    )
    return advance_change(None, buckets, _TEMPO)[1].changed[LEARNED:]


def counted(alarm: Bools, anomaly: Bools) -> NDArray[np.int64]:
    """True and false alarms, misses, and rows rightly quiet."""
    return np.array(
        [(alarm & anomaly).sum(), (alarm & ~anomaly).sum(), (~alarm & anomaly).sum(), (~alarm & ~anomaly).sum()]
    )


def f1(counts: NDArray[np.int64]) -> float:
    """Harmonic mean of precision and recall."""
    return float(2 * counts[0] / (2 * counts[0] + counts[1] + counts[2]))


def false_alarm_rate(counts: NDArray[np.int64]) -> float:
    """Share of normal rows under alarm."""
    return float(counts[1] / (counts[1] + counts[3]))


@dataclass(frozen=True, kw_only=True)
class Recording:
    """A file: its number, readings (T, 8), and which rows are an anomaly."""

    number: int
    values: Floats
    anomaly: Bools


Insertion = Callable[[Recording, int], Floats]


def _scored(half: str, inserted: str, recordings: list[Recording], given: Insertion, sheet: Sheet) -> None:
    runs, away = [], []
    for own in recordings:
        for extra in INSERTED:
            rows = given(own, extra)
            away.append(off(own.values, rows))
            label = np.concatenate([np.zeros(extra, dtype=np.bool_), own.anomaly[LEARNED:]])
            runs.append((alarms(np.concatenate([own.values[:LEARNED], rows, own.values[LEARNED:]])), label))
    own_counts = sum(counted(alarm, label) for alarm, label in runs)
    rivals = {
        "always alarm": sum(counted(np.ones_like(label), label) for _, label in runs),
        "best clock": max((_clock(runs, row) for row in range(0, 1400, 10)), key=f1),
        "shuffled": sum(counted(alarm, label) for alarm, label in _shuffled(runs)),
    }
    promised = half == "odd" and inserted == "own"
    name = f"{half}_{inserted}"
    controls = {rival: f1(counts) for rival, counts in rivals.items()}
    sheet.add(f"f1_{name}", f1(own_counts), "1", 0.80 if promised else None, controls=controls)
    controls = {rival: false_alarm_rate(counts) for rival, counts in rivals.items()}
    controls["inserted_off"] = float(np.concatenate(away).mean())
    target = 0.15 if promised else None
    sheet.add(f"false_alarm_rate_{name}", false_alarm_rate(own_counts), "1", target, at_most=True, controls=controls)


def _clock(runs: list[tuple[Bools, Bools]], row: int) -> NDArray[np.int64]:
    """An alarm from the same row on in every run."""
    return np.sum([counted(np.arange(len(label)) >= row, label) for _, label in runs], axis=0)


def _shuffled(runs: list[tuple[Bools, Bools]]) -> list[tuple[Bools, Bools]]:
    """Each run's labels beside the alarms of another run, cut to its length or repeated."""
    order = np.random.default_rng(0).permutation(len(runs))
    return [(np.resize(runs[other][0], len(label)), label) for other, (_, label) in zip(order, runs, strict=True)]


def _watch(data: Path) -> list[Figure]:
    sheet = Sheet("signals", "skab-watch")
    files = sorted((data / "skab" / "valve1").glob("*.csv.gz"), key=lambda p: int(p.name.split(".")[0]))
    recordings = [Recording(number=k, values=rows[0], anomaly=rows[1]) for k, rows in enumerate(map(rows_of, files))]
    free = rows_of(data / "skab" / "anomaly-free.csv.gz", labelled=False)[0]
    insertions: dict[str, Insertion] = {
        "own": lambda own, extra: pieces_of(own.values, extra, own.number),
        "other": lambda own, extra: pieces_of(recordings[own.number - 1].values, extra, own.number),
        "free": lambda own, extra: stretch_of(free, extra, own.number),
    }
    for inserted, given in insertions.items():
        for half, first in (("even", 0), ("odd", 1)):
            _scored(half, inserted, recordings[first::2], given, sheet)
    return sheet.figures


SCENARIOS = {"skab-watch": _watch}
