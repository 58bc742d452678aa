"""Levels in the fleet's sigmas around what the fleet does at that operating point, whatever their unit. Pure."""

from dataclasses import dataclass

import numpy as np

from services.health.block import Bools, Floats

_LEAST_SIGMA = 1e-9  # of the fleet's mean level: less is a constant


@dataclass(frozen=True, kw_only=True)
class LevelScale:
    """What the fleet does: M metrics by P operating points. centre, spread: (P,), of the points; weights: (M, 1 + 2P),
    of a constant, the points and their squares; sigma: (M,), of what is left, infinite for a constant."""

    centre: Floats
    spread: Floats
    weights: Floats
    sigma: Floats


def learn_scale(values: Floats, points: Floats, usable: Bools) -> LevelScale:
    """Least squares of each metric on the operating points and their squares.

    values: (A, M, T), points: (A, P, T), usable: (A, T), where to learn from; a step with any NaN among points is left
    out, and so is a metric's NaN.
    """
    usable = usable & np.isfinite(points).all(axis=1)
    flat = np.moveaxis(points, 1, 2)[usable]
    centre = flat.mean(axis=0) if len(flat) else np.zeros(points.shape[1])
    spread = flat.std(axis=0) if len(flat) else np.ones(points.shape[1])
    spread = np.where(spread > 0, spread, np.inf)
    basis = _basis(flat, centre, spread)
    weights, sigma = np.zeros((values.shape[1], basis.shape[1])), np.full(values.shape[1], np.inf)
    for metric in range(values.shape[1]):
        level = values[:, metric][usable]
        seen = np.isfinite(level)
        if not seen.any():
            continue
        weights[metric] = np.linalg.lstsq(basis[seen], level[seen], rcond=None)[0]
        rest = float((level[seen] - basis[seen] @ weights[metric]).std())
        sigma[metric] = rest if rest > _LEAST_SIGMA * float(np.abs(level[seen]).mean()) else np.inf
    return LevelScale(centre=centre, spread=spread, weights=weights, sigma=sigma)


def normalised(scale: LevelScale, values: Floats, points: Floats) -> Floats:
    """Levels (A, M, T) in sigmas; NaN where the value or an operating point is unknown, 0 for a constant."""
    basis = _basis(np.moveaxis(points, 1, 2), scale.centre, scale.spread)
    expected = np.moveaxis(basis @ scale.weights.T, 2, 1)
    return np.asarray((values - expected) / scale.sigma[:, None])


def _basis(points: Floats, centre: Floats, spread: Floats) -> Floats:
    z = (points - centre) / spread
    return np.concatenate([np.ones((*z.shape[:-1], 1)), z, z * z], axis=-1)
