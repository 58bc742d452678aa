from datetime import UTC, datetime, timedelta

from services.ingest.store.heartbeat import Touch

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


def since(*seconds: float) -> list[float]:
    touch = Touch()
    return [(touch.since(NOON + timedelta(seconds=second)) - NOON).total_seconds() for second in seconds]


def test_touch_lasts_while_it_is_noted_every_few_seconds():
    assert since(0, 10, 70, 130) == [0, 0, 0, 0]


def test_after_a_gap_of_more_than_a_minute_it_begins_anew():
    assert since(0, 10, 71, 80) == [0, 0, 71, 71]
