"""A discrete-time hazard model: P(failure within each of several horizons), by ridge logistic regression. Pure.

For horizons h1 < h2 < … the hazard of (h(k-1), hk] is a logistic regression over the machines that reach h(k-1)
without failure and without censoring before hk, and P(failure within hk) = 1 - Π(1 - hazard j, j ≤ k): never less for a
longer horizon, and nobody whose future was cut off counts as healthy. (Singer & Willett 1993, with landmarks.)
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from services.health.block import Bools, Floats

_MOST_STEPS, _FLAT = 50, 1e-8  # of the slope of the mean loss
_CONSTANT = 1e-9


@dataclass(frozen=True, kw_only=True)
class Hazard:
    """mean, scale: (F,), of the features learned from. weights: (K, 1 + F), intercept first, of scaled features."""

    mean: Floats
    scale: Floats
    weights: Floats


@dataclass(frozen=True, kw_only=True)
class Cases:
    """Machines at moments, N of them. features: (N, F). to_failure, to_censoring: (N,), hours until the next failure
    and until nothing more is known of the machine as it is (replaced before it failed, alarm acted on, end of the
    data); infinite where neither came. weight: (N,), how many moments like it each stands for."""

    features: Floats
    to_failure: Floats
    to_censoring: Floats
    weight: Floats


def fit(cases: Cases, horizons: Floats, penalty: float) -> Hazard:
    """Fit one regression an interval of horizons, (K,), hours, ascending; penalty: of a squared weight, a case."""
    total = cases.weight.sum()
    mean = cases.weight @ cases.features / total
    scale = np.sqrt(cases.weight @ (cases.features - mean) ** 2 / total)
    scale = np.where(scale > _CONSTANT, scale, np.inf)
    z = np.column_stack([np.ones(len(cases.features)), (cases.features - mean) / scale])
    weights, before, since = [], np.zeros(z.shape[1]), 0.0
    for horizon in horizons:
        failed, known = outcome(cases.to_failure, cases.to_censoring, horizon, since)
        before = ridge(z[known], failed[known], cases.weight[known], penalty, before)
        weights.append(before)
        since = horizon
    return Hazard(mean=mean, scale=scale, weights=np.array(weights))


def outcome(to_failure: Floats, to_censoring: Floats, horizon: float, since: float = 0.0) -> tuple[Bools, Bools]:
    """Whether it fails within (since, horizon], and whether that is known, for machines that reach `since`."""
    failed = (to_failure > since) & (to_failure <= horizon) & (to_failure <= to_censoring)
    known = (np.minimum(to_failure, to_censoring) > since) & (failed | (to_censoring > horizon))
    return failed, known


def ridge(z: Floats, failed: Bools, weight: Floats, penalty: float, start: Floats) -> Floats:
    """Weights of a ridge logistic regression, (1 + F,) of z (N, 1 + F); the first is not penalised.

    By Newton's method, a step halved as long as it makes the fit worse (Hastie, Tibshirani & Friedman 2009, 4.4.1).
    """
    y, share = failed.astype(np.float64), weight / weight.sum()
    lam = np.append(0.0, np.full(z.shape[1] - 1, penalty))

    def loss(w: Floats) -> float:
        score = z @ w
        return float(share @ (np.logaddexp(0, score) - y * score) + lam @ (w * w) / 2)

    w, value = start, loss(start)
    for _ in range(_MOST_STEPS):
        p = expit(z @ w)
        slope = z.T @ (share * (p - y)) + lam * w
        if np.abs(slope).max() < _FLAT:
            break
        curved = (z * (share * p * (1 - p))[:, None]).T @ z + np.diag(lam + _FLAT)
        step = np.linalg.solve(curved, slope)
        while (better := loss(w - step)) > value and np.abs(step).max() > _FLAT:
            step = step / 2
        w, value = w - step, better
    return np.asarray(w)


def probabilities(model: Hazard, features: Floats) -> Floats:
    """P(failure within each horizon) of (N, F) features, shape (N, K), ascending in the horizon."""
    z = (features - model.mean) / model.scale
    hazards = expit(z @ model.weights[:, 1:].T + model.weights[:, 0])
    return np.asarray(1 - np.cumprod(1 - hazards, axis=1))
