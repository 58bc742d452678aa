"""From what is remembered of machines to the columns that a model takes: rates, ages, stops, symptoms. Pure."""

import numpy as np

from services.health.block import Floats
from services.health.prognostic_assessment.failure_risk.feature_state import (
    LADDER_H,
    SYMPTOM_RUNGS,
    TRUST_H,
    FeatureState,
)
from services.health.prognostic_assessment.failure_risk.machine_steps import Layout

MOST_PAIRS = 40  # of codes and metrics: more are taken together only as any code with the greatest deviation
_RUNGS = np.array(LADDER_H)


def feature_names(layout: Layout) -> tuple[str, ...]:
    """`family/what/half-life/of what`, in the order of the columns."""
    ladder = [f"{half:g}" for half in LADDER_H]
    short = ladder[:SYMPTOM_RUNGS]
    pooled_faults, pooled_metrics = short if layout.faults else [], short if layout.metrics else []
    names = [f"history/rate/{rung}/{kind}" for kind in layout.marks for rung in ladder]
    names += [f"history/stopped/{rung}/{stop}" for stop in layout.stops for rung in ladder]
    names += [f"now/age/{kind}" for kind in layout.marks]
    names += [f"now/{what}/{stop}" for what in ("stopped", "stopped-since") for stop in layout.stops]
    names += ["now/runs-since"]
    names += [f"symptom/fault/{rung}/{code}" for code in layout.faults for rung in short]
    names += [f"pooled/faults/{rung}" for rung in pooled_faults]
    names += [f"symptom/deviation/{rung}/{metric}" for metric in layout.metrics for rung in short]
    names += [f"pooled/greatest/{rung}" for rung in pooled_metrics]
    if _paired(layout):
        names += [f"together/{rung}/{c}/{m}" for c in layout.faults for m in layout.metrics for rung in short]
    return (*names, *(f"pooled/together/{rung}" for rung in (pooled_faults if layout.metrics else [])))


def features(s: FeatureState, levels: Floats) -> Floats:
    """One row a machine, shape (A, len(feature_names(s.layout))).

    levels: (M, 2 + K), of a constant, the reading and its terms: a metric's level in the fleet's sigmas.
    """
    a, known = len(s.known_h), np.maximum(s.known_h, 1.0)[:, None]
    reach = _exposure(known)[:, None]
    rates = np.log((s.marks + 0.5) / (reach + TRUST_H))
    ages = np.log1p(np.minimum(s.ages, known))
    stood, runs = np.log1p(s.stood_h)[:, None], 1 - np.minimum(1.0, s.stopped.sum(axis=1, keepdims=True))
    fault = np.log1p(s.faults)
    any_fault = np.log1p(s.faults.sum(axis=1, keepdims=True))[:, : fault.shape[1]]
    total = np.einsum("amrq,mq->amr", s.deviation[..., 1:], levels)
    off = total / (s.deviation[..., 0] + _RUNGS[:SYMPTOM_RUNGS] / 4)
    greatest = np.abs(off).max(axis=1, initial=0.0, keepdims=True)[:, : off.shape[1]]
    columns = [rates, s.stop_h / reach, ages, s.stopped, s.stopped * stood, runs * stood]
    columns += [fault, any_fault, off, greatest]
    if _paired(s.layout):
        columns.append(fault[:, :, None] * off[:, None])
    columns.append((any_fault * greatest) if s.layout.faults and s.layout.metrics else np.empty((a, 0)))
    return np.concatenate([column.reshape(a, -1) for column in columns], axis=1)


def _paired(layout: Layout) -> bool:
    return len(layout.faults) * len(layout.metrics) <= MOST_PAIRS


def _exposure(known_h: Floats) -> Floats:
    """Discounted hours in which something could have been counted, (A, L) of (A, 1): rates do not grow with age."""
    memory = _RUNGS[:-1] / np.log(2)
    return np.concatenate([memory * (1 - 0.5 ** (known_h / _RUNGS[:-1])), known_h], axis=1)
