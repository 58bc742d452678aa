"""A device and the numbers of its series."""

from dataclasses import dataclass, field

import numpy as np

from services.ingest.columns import Int32s
from services.ingest.readings import Reading


@dataclass
class Device:
    """One device's series by metric; `text` are those that have ever held text or an integer beyond 2^53."""

    source_id: int
    device_id: int
    series: dict[str, int] = field(default_factory=dict)
    text: set[int] = field(default_factory=set)
    _metrics: tuple[str, ...] = ()
    _ids: Int32s = field(default_factory=lambda: np.empty(0, np.int32))

    def ids(self, metrics: tuple[str, ...]) -> Int32s:
        """Series of these metrics, shape (n,). A device says the same ones again and again, so the last are kept."""
        if metrics != self._metrics:
            self._ids = np.fromiter((self.series[metric] for metric in metrics), np.int32, len(metrics))
            self._metrics = metrics
        return self._ids

    def knows(self, reading: Reading) -> bool:
        """Whether all metrics of the reading have their series."""
        known = reading.metrics == self._metrics or all(metric in self.series for metric in reading.metrics)
        return known and all(metric in self.series for metric, _ in reading.texts)
