"""What a failure risk is reckoned from: machines over steps of time, free of what anything is called. Pure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.health.block import Bools, Floats

STOPS = ("down", "planned")

Names = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What is told of a fleet's machines.

    marks: kinds of events that make a machine's history, the failure first (planned stops, work, parts). faults: codes,
    symptoms that count from the last repair on only. stops: kinds of stops. metrics: conditions that are measured.
    terms: of the operating point and its products, by which the metrics are normalised.
    """

    marks: Names = ("failure", "planned")
    faults: Names = ()
    stops: Names = STOPS
    metrics: Names = ()
    terms: Names = ()

    def joined(self, other: "Layout") -> "Layout":
        """All that either tells: its own names first and in their order."""
        pairs = {name: (getattr(self, name), getattr(other, name)) for name in vars(self)}
        return Layout(**{name: (*own, *sorted(set(more) - set(own))) for name, (own, more) in pairs.items()})


@dataclass(frozen=True, kw_only=True)
class MachineSteps:
    """A machines over T steps; a whole site may take the place of a machine.

    hours: (A, T), in which anything was known of the machine; a step of none proves nothing, and no clock runs in it.
    mark_counts: (A, C, T), how often in each step; fault_counts: (A, F, T). repaired: (A, T), steps in which a repair
    ended. stop_h: (A, S, T), hours in each kind of stop; stopped: (A, S, T), 1 where it is so at the step's end, a
    share for a site. readings: (A, M, T), means of the hours in which the machine ran, terms: (A, K, T), of the
    operating point in the same hours; NaN where unknown.
    """

    layout: Layout
    hours: Floats
    mark_counts: Floats
    fault_counts: Floats
    repaired: Bools
    stop_h: Floats
    stopped: Floats
    readings: Floats
    terms: Floats

    @property
    def shape(self) -> tuple[int, int]:
        """Machines, steps."""
        machines, steps = self.hours.shape
        return machines, steps

    def of(self, machines: NDArray[np.int64] | slice, steps: slice = slice(None)) -> "MachineSteps":
        """Some of the machines, and some of the steps."""
        arrays = {name: value[machines][..., steps] for name, value in vars(self).items() if name != "layout"}
        return MachineSteps(layout=self.layout, **arrays)


def blank(layout: Layout, machines: int, steps: int) -> MachineSteps:
    """Steps in which nothing was known; its arrays are there to be written to."""

    def zeros(names: Names) -> Floats:
        return np.zeros((machines, len(names), steps))

    return MachineSteps(
        layout=layout,
        hours=np.zeros((machines, steps)),
        mark_counts=zeros(layout.marks),
        fault_counts=zeros(layout.faults),
        repaired=np.zeros((machines, steps), bool),
        stop_h=zeros(layout.stops),
        stopped=zeros(layout.stops),
        readings=zeros(layout.metrics) + np.nan,
        terms=zeros(layout.terms) + np.nan,
    )


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
