"""What a failure risk is reckoned by, step by step: discounted counts, ages, stops, deviations, and symptoms together.

Nothing here knows a name, a unit or a date: events are counted, levels are in the fleet's sigmas. A step without
coverage changes nothing, neither for the better nor for the worse, and any cut of the steps gives the same. Pure.
"""

from dataclasses import dataclass

import numpy as np

from services.health.block import Floats
from services.health.prognostic_assessment.failure_risk.machine_steps import MachineSteps

LADDER_H = (6.0, 24.0, 96.0, 384.0, 1536.0, np.inf)
"""Half-lives of what is remembered, each four times the one before: neighbours overlap, so none need be fitted."""
SYMPTOM_RUNGS = 3  # symptoms are of the last days; what is older has been repaired or is history
_RUNGS = np.array(LADDER_H)
_OWN_H = 1536.0  # how long a machine's own baseline remembers
_TRUST_H = 96.0  # hours of own data that weigh as much as the fleet's level


@dataclass(frozen=True, kw_only=True)
class FeatureState:
    """What later steps need to know of earlier ones, machines first; L rungs of the ladder, R of symptoms.

    known_h: (A,), hours covered. marks: (A, C, L), faults: (A, F, R), discounted counts; stop_h: (A, S, L), discounted
    hours. ages: (A, C), covered hours since the last mark of each kind, infinite without any. stopped: (A, S), as in
    the last covered step, stood_h: (A,), covered hours since it changed. own: (A, M, 2), discounted sum and hours of
    levels; deviation: (A, M, R, 2), the same of deviations from the own baseline, since the last repair.
    """

    known_h: Floats
    marks: Floats
    faults: Floats
    stop_h: Floats
    ages: Floats
    stopped: Floats
    stood_h: Floats
    own: Floats
    deviation: Floats


def no_history(steps: MachineSteps) -> FeatureState:
    """Machines of which nothing is known."""
    a, rungs = steps.shape[0], len(LADDER_H)
    kinds, codes, stops, metrics = len(steps.marks), len(steps.faults), len(steps.stops), len(steps.metrics)
    return FeatureState(
        known_h=np.zeros(a),
        marks=np.zeros((a, kinds, rungs)),
        faults=np.zeros((a, codes, SYMPTOM_RUNGS)),
        stop_h=np.zeros((a, stops, rungs)),
        ages=np.full((a, kinds), np.inf),
        stopped=np.zeros((a, stops)),
        stood_h=np.zeros(a),
        own=np.zeros((a, metrics, 2)),
        deviation=np.zeros((a, metrics, SYMPTOM_RUNGS, 2)),
    )


def advance(state: FeatureState, steps: MachineSteps) -> tuple[FeatureState, Floats]:
    """The state after the last step, and features at the end of each, shape (A, T, len(feature_names(steps)))."""
    rows = np.empty((*steps.shape, len(feature_names(steps))))
    for step in range(steps.shape[1]):
        state = _stepped(state, steps, step)
        rows[:, step] = _row(state, steps.step_h)
    return state, rows


def _stepped(s: FeatureState, steps: MachineSteps, t: int) -> FeatureState:
    here = steps.covered[:, t]
    passed = np.where(here, steps.step_h, 0.0)
    kept = 0.5 ** (passed[:, None, None] / _RUNGS)
    healed = np.where(here & steps.repaired[:, t], 0.0, 1.0)
    marked = steps.mark_counts[..., t] * here[:, None]
    stopped = np.where(here[:, None], steps.stopped[..., t], s.stopped)
    own, deviation = _deviations(s, np.where(here[:, None], steps.levels[..., t], np.nan), steps.step_h, healed)
    return FeatureState(
        known_h=s.known_h + passed,
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


def _deviations(s: FeatureState, levels: Floats, step_h: float, healed: Floats) -> tuple[Floats, Floats]:
    """Own baseline, drawn to the fleet's level 0 while young, and deviations from it as it was before the step."""
    seen = np.isfinite(levels)
    level, weight = np.where(seen, levels, 0.0), np.where(seen, step_h, 0.0)
    baseline = s.own[..., 0] / (s.own[..., 1] + _TRUST_H)
    kept = np.where(seen, 0.5 ** (step_h / _OWN_H), 1.0)[..., None]
    faded = np.where(seen[..., None], 0.5 ** (step_h / _RUNGS[:SYMPTOM_RUNGS]), 1.0)[..., None]
    own = s.own * kept + np.stack([level * weight, weight], axis=-1)
    added = np.stack([(level - baseline) * weight, weight], axis=-1)[:, :, None]
    return own, s.deviation * faded * healed[:, None, None, None] + added


def feature_names(steps: MachineSteps) -> tuple[str, ...]:
    """`family/what/half-life/of what`, in the order of the columns."""
    ladder = [f"{half:g}" for half in LADDER_H]
    short = ladder[:SYMPTOM_RUNGS]
    pooled_faults, pooled_metrics = short if steps.faults else [], short if steps.metrics else []
    names = [f"history/rate/{rung}/{kind}" for kind in steps.marks for rung in ladder]
    names += [f"history/stopped/{rung}/{stop}" for stop in steps.stops for rung in ladder]
    names += [f"now/age/{kind}" for kind in steps.marks]
    names += [f"now/{what}/{stop}" for what in ("stopped", "stopped-since") for stop in steps.stops] + [
        "now/runs-since"
    ]
    names += [f"symptom/fault/{rung}/{code}" for code in steps.faults for rung in short]
    names += [f"symptom/faults/{rung}" for rung in pooled_faults]
    names += [f"symptom/deviation/{rung}/{metric}" for metric in steps.metrics for rung in short]
    names += [f"symptom/greatest/{rung}" for rung in pooled_metrics]
    names += [f"together/{rung}/{code}/{metric}" for code in steps.faults for metric in steps.metrics for rung in short]
    return (*names, *(f"together/{rung}" for rung in (pooled_faults if steps.metrics else [])))


def _row(s: FeatureState, step_h: float) -> Floats:
    a, known = len(s.known_h), np.maximum(s.known_h, step_h)[:, None]
    reach = _exposure(known)[:, None]
    rates = np.log((s.marks + 0.5) / (reach + _TRUST_H))
    ages = np.log1p(np.minimum(s.ages, known))
    stood, runs = np.log1p(s.stood_h)[:, None], 1 - np.minimum(1.0, s.stopped.sum(axis=1, keepdims=True))
    fault = np.log1p(s.faults)
    any_fault = np.log1p(s.faults.sum(axis=1, keepdims=True))[:, : fault.shape[1]]
    off = s.deviation[..., 0] / (s.deviation[..., 1] + _RUNGS[:SYMPTOM_RUNGS] / 4)
    greatest = np.abs(off).max(axis=1, initial=0.0, keepdims=True)[:, : off.shape[1]]
    together = fault[:, :, None] * off[:, None]
    columns = [rates, s.stop_h / reach, ages, s.stopped, s.stopped * stood, runs * stood]
    columns += [fault, any_fault, off, greatest, together, any_fault * greatest]
    return np.concatenate([column.reshape(a, -1) for column in columns], axis=1)


def _exposure(known_h: Floats) -> Floats:
    """Discounted hours in which something could have been counted, (A, L) of (A, 1): rates do not grow with age."""
    memory = _RUNGS[:-1] / np.log(2)
    return np.concatenate([memory * (1 - 0.5 ** (known_h / _RUNGS[:-1])), known_h], axis=1)
