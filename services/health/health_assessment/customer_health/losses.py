"""What each machine lost and each site kept silent on the days that windows of customer health reach back to. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.health.block import Floats
from services.health.health_assessment.customer_health.measures import WINDOWS
from services.health.health_assessment.customer_work import DRIFT_LOSS, GUARANTEED_LOSS, REJECTED_LOSS, SLOW_LOSS
from shared.records.vocabulary import CAUSES

KEPT_DAYS = max(WINDOWS.values())
# Which columns a measure's load is the sum of, and whose fault each is.
_BY_CAUSE = tuple((column, cause) for column, cause in enumerate(CAUSES))
COLUMNS_OF: Mapping[str, tuple[tuple[int, str | None], ...]] = {
    "availability": _BY_CAUSE,
    "promise": _BY_CAUSE,
    "guarantee": ((GUARANTEED_LOSS, "supplier"),),
    "effectiveness": ((SLOW_LOSS, None),),
    "quality": ((REJECTED_LOSS, None),),
    "condition": ((DRIFT_LOSS, None),),
    "reporting": ((0, None),),
}
OF_SITES = ("reporting",)


@dataclass(frozen=True, kw_only=True)
class Lost:
    """Losses by asset or site. ids: (n,). table: (n, KEPT_DAYS + days of the block, columns), 0 where nothing."""

    ids: NDArray[np.int64]
    table: Floats

    @property
    def days(self) -> int:
        """Days of the block."""
        return int(self.table.shape[1]) - KEPT_DAYS

    def came(self, column: int) -> Floats:
        """What the block's days brought, shape (n, days)."""
        return self.table[:, KEPT_DAYS:, column]

    def went(self, column: int, window: int) -> Floats:
        """What the block's days left behind a window, shape (n, days)."""
        first = KEPT_DAYS - window
        return self.table[:, first : self.table.shape[1] - window, column]

    def kept(self, days: int) -> dict[int, dict[int, bytes]]:
        """By id and column, the last KEPT_DAYS before the end of so many of the block's days, where any is lost."""
        last = self.table[:, days : days + KEPT_DAYS]
        found: dict[int, dict[int, bytes]] = {}
        for own, column in np.argwhere(last.any(axis=1)).tolist():
            found.setdefault(int(self.ids[own]), {})[column] = last[own, :, column].tobytes()
        return found


def with_block(before: Mapping[int, Mapping[int, bytes]], block: Mapping[int, Floats], days: int, columns: int) -> Lost:
    """Kept rows followed by the block's. block: (days or more, columns) or (days or more,) by id."""
    ids = sorted(before.keys() | block.keys())
    table = np.zeros((len(ids), KEPT_DAYS + days, columns))
    for row, own in enumerate(ids):
        for column, kept in before.get(own, {}).items():
            table[row, :KEPT_DAYS, column] = np.frombuffer(kept)
        if own in block:
            table[row, KEPT_DAYS:] = block[own][:days].reshape(days, columns)
    return Lost(ids=np.array(ids, dtype=np.int64), table=table)
