"""What a failure risk remembers of each machine: discounted counts, hours, ages, and levels, advanced step by step.

Nothing here knows a name, a unit or a date, and nothing learned: sums of readings and of the terms of their operating
point are kept side by side, so that any model can take the latter's part out afterwards. A step without coverage
changes nothing, neither for the better nor for the worse, and any cut of the steps gives the same. Pure.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from services.health.block import Floats
from services.health.prognostic_assessment.failure_risk.machine_steps import Layout, MachineSteps, Names

LADDER_H = (6.0, 24.0, 96.0, 384.0, 1536.0, np.inf)
"""Half-lives of what is remembered, each four times the one before: neighbours overlap, so none need be fitted."""
SYMPTOM_RUNGS = 3  # symptoms are of the last days; what is older has been repaired or is history
TRUST_H = 96.0  # hours of own data that weigh as much as the fleet's level
_RUNGS = np.array(LADDER_H)
_OWN_H = 1536.0  # how long a machine's own baseline remembers


@dataclass(frozen=True, kw_only=True)
class RiskState:
    """What one machine's risk goes on from at a midnight, packed in a layout; serialisable."""

    layout: Layout
    sums: bytes


@dataclass(frozen=True, kw_only=True)
class FeatureState:
    """What later steps need to know of earlier ones, machines first; L rungs of the ladder, R of symptoms.

    known_h: (A,), hours covered; last_h: of the last step. marks: (A, C, L), faults: (A, F, R), discounted counts;
    stop_h: (A, S, L), discounted hours. ages: (A, C), covered hours since the last mark of each kind, infinite without
    any. stopped: (A, S), as in the last covered step, stood_h: (A,), covered hours since it changed. own: (A, M, 2 +
    K), discounted sums over hours of 1, the reading and its terms; deviation: (A, M, R, 3 + K), hours, and the same
    sums of differences from the own baseline, since the last repair.
    """

    layout: Layout
    known_h: Floats
    last_h: Floats
    marks: Floats
    faults: Floats
    stop_h: Floats
    ages: Floats
    stopped: Floats
    stood_h: Floats
    own: Floats
    deviation: Floats

    def of(self, machines: NDArray[np.int64]) -> "FeatureState":
        """Some of the machines."""
        arrays = {name: value[machines] for name, value in vars(self).items() if name != "layout"}
        return FeatureState(layout=self.layout, **arrays)

    def on(self, layout: Layout) -> "FeatureState":
        """The same machines in another layout, as those tell that come now: terms that are new among them make what was
        summed without them worthless."""
        if not set(layout.terms) - set(self.layout.terms):
            return self.seen_in(layout)
        return replace(self, own=0 * self.own, deviation=0 * self.deviation).seen_in(layout)

    def seen_in(self, layout: Layout) -> "FeatureState":
        """The same machines in a layout of others: what that does not know is left out, what these never told is none.

        So it is with terms too, as in the past that a model is learned from.
        """
        if layout == self.layout:
            return self
        old = self.layout
        columns = ["", "", *layout.terms], ["", "", *old.terms]
        term = [0, 1, *_places(columns[0][2:], columns[1][2:], 2)]
        own = _taken(self.own, 1, layout.metrics, old.metrics)
        deviation = _taken(self.deviation, 1, layout.metrics, old.metrics)
        return FeatureState(
            layout=layout,
            known_h=self.known_h,
            last_h=self.last_h,
            marks=_taken(self.marks, 1, layout.marks, old.marks),
            faults=_taken(self.faults, 1, layout.faults, old.faults),
            stop_h=_taken(self.stop_h, 1, layout.stops, old.stops),
            ages=_taken(self.ages, 1, layout.marks, old.marks, np.inf),
            stopped=_taken(self.stopped, 1, layout.stops, old.stops),
            stood_h=self.stood_h,
            own=_padded(own, 2)[..., term],
            deviation=_padded(deviation, 3)[..., [0, *(1 + place if place >= 0 else -1 for place in term)]],
        )


def no_history(layout: Layout, machines: int) -> FeatureState:
    """Machines of which nothing is known."""
    rungs, terms = len(LADDER_H), 2 + len(layout.terms)
    kinds, codes, stops = len(layout.marks), len(layout.faults), len(layout.stops)
    return FeatureState(
        layout=layout,
        known_h=np.zeros(machines),
        last_h=np.zeros(machines),
        marks=np.zeros((machines, kinds, rungs)),
        faults=np.zeros((machines, codes, SYMPTOM_RUNGS)),
        stop_h=np.zeros((machines, stops, rungs)),
        ages=np.full((machines, kinds), np.inf),
        stopped=np.zeros((machines, stops)),
        stood_h=np.zeros(machines),
        own=np.zeros((machines, len(layout.metrics), terms)),
        deviation=np.zeros((machines, len(layout.metrics), SYMPTOM_RUNGS, 1 + terms)),
    )


