"""A fleet's past, as a failure risk is learned from it and judged by it. Pure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.health.block import Bools, Floats


@dataclass(frozen=True, kw_only=True)
class FleetHistory:
    """A machines over T steps: what was known and what came of it.

    names: of features (A, T, F). usable: (A, T), steps to learn from and to be scored on. failed: (A, T), a failure in
    the step. to_failure: (A, T), hours from the step's end to the next failure. to_censoring: (A, T), hours until
    nothing more is known of the machine as it is (replaced before it failed, alarm acted on, end of the data); both
    infinite where it never came.
    """

    step_h: float
    names: tuple[str, ...]
    features: Floats
    usable: Bools
    failed: Bools
    to_failure: Floats
    to_censoring: Floats

    def of(self, machines: NDArray[np.int64]) -> "FleetHistory":
        """The history of some of the machines."""
        return FleetHistory(
            step_h=self.step_h,
            names=self.names,
            features=self.features[machines],
            usable=self.usable[machines],
            failed=self.failed[machines],
            to_failure=self.to_failure[machines],
            to_censoring=self.to_censoring[machines],
        )
