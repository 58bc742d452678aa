"""What a customer loses that the best of its peers do not, in hours, units and money."""

from dataclasses import replace

import pytest

from services.health.prognostic_assessment.peer_levels import FIGURES, PeerModel
from services.health.value_assessment.recoverable_loss import recoverable
from tests.unit.health.business_months import FIRST, months
from tests.unit.health.worlds import ECONOMICS, asset, customer

KNOWN_H = 1000.0


def own_months(**shares):
    """A year of 1000 known hours a month, of which these are lost; 100 units an hour of production."""
    losses = {f"packer/{name}": (share * KNOWN_H, KNOWN_H) for name, share in shares.items()}
    return [replace(one, losses=losses, made={"packer": (80_000.0, 800.0)}) for one in months([0.8] * 12)]


def peers(count=6, **levels):
    plain = {name: (float("nan"),) * count for name in FIGURES}
    return PeerModel(
        asset_type="packer",
        learned_through=0.0,
        customers=tuple(range(100, 100 + count)),
        segments=(None,) * count,
        levels=plain | {name: (level,) * count for name, level in levels.items()},
        errors=dict.fromkeys(FIGURES, (0.0,) * count),
    )


def block(economics=(), data_use=("benchmarking",)):
    return replace(customer([asset(1, 1)]), economics=economics, data_use=data_use)


def found(told, model, **terms):
    return recoverable(told, block(**terms), (model,), FIRST + 11)


def test_the_largest_loss_comes_first_in_hours_a_year():
    """0.10 - 0.04 of 12,000 known hours are 720; 0.05 - 0.03 are 240."""
    told = found(own_months(supplier_down=0.10, operator_down=0.05), peers(supplier_down=0.04, operator_down=0.03))
    assert told is not None
    assert [(one.category, one.hours) for one in told.losses] == [
        ("supplier_down", pytest.approx(720)),
        ("operator_down", pytest.approx(240)),
    ]
    assert (told.losses[0].low, told.losses[0].high) == (1.0, 1.0), "every month and every peer is alike"


def test_months_that_differ_widen_what_is_said():
    uneven = own_months(supplier_down=0.10)
    uneven[0] = replace(uneven[0], losses={"packer/supplier_down": (400.0, KNOWN_H)})
    told = found(uneven, peers(supplier_down=0.04))
    assert told is not None
    assert 0 <= told.losses[0].low < 1 < told.losses[0].high


def test_an_hour_is_worth_its_cost_or_the_margin_of_its_units_whichever_is_more():
    """100 units at 0.2 are 20, an hour of downtime costs 500; a slow hour has the margin alone."""
    own = own_months(supplier_down=0.10, effectiveness_loss=0.10)
    told = found(own, peers(supplier_down=0.04, effectiveness_loss=0.05), economics=(ECONOMICS,))
    assert told is not None
    down, slow = told.losses
    assert (down.money, down.currency, down.basis) == (pytest.approx(720 * 500), "EUR", "assumed")
    assert (slow.units, slow.money) == (pytest.approx(600 * 100), pytest.approx(600 * 20))


def test_without_a_price_money_is_unknown_and_not_zero():
    told = found(own_months(supplier_down=0.10), peers(supplier_down=0.04))
    assert told is not None
    assert (told.losses[0].money, told.losses[0].units) == (None, pytest.approx(72_000))


def test_with_too_few_peers_nothing_is_told_but_how_many_are_missing():
    told = found(own_months(supplier_down=0.10), peers(count=3, supplier_down=0.04))
    assert told is not None
    assert (told.losses, told.missing) == ((), 2)


def test_the_best_have_nothing_to_recover():
    told = found(own_months(supplier_down=0.02), peers(supplier_down=0.04))
    assert told is not None
    assert (told.losses, told.missing) == ((), 0)


def test_who_does_not_let_itself_be_compared_is_told_nothing():
    assert found(own_months(supplier_down=0.10), peers(supplier_down=0.04), data_use=("value_assurance",)) is None


def test_half_a_year_must_be_known():
    assert found(own_months(supplier_down=0.10)[-5:], peers(supplier_down=0.04)) is None
