"""A device and the numbers of its series."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from services.ingest.batch.binary_copy import Int32s
from services.ingest.messages.readings import Reading


@dataclass
class Device:
    """One device's series by metric; `text` are those that have ever held text or an integer beyond 2^53.

    used: the number of the batch in which it spoke last. units_given: a hash of the units that it gave last.
    """

    source_id: int
    device_id: int
    series: dict[str, int] = field(default_factory=dict)
    text: set[int] = field(default_factory=set)
    used: int = 0
    units_given: int = 0
    _metrics: tuple[str, ...] = ()
    _ids: Int32s = field(default_factory=lambda: np.empty(0, np.int32))
    _text_places: tuple[int, ...] = ()

    def ids(self, metrics: tuple[str, ...]) -> Int32s:
        """Series of these metrics, shape (n,). A device says the same ones again and again, so the last are kept."""
        self._remember(metrics)
        return self._ids

    def text_places(self, metrics: tuple[str, ...]) -> tuple[int, ...]:
        """Which of these metrics have ever held text, by their places."""
        self._remember(metrics)
        return self._text_places

    def holds_text(self, metrics: Iterable[str]) -> None:
        """Note that these metrics hold text."""
        found = {self.series[metric] for metric in metrics} - self.text
        if found:
            self.text |= found
            self._metrics, self._ids, self._text_places = (), np.empty(0, np.int32), ()

    def knows(self, reading: Reading) -> bool:
        """Whether all metrics of the reading have their series."""
        known = reading.metrics == self._metrics or all(metric in self.series for metric in reading.metrics)
        return known and all(metric in self.series for metric, _ in reading.texts)

    def _remember(self, metrics: tuple[str, ...]) -> None:
        if metrics != self._metrics:
            self._ids = np.fromiter((self.series[metric] for metric in metrics), np.int32, len(metrics))
            self._metrics = metrics
            self._text_places = tuple(np.flatnonzero([series_id in self.text for series_id in self._ids.tolist()]))
