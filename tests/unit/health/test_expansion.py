"""More is sold only where more was got."""

from datetime import date

import pytest

from services.health.account_assessment.account import midnight
from services.health.account_assessment.expansion import expansion
from tests.unit.health.accounts import account, alert, asset, contract, hours, months

DAY = date(2026, 1, 1)
BETTER = months(date(2024, 1, 1), *[10.0] * 12, *[5.0] * 12)
FLAT = months(date(2024, 1, 1), *[10.0] * 24)


def amended(before: float, after: float, currency: str = "EUR"):
    return (
        contract(annual_value=before, currency="EUR"),
        contract(annual_value=after, currency=currency, valid_from=date(2025, 6, 1)),
    )


def found(**said: object):
    guard, ready = expansion(account(**said), DAY)
    return guard, ready


@pytest.mark.parametrize(
    ("times", "contracts", "verdict"),
    [
        (FLAT, amended(100.0, 120.0), "blocked"),
        (FLAT, amended(100.0, 100.0), "allowed"),
        (FLAT, amended(100.0, 120.0, "USD"), "allowed"),
        (BETTER, amended(100.0, 120.0), "allowed"),
        ((), amended(100.0, 120.0), "not_known"),
        ((), amended(100.0, 100.0), "not_known"),
    ],
)
def test_spend_up_and_value_flat_blocks_an_expansion(times, contracts, verdict):
    assert found(times=times, contracts=contracts)[0].verdict == verdict


def test_the_reason_says_what_rose_and_what_did_not():
    facts = found(times=FLAT, contracts=amended(100.0, 120.0))[0].evidence["facts"]
    assert [(f["what"], f["value"], f["unit"]) for f in facts] == [
        ("contract value a year rose by", 20.0, "EUR"),
        ("uptime did not surely rise in that year", 0.0, "points"),
    ]


def test_without_a_contract_value_more_machines_are_more_spend():
    machines = (asset(1), asset(2, since=date(2025, 7, 1)))
    guard, _ = found(times=FLAT, assets=machines)
    assert (guard.verdict, guard.evidence["facts"][0]["value"]) == ("blocked", 1.0)


@pytest.mark.parametrize("kind", ["promise_gap", "guarantee_breach", "decline"])
def test_what_is_broken_is_mended_before_more_is_sold(kind):
    opened = midnight(date(2025, 11, 3))
    guard, _ = found(times=BETTER, alerts=(alert(kind, opened),))
    assert (guard.verdict, guard.evidence["facts"][0]["on"]) == ("blocked", "2025-11-03")
    assert found(times=BETTER, alerts=(alert(kind, opened, midnight(DAY)),))[0].verdict == "allowed"


@pytest.mark.parametrize(("load", "verdict"), [(90.0, "ready"), (60.0, "not_ready"), (None, "not_known")])
def test_who_got_more_and_is_nearly_full_is_ready(load, verdict):
    counted = {} if load is None else {"produced": load, "capacity": 100.0, "counted_apt_s": 95.0}
    times = (*BETTER[:21], *(hours(date(2025, n, 1), stopped=5.0, **counted) for n in (10, 11, 12)))
    assert found(times=times)[1].verdict == verdict


def test_nobody_is_ready_while_blocked():
    full = {"produced": 95.0, "capacity": 100.0, "counted_apt_s": 95.0}
    times = (*BETTER[:21], *(hours(date(2025, n, 1), stopped=5.0, **full) for n in (10, 11, 12)))
    assert found(times=times, alerts=(alert("decline", midnight(date(2025, 11, 3))),))[1].verdict == "not_ready"