def stepped(s: FeatureState, steps: MachineSteps, t: int) -> FeatureState:
    """The state after step `t`, in the layout of both."""
    passed = steps.hours[:, t]
    here = passed > 0
    kept = 0.5 ** (passed[:, None, None] / _RUNGS)
    healed = np.where(here & steps.repaired[:, t], 0.0, 1.0)
    marked = steps.mark_counts[..., t] * here[:, None]
    stopped = np.where(here[:, None], steps.stopped[..., t], s.stopped)
    own, deviation = _deviations(s, steps.readings[..., t], steps.terms[..., t], passed, healed)
    return replace(
        s,
        known_h=s.known_h + passed,
        last_h=passed,
        marks=s.marks * kept + marked[..., None],
        faults=s.faults * kept[..., :SYMPTOM_RUNGS] * healed[:, None, None]
        + (steps.fault_counts[..., t] * here[:, None])[..., None],
        stop_h=s.stop_h * kept + (steps.stop_h[..., t] * here[:, None])[..., None],
        ages=np.where(marked > 0, 0.0, s.ages + passed[:, None]),
        stopped=stopped,
        stood_h=np.where((stopped != s.stopped).any(axis=1), 0.0, s.stood_h + passed),
        own=own,
        deviation=deviation,
    )


def _deviations(
    s: FeatureState, readings: Floats, terms: Floats, passed: Floats, healed: Floats
) -> tuple[Floats, Floats]:
    """Sums for the own baseline, drawn to the fleet's level while young, and of differences from it as it was before.

    Only a reading whose operating point is known counts.
    """
    if not readings.shape[1]:
        return s.own, s.deviation
    seen = np.isfinite(readings) & (np.isfinite(terms).all(axis=1) & (passed > 0))[:, None]
    weight = np.where(seen, passed[:, None], 0.0)
    parts = [
        np.ones((*readings.shape, 1)),
        readings[..., None],
        np.broadcast_to(terms[:, None], (*readings.shape, terms.shape[1])),
    ]
    told = np.where(seen[..., None], np.concatenate(parts, axis=-1), 0.0)
    baseline = s.own / (s.own[..., :1] + TRUST_H)
    kept = 0.5 ** (weight / _OWN_H)[..., None]
    faded = (0.5 ** (weight[..., None] / _RUNGS[:SYMPTOM_RUNGS]))[..., None]
    own = s.own * kept + told * weight[..., None]
    added = np.concatenate(
        [weight[..., None], np.where(seen[..., None], told - baseline, 0.0) * weight[..., None]], axis=-1
    )
    return own, s.deviation * faded * healed[:, None, None, None] + added[:, :, None]


def packed(state: FeatureState) -> list[bytes]:
    """What is known of each machine, float64."""
    table = np.concatenate([_flat(value) for name, value in vars(state).items() if name != "layout"], axis=1)
    return [row.tobytes() for row in table]


def unpacked(layout: Layout, rows: list[bytes]) -> FeatureState:
    """The state of machines packed in one layout."""
    like = no_history(layout, len(rows))
    table = np.array([np.frombuffer(row) for row in rows])
    arrays, at = {}, 0
    for name, value in vars(like).items():
        if name != "layout":
            width = _flat(value).shape[1]
            arrays[name] = table[:, at : at + width].reshape(value.shape)
            at += width
    return FeatureState(layout=layout, **arrays)


def stacked(states: list[FeatureState]) -> FeatureState:
    """Machines of several states in one layout, one after another."""
    names = [name for name in vars(states[0]) if name != "layout"]
    arrays = {name: np.concatenate([getattr(state, name) for state in states]) for name in names}
    return FeatureState(layout=states[0].layout, **arrays)


def _flat(values: Floats) -> Floats:
    return values.reshape(len(values), int(np.prod(values.shape[1:], dtype=np.int64)))


def _places(new: Names | list[str], old: Names | list[str], first: int = 0) -> list[int]:
    """Where each name stood, from `first` on; -1 where it did not."""
    return [first + old.index(name) if name in old else -1 for name in new]


def _padded(values: Floats, axis: int, fill: float = 0.0) -> Floats:
    shape = list(values.shape)
    shape[axis] = 1
    return np.concatenate([values, np.full(shape, fill)], axis=axis)


def _taken(values: Floats, axis: int, new: Names, old: Names, fill: float = 0.0) -> Floats:
    return np.take(_padded(values, axis, fill), _places(new, old), axis=axis)
