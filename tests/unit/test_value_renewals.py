"""Made-up customers of whom all is known: renewals by rivalry are seeded, follow the value, and are luck in part."""

from functools import cache

import numpy as np
import pytest

from tests.bench.value_renewals import MECHANISMS, Lived, terms
from tests.bench.value_truth import MONTHS, truth_of

_CUSTOMERS = 2000


def _lived(stopped: float) -> Lived:
    """A customer whose machines stood a tenth of their time before us."""
    share = np.linspace(0.1, stopped, MONTHS)
    full = np.ones(MONTHS)
    return Lived(stopped=share, before=0.1, gap=0.08 - share, ordered=0.9 * full, uses=0.4, rate=full, machines=3)


@cache
def _share_that_leaves(stopped: float) -> float:
    random = np.random.default_rng(int(1000 * stopped))
    due = [term for _ in range(_CUSTOMERS // 2) for term in terms("rivalry", _lived(stopped), random)]
    return float(np.mean([not term.renewed for term in due if term.renewed is not None]))


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_the_same_seed_makes_up_the_same_renewals(mechanism):
    ours, again = (truth_of(7, 3, mechanism) for _ in range(2))
    assert repr(ours.terms) == repr(again.terms)


def test_who_gets_more_value_leaves_less_often():
    assert _share_that_leaves(0.03) < 0.6 * _share_that_leaves(0.12)


def test_some_who_are_content_leave():
    assert 0.02 < _share_that_leaves(0.03) < 0.2


def test_who_is_likelier_to_leave_leaves_more_often_and_by_luck_in_part():
    due = [
        term for customer in range(500) for term in truth_of(8, customer, "rivalry").terms if term.renewed is not None
    ]
    left, cause = np.array([not term.renewed for term in due]), np.array([term.cause for term in due])
    assert 0.1 < left.mean() < 0.3
    assert left[cause > np.quantile(cause, 0.8)].mean() > 2 * left[cause < np.quantile(cause, 0.5)].mean()
    assert left[cause < np.quantile(cause, 0.5)].any()
    assert not left[cause > np.quantile(cause, 0.8)].all()
