from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from services.api.constraints import constraint
from tests.unit.api.test_kpis import NOTHING


def hours(apt, *, waiting=0.0, unknown=0.0, **more):
    """A machine of 10 planned hours; what it neither produces nor waits it is down."""
    down = 10 - apt - waiting - unknown
    times = {"pbt_s": 10, "apt_s": apt, "waiting_s": waiting, "unknown_s": unknown, "stopped_s": down, "adet_s": down}
    return [replace(NOTHING, **{name: value * 3600 for name, value in times.items()}, **more)]


def test_the_constraint_is_the_machine_that_waits_least_not_the_one_that_runs_least():
    line = {1: hours(6, waiting=3), 2: hours(7, waiting=0.5), 3: hours(5, waiting=4)}
    found = constraint(line)
    assert (found.asset_id, found.by) == (2, "waiting")


def test_where_nobody_waits_the_constraint_is_the_least_available():
    assert constraint({1: hours(9), 2: hours(6), 3: hours(8)}).asset_id == 2


def test_declared_capacities_decide_where_every_machine_has_one():
    fast_but_broken, slow = hours(5, capacity=2000.0), hours(9, capacity=1000.0)
    found = constraint({1: fast_but_broken, 2: slow})
    assert (found.asset_id, found.by, found.figures) == (2, "capacity", {1: 100.0, 2: 90.0})
    assert constraint({1: fast_but_broken, 2: hours(9)}).by == "waiting"


def test_a_fast_machine_that_starves_is_not_the_constraint():
    """The slow one makes 47.5 an hour; the fast one runs 47 % of the time, since there is no more for it to do."""
    slow, fast = hours(9.5, capacity=500.0), hours(4.7, waiting=5.3, capacity=1000.0)
    found = constraint({1: slow, 2: fast})
    assert (found.asset_id, found.figures) == (1, {1: 47.5, 2: 100.0})


def test_a_machine_that_only_waits_could_make_all_it_can():
    assert constraint({1: hours(0, waiting=10, capacity=100.0), 2: hours(8, capacity=100.0)}).asset_id == 2


def test_a_machine_of_which_nothing_is_known_could_be_the_constraint():
    assert constraint({1: hours(9), 2: hours(0, unknown=10)}) is None


def test_a_machine_that_was_never_planned_constrains_nobody():
    assert constraint({1: hours(9), 2: [NOTHING]}).asset_id == 1
    assert constraint({1: [NOTHING]}) is constraint({}) is None


@given(st.permutations([(1, 6.0, 3.0), (2, 7.0, 0.5), (3, 5.0, 4.0)]), st.integers(1, 1000))
def test_names_and_order_of_machines_do_not_matter(machines, shift):
    found = constraint({number + shift: hours(apt, waiting=wait) for number, apt, wait in machines})
    assert found.asset_id == 2 + shift
