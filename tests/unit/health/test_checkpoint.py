from datetime import UTC, datetime, timedelta

from services.health.assess import CustomerState
from services.health.health_assessment.customer_health.assessing import NO_HEALTH
from services.health.health_assessment.guarantee_work import GuaranteeState
from services.health.saving.checkpoint import LAYOUT_VERSION, Checkpoint, from_bytes, thinned, to_bytes

DAY = timedelta(days=1)
START = datetime(2024, 3, 4, tzinfo=UTC)


def state(day):
    return CustomerState(
        through=START + day * DAY,
        assets={},
        silent_h={1: 0.5},
        days=b"days",
        months=(),
        health=NO_HEALTH,
        guarantees=GuaranteeState(known_s={}),
        alerts={},
    )


def test_a_checkpoint_comes_back_as_it_was():
    checkpoint = Checkpoint(states=(state(0), state(3)), records_digests=(b"told", b"more"))
    assert from_bytes(to_bytes(checkpoint), LAYOUT_VERSION) == checkpoint


def test_bytes_of_another_layout_are_not_read():
    assert from_bytes(b"anything", LAYOUT_VERSION - 1) is None


def test_over_two_years_a_few_states_are_kept_at_growing_distances():
    kept = ()
    for day in range(730):
        kept = thinned([*kept, state(day)])
        ages = [(START + day * DAY - s.through) / DAY for s in kept]
        assert ages[-1] == 0
        assert len(kept) <= 4
    assert any(1 <= age <= 3 for age in ages)
    assert any(4 <= age <= 14 for age in ages)
    assert any(15 <= age <= 100 for age in ages)


def test_of_two_states_of_one_midnight_the_later_is_kept():
    first, second = state(1), state(1)
    assert thinned([first, second])[0] is second
