"""What publishers were promised, against what the table holds."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tests.drills import readings

Numbers = NDArray[np.int64]


class Said(NamedTuple):
    """One device's messages by number: all that were sent, and those that the broker acknowledged."""

    sent: frozenset[int]
    acknowledged: frozenset[int]


class Row(NamedTuple):
    """A series as the table holds it."""

    numbers: Numbers
    values: NDArray[np.float64]


class Verdict(NamedTuple):
    """Sentences about what is wrong; none when everything acknowledged is there once, and nothing else is."""

    missing: list[str]
    extra: list[str]

    @property
    def good(self) -> bool:
        return not (self.missing or self.extra)

    def __str__(self) -> str:
        lines = [*(f"missing: {one}" for one in self.missing), *(f"extra: {one}" for one in self.extra)]
        return "\n".join(lines[:40]) or "all there, once"


def judge(said: Mapping[str, Said], stored: Mapping[tuple[str, str], Row], metrics: int = readings.METRICS) -> Verdict:
    """Hold the table (by device and metric) against what was said (by device)."""
    missing: list[str] = []
    extra = [f"{device} {metric} was never sent" for device, metric in stored if device not in said]
    for device, words in said.items():
        sent = np.array(sorted(words.sent), np.int64)
        promised = np.array(sorted(words.acknowledged), np.int64)
        for metric in range(metrics):
            row = stored.get((device, f"m{metric}"), Row(np.empty(0, np.int64), np.empty(0)))
            name = f"{device} m{metric}"
            missing += _sentences(name, np.setdiff1d(promised, row.numbers), "acknowledged and not stored")
            extra += _sentences(name, np.setdiff1d(row.numbers, sent), "stored and never sent")
            unique, counts = np.unique(row.numbers, return_counts=True)
            extra += _sentences(name, unique[counts > 1], "stored twice")
            wrong = row.values != readings.values(device, row.numbers, metric)
            extra += _sentences(name, row.numbers[wrong], "stored with another value")
    return Verdict(missing, extra)


def _sentences(name: str, numbers: Numbers, what: str) -> list[str]:
    if not len(numbers):
        return []
    shown = ", ".join(str(number) for number in numbers[:10].tolist())
    return [f"{name}: {len(numbers)} {what}: {shown}{' …' if len(numbers) > 10 else ''}"]
