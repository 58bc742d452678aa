"""What a failure risk is reckoned from: machines over equal steps of time, free of what anything is called. Pure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.health.block import Bools, Floats


@dataclass(frozen=True, kw_only=True)
class MachineSteps:
    """A machines over T steps of `step_h` hours each; a whole site may take the place of a machine.

    covered: (A, T), whether anything was known of the machine in the step; a step that is not covered proves nothing,
    and no clock runs in it. marks: kinds of events that make a machine's history, the failure first (inspection,
    maintenance by component, …), mark_counts: (A, C, T), how often in each step. faults: error codes, symptoms that
    count from the last repair on only, fault_counts: (A, F, T). repaired: (A, T), steps in which a repair ended.
    stops: kinds of stops (down, planned), stop_h: (A, S, T), hours in each; stopped: (A, S, T), 1 where it is so at the
    step's end, a share for a site. metrics, levels: (A, M, T), in the fleet's sigmas around what the fleet does at
    that operating point; NaN where nothing was measured.
    """

    step_h: float
    covered: Bools
    marks: tuple[str, ...]
    mark_counts: Floats
    faults: tuple[str, ...]
    fault_counts: Floats
    repaired: Bools
    stops: tuple[str, ...]
    stop_h: Floats
    stopped: Floats
    metrics: tuple[str, ...]
    levels: Floats

    @property
    def shape(self) -> tuple[int, int]:
        """Machines, steps."""
        machines, steps = self.covered.shape
        return machines, steps


def binned(machine: NDArray[np.int64], step: NDArray[np.int64], shape: tuple[int, int]) -> Floats:
    """How many events fall on each machine and step, shape (A, T); those outside the steps are left out."""
    inside = (step >= 0) & (step < shape[1])
    counts = np.zeros(shape)
    np.add.at(counts, (machine[inside], step[inside]), 1.0)
    return counts


def steps_to_next(happened: Bools) -> Floats:
    """Steps from the end of each step to the end of the next one in which it happened, (A, T); infinite without."""
    steps = np.arange(happened.shape[1], dtype=np.float64)
    at = np.where(happened, steps, np.inf)
    later = np.minimum.accumulate(at[:, ::-1], axis=1)[:, ::-1]
    following = np.column_stack([later[:, 1:], np.full(len(at), np.inf)])
    return np.asarray(following - steps)
