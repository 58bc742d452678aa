"""The ledger of what we promised, by hand."""

from datetime import date

import pytest

from services.health.account_assessment.commitments import commitments, wilson
from tests.unit.health.accounts import account, event

DAY = date(2026, 3, 1)


def promised(name: str, **said: str):
    return event("commitment", date(2026, 1, 5), what=name, id=name, **said)


@pytest.mark.parametrize(
    ("said", "verdict", "days"),
    [
        ({"due_on": "2026-03-01"}, "due", 0.0),
        ({"due_on": "2026-02-28"}, "late", 1.0),
        ({"due_on": "2026-02-01", "kept_on": "2026-01-30"}, "kept", -2.0),
        ({"due_on": "2026-02-01", "kept_on": "2026-02-11"}, "kept_late", 10.0),
        ({"due_on": "2026-02-20", "kept_on": "2026-03-02"}, "late", 9.0),
        ({}, "not_known", None),
        ({"due_on": "in spring"}, "not_known", None),
    ],
)
def test_a_commitment_is_due_late_or_kept_as_it_was_known_that_day(said, verdict, days):
    one, _ = commitments(account(events=(promised("review", **said),)), DAY)
    assert (one.subject, one.verdict, one.value) == ("review", verdict, days)


def test_what_is_said_later_of_the_same_commitment_holds():
    kept = event("commitment", date(2026, 2, 1), id="review", kept_on="2026-01-31")
    one, _ = commitments(account(events=(promised("review", due_on="2026-02-01"), kept)), DAY)
    assert (one.verdict, one.evidence["facts"][0]["what"]) == ("kept", "committed: review")


def test_three_of_four_kept_in_time_have_wilsons_interval():
    ledger = [promised(f"c{n}", due_on="2026-02-01", kept_on="2026-01-31") for n in range(3)]
    *_, record = commitments(account(events=(*ledger, promised("late", due_on="2026-02-01"))), DAY)
    assert (record.verdict, record.value) == ("late", 0.75)
    # z = 1.645: (0.75 + 2.706/8) / (1 + 2.706/4) = 0.649, and 0.981 x sqrt(0.0469 + 0.0423) = 0.293 around it
    assert (record.low, record.high) == (pytest.approx(0.356, abs=1e-3), pytest.approx(0.942, abs=1e-3))


def test_nothing_promised_is_no_record():
    (record,) = commitments(account(), DAY)
    assert (record.verdict, record.value) == ("not_known", None)


def test_an_interval_of_a_share_stays_within_0_and_1():
    assert wilson(0, 2)[0] == 0.0
    assert wilson(2, 2)[1] == 1.0
