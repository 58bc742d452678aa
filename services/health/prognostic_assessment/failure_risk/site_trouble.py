"""A site as one machine: its stops and failures a machine, and trouble in the place of a failure. Pure."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from services.health.block import Floats
from services.health.prognostic_assessment.failure_risk.machine_steps import Layout, MachineSteps, blank

TROUBLE = 0.80  # of a site's own days so far, as many had less downtime
WINDOWS = (1, 2, 4, 7, 14, 28, 56)


def of_sites(machines: MachineSteps, site: NDArray[np.int64]) -> MachineSteps:
    """Each site's steps, means over its machines. site: (A,), numbered from 0, all S of them occurring.

    A site is covered where any of its machines is.
    """

    def mean(values: Floats) -> Floats:
        total = np.zeros((int(site.max(initial=-1)) + 1, *values.shape[1:]))
        np.add.at(total, site, values)
        return np.asarray(total / np.bincount(site).reshape(-1, *[1] * (values.ndim - 1)))

    hours = mean(machines.hours)
    steps = blank(Layout(marks=machines.layout.marks, stops=machines.layout.stops), *hours.shape)
    return replace(
        steps,
        hours=hours,
        mark_counts=mean(machines.mark_counts),
        stop_h=mean(machines.stop_h),
        stopped=mean(machines.stopped),
    )


def trailing_downtime(down_h: Floats, busy_h: Floats, steps: int) -> Floats:
    """Hours down as a share of planned busy hours over the last steps, (S, T); 0 where nothing was planned."""
    busy = _trailing(busy_h, steps)
    return np.asarray(np.divide(_trailing(down_h, steps), busy, out=np.zeros_like(busy), where=busy > 0))


def _trailing(values: Floats, steps: int) -> Floats:
    total = np.cumsum(np.pad(values, ((0, 0), (steps, 0))), axis=1)
    total = np.column_stack([np.zeros(len(total)), total])
    return np.asarray(total[:, steps + 1 :] - total[:, 1:-steps])


def own_limit(downtime: Floats, learned: int) -> Floats:
    """Each site's 80th percentile of downtime (S, T) over the first `learned` steps, (S, 1)."""
    return np.asarray(np.quantile(downtime[:, :learned], TROUBLE, axis=1)[:, None])


def downtime_features(down_h: Floats, busy_h: Floats, limit: Floats) -> tuple[tuple[str, ...], Floats]:
    """Names and values (S, T, W) of the downtime over several windows, in units of the site's own limit (S, 1)."""
    windows = [trailing_downtime(down_h, busy_h, window) / np.maximum(limit, 1e-9) for window in WINDOWS]
    return tuple(f"now/downtime/{window}" for window in WINDOWS), np.stack(windows, axis=2)
