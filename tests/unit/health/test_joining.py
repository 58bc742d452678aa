from datetime import UTC, datetime, timedelta

from services.health.assess import Assessment, CustomerState
from services.health.assessment import CustomerHealthRow, IntervalRow
from services.health.health_assessment.customer_health.assessing import NO_HEALTH
from services.health.health_assessment.guarantee_work import GuaranteeState
from services.health.joining import joined

START = datetime(2024, 3, 4, tzinfo=UTC)
DAY = timedelta(days=1)


def said(through, intervals=(), health=()):
    return Assessment(
        intervals=tuple(intervals),
        times=(),
        signals=(),
        health=tuple(health),
        values=(),
        episodes=(),
        outcomes=(),
        forecasts=(),
        life_days=(),
        risk_steps=(),
        state=CustomerState(
            through=START + through * DAY,
            assets={},
            silent_h={},
            days=b"",
            months=(),
            health=NO_HEALTH,
            guarantees=GuaranteeState(known_s={}),
            alerts={},
        ),
    )


def interval(started, ended, state="production"):
    return IntervalRow(
        asset_id=1,
        started_at=START + started * DAY,
        ended_at=None if ended is None else START + ended * DAY,
        state=state,
        cause=None,
        failure=False,
        cause_basis=None,
        cause_why=None,
    )


def health(day, value):
    return CustomerHealthRow(
        day=(START + day * DAY).date(),
        health=value,
        coverage=1.0,
        contributions={},
        groups={},
        exceptions=[],
        change=None,
    )


def test_of_what_both_speak_of_the_later_ones_word_counts():
    found = joined(said(1, health=[health(0, 50.0), health(1, 60.0)]), said(2, health=[health(1, 70.0)]), START + DAY)
    assert found.health == (health(0, 50.0), health(1, 70.0))
    assert found.state.through == START + 2 * DAY


def test_an_interval_that_goes_on_is_one():
    found = joined(said(1, [interval(0, None)]), said(2, [interval(0, 1.5)]), START + DAY)
    assert found.intervals == (interval(0, 1.5),)


def test_an_interval_that_the_later_one_does_not_know_ended_where_it_begins():
    earlier, later = said(1, [interval(0, None)]), said(2, [interval(1, None, "down")])
    assert joined(earlier, later, START + DAY).intervals == (interval(0, 1), interval(1, None, "down"))


def test_an_interval_that_was_over_stays_as_it_was():
    ended = interval(0, 0.5)
    assert joined(said(1, [ended]), said(2), START + DAY).intervals == (ended,)
