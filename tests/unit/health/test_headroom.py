"""From which uptime on there is no room: the best peers', a fixed one, or what was promised."""

from dataclasses import replace
from datetime import date

import pytest

from services.health.prognostic_assessment.peer_levels import FIGURES, PeerModel
from services.health.value_assessment.headroom import FRONTIER, bar_on
from tests.unit.health.business_months import FIRST, months
from tests.unit.health.worlds import asset, contract, customer

LAST = FIRST + 11


def year(**hours):
    """A year of months with so many known hours of each type."""
    losses = {f"{name}/supplier_down": (1.0, known) for name, known in hours.items()}
    return [replace(one, losses=losses) for one in months([0.8] * 12)]


def peers(asset_type, down, count=5, error=0.0):
    plain = dict.fromkeys(FIGURES, (float("nan"),) * count)
    return PeerModel(
        asset_type=asset_type,
        learned_through=0.0,
        customers=tuple(range(100, 100 + count)),
        segments=(None,) * count,
        levels=plain | {"down_share": (down,) * count},
        errors=plain | {"down_share": (error,) * count},
    )


def block(*contracts, data_use=("benchmarking",)):
    return replace(customer([asset(1, 1)]), contracts=contracts, data_use=data_use)


def test_the_best_peers_count_as_the_customers_own_machines_divide_into_types():
    """Three quarters of the hours at 1 - 0.04, a quarter at 1 - 0.12: 0.94."""
    told = bar_on(year(pump=300.0, packer=100.0), block(), (peers("pump", 0.04), peers("packer", 0.12)), LAST)
    assert (told.name, told.uptime) == ("peers", pytest.approx(0.94))
    assert told.least == pytest.approx(0.94), "all peers are alike, and sure"


def test_uncertain_peers_leave_the_benefit_of_the_doubt():
    """The best three of five are a mean of levels that differ: who is within its error of them has no room."""
    spread = peers("pump", 0.04)
    spread = replace(spread, levels=spread.levels | {"down_share": (0.02, 0.04, 0.06, 0.2, 0.3)})
    told = bar_on(year(pump=300.0), block(), (spread,), LAST)
    assert (told.uptime, told.least) == (pytest.approx(0.96), pytest.approx(0.96 - 1.645 * 0.012, abs=1e-3))


@pytest.mark.parametrize(
    ("told", "models", "data_use"),
    [
        (year(pump=300.0), (peers("pump", 0.04, count=4),), ("benchmarking",)),
        (year(pump=300.0, packer=100.0), (peers("pump", 0.04),), ("benchmarking",)),
        (year(pump=300.0), (peers("pump", 0.04),), ()),
        ([], (peers("pump", 0.04),), ("benchmarking",)),
    ],
    ids=["four peers", "a type without peers", "no leave to compare", "no months"],
)
def test_where_no_peers_are_told_of_the_bar_is_fixed(told, models, data_use):
    bar = bar_on(told, block(data_use=data_use), models, LAST)
    assert (bar.name, bar.uptime, bar.least) == ("frontier", FRONTIER, FRONTIER)


def test_a_promise_counts_where_it_is_more():
    told = bar_on([], block(contract(promised_availability=0.985, starts_on=date(2020, 1, 1))), (), LAST)
    assert (told.name, told.uptime) == ("promise", 0.985)
    assert told.least == FRONTIER, "who is better is at the frontier, whatever was promised"
    assert bar_on([], block(contract(promised_availability=0.9)), (), LAST).name == "frontier"
