"""Machines judged at the end of each day, and of each hour in which one told a fault: the features of these moments.

A fault may come a day before the failure, so it is not left until midnight; no machine is judged in any other hour.
Live running, learning and benchmarks go through here. Pure.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.health.block import Floats
from services.health.prognostic_assessment.failure_risk.feature_state import FeatureState, stepped
from services.health.prognostic_assessment.failure_risk.features import feature_names, features
from services.health.prognostic_assessment.failure_risk.machine_steps import Layout, MachineSteps, blank
from services.health.prognostic_assessment.failure_risk.site_load import site_names, with_site_load

Indices = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Alerted:
    """E moments within a day at which a machine told a fault.

    machine, day: (E,), whose and in which day. lasted_h: (E,), hours since its midnight. steps: one step from there to
    the moment, of E machines.
    """

    machine: Indices
    day: Indices
    lasted_h: Floats
    steps: MachineSteps

    def between(self, first: int, end: int) -> "Alerted":
        """The moments of the days [first, end), which are counted from the first."""
        inside = np.flatnonzero((self.day >= first) & (self.day < end))
        return Alerted(
            machine=self.machine[inside],
            day=self.day[inside] - first,
            lasted_h=self.lasted_h[inside],
            steps=self.steps.of(inside),
        )


def no_alerts(layout: Layout) -> Alerted:
    """No machine told anything within a day."""
    none = np.empty(0, dtype=np.int64)
    return Alerted(machine=none, day=none, lasted_h=np.empty(0), steps=blank(layout, 0, 1))


@dataclass(frozen=True, kw_only=True)
class View:
    """How a model looks at machines: at what they tell in its layout, metrics by its levels (M, 2 + K)."""

    layout: Layout
    levels: Floats

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns of what it sees."""
        return site_names(feature_names(self.layout))

    def rows(self, state: FeatureState, site: Indices) -> Floats:
        """What it sees of all machines (A, F) at one moment."""
        found = features(state.seen_in(self.layout), self.levels)
        return with_site_load(feature_names(self.layout), found, site)


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Features at midnights (A, T, F) and at alerted moments (E, F)."""

    midnights: Floats
    alerted: Floats


def advance(state: FeatureState, days: MachineSteps) -> FeatureState:
    """The state after the days, unseen by any model."""
    for t in range(days.shape[1]):
        state = stepped(state, days, t)
    return state


def judge(
    state: FeatureState, days: MachineSteps, alerted: Alerted, site: Indices, view: View
) -> tuple[FeatureState, Judged]:
    """The state after the last day, and features at the end of each and at each alerted moment.

    site: (A,), numbered from 0. Moments may lie in the days and in the one after the last.
    """
    machines, count = days.shape
    width = len(view.names)
    midnights, moments = np.empty((machines, count, width)), np.empty((len(alerted.machine), width))
    for t in range(count + 1):
        now = np.flatnonzero(alerted.day == t)
        if len(now):
            morning = midnights[:, t - 1] if t else view.rows(state, site)
            moments[now] = _at_moments(state, alerted, now, morning, view)
        if t < count:
            state = stepped(state, days, t)
            midnights[:, t] = view.rows(state, site)
    return state, Judged(midnights=midnights, alerted=moments)


def _at_moments(state: FeatureState, alerted: Alerted, now: Indices, morning: Floats, view: View) -> Floats:
    """Features of machines since the day's midnight; of their neighbours, what was so in the morning."""
    machine = alerted.machine[now]
    after = stepped(state.of(machine), alerted.steps.of(now), 0)
    own = features(after.seen_in(view.layout), view.levels)
    return np.concatenate([own, morning[machine, own.shape[1] :]], axis=1)
