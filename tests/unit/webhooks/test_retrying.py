"""The timetable of retries."""

from datetime import UTC, datetime, timedelta
from itertools import accumulate

import pytest

from services.webhooks.retrying import PAUSES, Answer, decide

NOW = datetime(2026, 9, 21, 8, tzinfo=UTC)


def test_the_pauses_are_those_of_standard_webhooks_and_come_to_three_days() -> None:
    seconds = [0, 5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]
    assert [0, *(pause.total_seconds() for pause in PAUSES)] == seconds
    assert list(accumulate(PAUSES, initial=timedelta(0)))[-1] == timedelta(hours=75, minutes=35, seconds=5)


@pytest.mark.parametrize("status", [200, 202, 204, 299])
def test_any_2xx_is_taken(status: int) -> None:
    assert decide(1, Answer(status), NOW, spread=0).state == "delivered"


@pytest.mark.parametrize("answer", [Answer(302), Answer(404), Answer(500), Answer(None, "no answer within 15 s")])
def test_anything_else_is_tried_again_after_the_pause_of_that_attempt(answer: Answer) -> None:
    for attempts, pause in enumerate(PAUSES, start=1):
        decision = decide(attempts, answer, NOW, spread=0)
        assert (decision.state, decision.next_attempt_at, decision.disable) == ("pending", NOW + pause, None)


def test_a_pause_is_spread_by_a_tenth() -> None:
    times = [decide(3, Answer(500), NOW, spread=spread).next_attempt_at for spread in (-1, 1)]
    assert times == [NOW + timedelta(minutes=27), NOW + timedelta(minutes=33)]


def test_the_tenth_attempt_is_the_last_and_the_webhook_says_why() -> None:
    decision = decide(10, Answer(503), NOW, spread=0)
    assert decision.state == "failed"
    assert decision.disable == "10 attempts over three days failed, the last: status 503"


def test_410_ends_it_at_once() -> None:
    decision = decide(1, Answer(410), NOW, spread=0)
    assert (decision.state, decision.disable) == ("failed", "the receiver answered 410 Gone")
