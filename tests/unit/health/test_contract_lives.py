"""How long contracts last, by hand-drawn histories of them."""

from datetime import UTC, date, datetime

import pytest

from services.health.portfolio.contract_lives import contract_lives, years_between
from services.health.portfolio.portfolio_rows import ContractVersion, Told

TODAY = date(2025, 1, 1)


def contract(name, starts, ends, **columns):
    said = {
        "customer_id": 1,
        "contract": name,
        "valid_from": date(1, 1, 1),
        "signed_on": None,
        "starts_on": date.fromisoformat(starts),
        "ends_on": None if ends is None else date.fromisoformat(ends),
        "annual_value": 100.0,
        "currency": "EUR",
    }
    return ContractVersion(**said | columns)


def renewal(day, outcome, **attributes):
    at = datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC)
    return Told(customer_id=1, at=at, kind="renewal", attributes={"outcome": outcome, **attributes})


def lives(*contracts, told=(), day=TODAY):
    found = contract_lives(contracts, told, day)
    return [(life.years, "lost" if life.lost else "undecided" if life.undecided else "running") for life in found]


@pytest.mark.parametrize(
    ("contracts", "expected"),
    [
        ([contract("a", "2020-01-01", "2022-12-31")], [(3, "lost")]),
        ([contract("a", "2020-01-01", None)], [(5, "running")]),
        ([contract("a", "2020-01-01", "2026-12-31")], [(5, "running")]),
        ([contract("a", "2023-01-01", "2024-11-30")], [(23 / 12, "undecided")]),
        ([contract("a", "2020-01-01", "2022-12-31"), contract("b", "2023-01-01", "2025-12-31")], [(5, "running")]),
        ([contract("a", "2020-01-01", "2022-12-31"), contract("b", "2023-03-31", None)], [(5, "running")]),
        (
            [contract("a", "2020-01-01", "2022-12-31"), contract("b", "2023-05-01", None)],
            [(3, "lost"), (20 / 12, "running")],
        ),
        # Two contracts end together and one new one follows: one of them was lost.
        (
            [
                contract("a", "2020-01-01", "2022-12-31"),
                contract("b", "2021-01-01", "2022-12-31"),
                contract("c", "2023-01-01", None),
            ],
            [(5, "running"), (2, "lost")],
        ),
        ([contract("a", "2025-02-01", None)], []),
        ([contract("a", "2020-01-01", None, signed_on=date(2025, 6, 1))], []),
    ],
)
def test_a_contract_is_lost_where_none_follows_it(contracts, expected):
    assert lives(*contracts) == [(pytest.approx(years), state) for years, state in expected]


def test_amendments_are_versions_of_one_contract_and_may_move_its_end():
    first = contract("a", "2020-01-01", "2022-12-31")
    longer = contract("a", "2020-01-01", "2026-12-31", valid_from=date(2022, 6, 1))
    assert lives(first, longer) == [(5, "running")]
    assert lives(first, longer, day=date(2022, 5, 1)) == [(pytest.approx(28 / 12), "running")]


def test_a_renewal_that_is_signed_and_has_not_begun_is_not_in_force():
    first = contract("a", "2022-01-01", "2025-02-28")
    next_one = contract("b", "2025-03-01", "2027-02-28", signed_on=date(2024, 12, 1), annual_value=150.0)
    [life] = contract_lives([first, next_one], (), TODAY)
    assert (life.running, life.newest) == (True, first)
    [later] = contract_lives([first, next_one], (), date(2025, 3, 1))
    assert (later.running, later.newest) == (True, next_one)


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ([renewal("2022-12-01", "renewed")], "running"),
        ([renewal("2022-12-01", "not_renewed")], "lost"),
        ([renewal("2022-10-01", "not_renewed"), renewal("2022-12-01", "renewed")], "running"),
        ([renewal("2025-01-02", "renewed")], "lost"),
        ([renewal("2022-12-01", "perhaps")], "lost"),
    ],
)
def test_what_was_said_of_a_renewal_wins(events, state):
    assert [found for _, found in lives(contract("a", "2020-01-01", "2022-12-31"), told=events)] == [state]


def test_a_contract_that_was_not_renewed_is_lost_though_another_begins():
    both = contract("a", "2020-01-01", "2022-12-31"), contract("b", "2023-01-01", None)
    assert lives(*both, told=[renewal("2022-12-01", "not_renewed", contract="a")]) == [(3, "lost"), (2, "running")]


def test_without_an_end_a_contract_ends_when_it_is_said_to_be_lost():
    assert lives(contract("a", "2020-01-01", None), told=[renewal("2024-01-01", "not_renewed")]) == [(4, "lost")]


def test_a_contract_that_will_not_be_renewed_runs_to_its_end():
    told = [renewal("2024-12-01", "not_renewed")]
    assert lives(contract("a", "2020-01-01", "2025-06-30"), told=told) == [(5, "running")]
    assert lives(contract("a", "2020-01-01", "2025-06-30"), told=told, day=date(2025, 7, 1)) == [(5.5, "lost")]


def test_years_go_by_the_calendar():
    assert years_between(date(2019, 3, 1), date(2025, 3, 1)) == 6
    assert years_between(date(2019, 12, 1), date(2020, 3, 1)) == 0.25
