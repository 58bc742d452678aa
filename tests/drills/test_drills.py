"""The drills' short form: a few rounds of what `make drills` does fifty times, and that they see what they are for."""

import numpy as np
import pytest

from tests.drills import readings
from tests.drills.disks import mountable
from tests.drills.ledger import Row, Said, judge
from tests.drills.rounds import run_rounds

pytestmark = pytest.mark.needs_broker

SEED = 20_261_122
SHORT = ("is killed", "broker restarts", "database is lost", "data disk")


@pytest.mark.slow
def test_what_is_acknowledged_is_stored_once_whatever_goes_wrong():
    print("disks that can be filled:", mountable())
    assert run_rounds(SEED, 5, print, names=SHORT) > 1000


@pytest.mark.slow
def test_two_that_share_the_load_lose_and_double_nothing_when_one_is_killed():
    assert run_rounds(SEED, 2, print, names=["ingest is killed"], replicas=2) > 300


def stored(numbers: list[int], device: str = "d", shift: float = 0.0) -> dict[tuple[str, str], Row]:
    held = np.array(numbers, np.int64)
    return {
        (device, f"m{metric}"): Row(held, readings.values(device, held, metric) + shift)
        for metric in range(readings.METRICS)
    }


SENT = {"d": Said(sent=frozenset(range(10)), acknowledged=frozenset(range(8)))}


@pytest.mark.parametrize("numbers", [list(range(8)), list(range(10)), list(reversed(range(9)))])
def test_what_is_not_acknowledged_may_be_there_or_not(numbers):
    assert judge(SENT, stored(numbers)).good


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        (stored(list(range(7))), "acknowledged and not stored: 7"),
        ({}, "acknowledged and not stored: 0, 1"),
        (stored([*range(8), 7]), "stored twice: 7"),
        (stored([*range(8), 11]), "stored and never sent: 11"),
        (stored(list(range(8)), shift=1.0), "stored with another value"),
        (stored(list(range(8))) | stored([1], device="e"), "e m0 was never sent"),
    ],
)
def test_what_breaks_the_promise_is_seen(table, complaint):
    verdict = judge(SENT, table)
    assert not verdict.good
    assert complaint in str(verdict)
