"""Ridge regression on features and their products, cross-validated by machine."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.health.block import Floats

PENALTIES = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 10.0)
FOLDS = 5


@dataclass(frozen=True, kw_only=True)
class Expansion:
    """How F features become p terms: standardised, the products of the first `crossed` ones added, standardised again.

    centre, spread: F. term_spread: p; a term that does not vary has infinite spread, and so no part.
    """

    centre: list[float]
    spread: list[float]
    crossed: int
    term_spread: list[float]


@dataclass(frozen=True, kw_only=True)
class Ridge:
    """A linear function of expanded features: offset + terms · weights."""

    expansion: Expansion
    offset: float
    weights: list[float]


@dataclass(frozen=True, kw_only=True)
class _Moments:
    """Sums of rows: count, of terms (p,), of their products (p, p), of targets (T,), of terms times targets (p, T)."""

    count: float
    terms: Floats
    products: Floats
    targets: Floats
    mixed: Floats

    def without(self, part: "_Moments") -> "_Moments":
        return _Moments(
            count=self.count - part.count,
            terms=self.terms - part.terms,
            products=self.products - part.products,
            targets=self.targets - part.targets,
            mixed=self.mixed - part.mixed,
        )


def expansion_of(features: Floats, crossed: int) -> Expansion:
    """How rows like these (n, F) are expanded."""
    centre, spread = np.nanmean(features, axis=0), np.nanstd(features, axis=0)
    plain = Expansion(
        centre=centre.tolist(), spread=np.where(spread > 0, spread, np.inf).tolist(), crossed=crossed, term_spread=[]
    )
    width = features.shape[1] + crossed * (crossed + 1) // 2
    total, squares = np.zeros(width), np.zeros(width)
    for part in np.array_split(features, -(-len(features) // 4096)):
        terms = _terms(plain, part)
        total += terms.sum(axis=0)
        squares += np.square(terms).sum(axis=0)
    variance = squares / len(features) - np.square(total / len(features))
    term_spread = np.where(variance > 1e-12, np.sqrt(np.maximum(variance, 1e-12)), np.inf)
    return Expansion(centre=plain.centre, spread=plain.spread, crossed=crossed, term_spread=term_spread.tolist())


def standardised(expansion: Expansion, features: Floats) -> Floats:
    """Features in their own spread about their mean; the mean where unknown."""
    plain = (features - np.array(expansion.centre)) / np.array(expansion.spread)
    return np.asarray(np.nan_to_num(plain), dtype=np.float64)


def predict(ridge: Ridge, features: Floats) -> Floats:
    """The function's value of rows (n, F)."""
    return np.asarray(ridge.offset + _expanded(ridge.expansion, features) @ np.array(ridge.weights), dtype=np.float64)


def held_out(
    expansion: Expansion, features: Floats, targets: Floats, fold: NDArray[np.int64], penalties: Sequence[float]
) -> Floats:
    """What functions that were fitted without a row's fold say of it: shape (penalties, n, T) for targets (n, T)."""
    parts = [np.flatnonzero(fold == k) for k in np.unique(fold)]
    moments = [_moments(_expanded(expansion, features[rows]), targets[rows]) for rows in parts]
    whole = _total(moments)
    found = np.empty((len(penalties), *targets.shape))
    for rows, own in zip(parts, moments, strict=True):
        terms = _expanded(expansion, features[rows])
        for number, (offset, weights) in enumerate(_solutions(whole.without(own), penalties)):
            found[number, rows] = offset + terms @ weights
    return found


def fitted(expansion: Expansion, features: Floats, target: Floats, penalty: float) -> Ridge:
    """The function fitted to all rows (n, F) and target (n,)."""
    parts = np.array_split(np.arange(len(features)), -(-len(features) // 4096))
    moments = _total([_moments(_expanded(expansion, features[rows]), target[rows, None]) for rows in parts])
    ((offset, weights),) = _solutions(moments, (penalty,))
    return Ridge(expansion=expansion, offset=float(offset[0]), weights=weights[:, 0].tolist())


def _terms(expansion: Expansion, features: Floats) -> Floats:
    plain = standardised(expansion, features)
    i, j = np.triu_indices(expansion.crossed)
    return np.hstack([plain, plain[:, i] * plain[:, j]])


def _expanded(expansion: Expansion, features: Floats) -> Floats:
    return np.asarray(_terms(expansion, features) / np.array(expansion.term_spread), dtype=np.float64)


def _moments(terms: Floats, targets: Floats) -> _Moments:
    return _Moments(
        count=float(len(terms)),
        terms=terms.sum(axis=0),
        products=terms.T @ terms,
        targets=targets.sum(axis=0),
        mixed=terms.T @ targets,
    )


def _total(moments: Sequence[_Moments]) -> _Moments:
    return _Moments(
        count=sum(m.count for m in moments),
        terms=np.sum([m.terms for m in moments], axis=0),
        products=np.sum([m.products for m in moments], axis=0),
        targets=np.sum([m.targets for m in moments], axis=0),
        mixed=np.sum([m.mixed for m in moments], axis=0),
    )


def _solutions(moments: _Moments, penalties: Sequence[float]) -> list[tuple[Floats, Floats]]:
    """Offsets (T,) and weights (p, T) for each penalty, in shares of the number of rows; offsets are not penalised."""
    mean, level = moments.terms / moments.count, moments.targets / moments.count
    products = moments.products - moments.count * np.outer(mean, mean)
    mixed = moments.mixed - moments.count * np.outer(mean, level)
    values, vectors = np.linalg.eigh(products)
    turned = vectors.T @ mixed
    found = []
    for penalty in penalties:
        weights = vectors @ (turned / (np.maximum(values, 0.0)[:, None] + penalty * moments.count))
        found.append((level - mean @ weights, weights))
    return found
