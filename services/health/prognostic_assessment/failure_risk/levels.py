"""Levels in the fleet's sigmas around what the fleet does at that operating point, whatever their unit. Pure."""

import numpy as np

from services.health.block import Bools, Floats
from services.health.prognostic_assessment.remaining_life.fleet_scale import least_squares

_LEAST_SIGMA = 1e-9  # of the fleet's mean reading: less is a constant
_LEAST_ROWS = 28


def learn_levels(readings: Floats, terms: Floats, usable: Bools) -> Floats:
    """What of a constant, a reading and its terms makes its level, (M, 2 + K); zeros for a metric that says nothing.

    Least squares of each metric on the terms, over readings (A, M, T) and terms (A, K, T), where `usable` (A, T); a
    step with any NaN among its terms is left out, and so is a metric's NaN.
    """
    usable = usable & np.isfinite(terms).all(axis=1)
    points = np.moveaxis(terms, 1, 2)[usable]
    found = np.zeros((readings.shape[1], 2 + terms.shape[1]))
    for metric in range(readings.shape[1]):
        told = readings[:, metric][usable]
        seen = np.isfinite(told)
        if seen.sum() < max(_LEAST_ROWS, 2 * found.shape[1]):
            continue
        centre, effect = least_squares(told[seen], points[seen])
        rest = float((told[seen] - centre - points[seen] @ effect).std())
        if rest > _LEAST_SIGMA * float(np.abs(told[seen]).max()):
            found[metric] = np.array([-centre, 1.0, *-effect]) / rest
    return found


def levels_of(levels: Floats, readings: Floats, terms: Floats) -> Floats:
    """Levels (A, M, T) in sigmas; NaN where the reading or a term is unknown."""
    told = levels[:, 0, None] + levels[:, 1, None] * readings
    return np.asarray(told + np.einsum("mk,akt->amt", levels[:, 2:], terms))
