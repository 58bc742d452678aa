"""What people say: answers fade, visits have their rhythm, and neither can rule customer health."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from services.health.assess import assess
from services.health.block import Event
from services.health.health_assessment.customer_health.relation import (
    survey,
    touchpoint_figures,
    touchpoints,
    visits,
)
from tests.unit.health.worlds import START, asset, contract, customer

FIRST = (START.date() - date(1970, 1, 1)).days


def event(kind, day, **attributes):
    return Event(scope_type="customer", scope_id=7, at=START + timedelta(days=day), kind=kind, attributes=attributes)


def block(*events, **terms):
    return replace(customer([asset(1, 3)], **terms), events=tuple(events))


def on(*days):
    return FIRST + np.array(days)


def test_an_answer_loses_half_of_its_word_in_90_days_and_all_in_a_year():
    found = survey(block(event("survey", 9, score=8, of=10)), on(8, 98, 373, 374, 2000))
    assert found.applies.tolist() == [False, True, True, True, True]
    assert found.goodness[1:] == pytest.approx(np.full(4, 0.8))
    assert found.covered == pytest.approx([0, 0.5, 0.5 ** (365 / 90), 0, 0], abs=1e-9)


def test_of_two_answers_the_older_counts_less():
    """90 days apart: (1.0 + 0.5 x 0.4) / 1.5 = 0.8."""
    told = block(event("survey", 0, score=4, of=10), event("survey", 90, score=5, scale=5))
    assert survey(told, on(100)).goodness == pytest.approx([0.8])


def test_an_answer_without_its_scale_or_beyond_it_is_none():
    told = [event("survey", 0, **said) for said in ({"score": 8}, {"score": 12, "of": 10}, {"score": 0, "scale": 0})]
    assert not survey(block(*told), on(10)).applies.any()


def test_visits_as_often_as_usual_are_good_and_silence_three_times_as_long_is_not():
    """Every 30 days until day 150: good until day 180, nothing left on day 240."""
    told = block(*(event("touchpoint", day) for day in range(0, 151, 30)))
    found = touchpoints(visits(told), on(100, 180, 210, 240, 400))
    assert found.applies.tolist() == [False, True, True, True, True]
    assert found.goodness[1:] == pytest.approx([1, 0.5, 0, 0])


def test_a_plan_for_visits_wins_over_what_is_usual():
    told = block(event("touchpoint", 0, every_days=10))
    assert touchpoints(visits(told), on(10, 20)).goodness == pytest.approx([1, 0.5])
    assert touchpoint_figures(visits(told), FIRST + 21) == {
        "last_on": "2022-01-03",
        "days_since": 21,
        "interval_days": 10.0,
        "interval_basis": "planned",
        "silent": True,
        "last_365_days": 1,
        "around_renewal": None,
        "transactional": None,
    }


def test_a_customer_that_nobody_ever_spoke_with_has_no_figures():
    assert touchpoint_figures(visits(block(event("touchpoint", 5))), FIRST + 4) is None


@pytest.mark.parametrize(
    ("days", "transactional"),
    [([645, 660, 680, 700, 720, 740], True), ([0, 100, 200, 300, 400, 500, 600, 700], False), ([720, 730], None)],
)
def test_visits_around_renewals_alone_are_a_transactional_pattern(days, transactional):
    told = block(
        event("touchpoint", 0),
        *(event("touchpoint", day) for day in days if day),
        contracts=(contract(ends_on=START.date() + timedelta(days=730)),),
    )
    assert touchpoint_figures(visits(told), FIRST + 760)["transactional"] is transactional


DAYS = 150


def judged(*events, down=()):
    return assess(None, replace(customer([asset(1, DAYS, down_share=0.02, downs=down)]), events=events))


@pytest.fixture(scope="module")
def without():
    return judged()


def test_the_worst_answers_cost_a_twentieth_at_most_and_raise_no_alert(without):
    said = judged(*(event("survey", day, score=0, of=10) for day in (60, 90, 120)))
    costs = [a.health - b.health for a, b in zip(without.health, said.health, strict=True) if a.health is not None]
    assert 0 < max(costs) <= 5
    assert said.episodes == without.episodes


def test_an_account_that_fell_silent_raises_no_alert(without):
    said = judged(*(event("touchpoint", day, every_days=7) for day in (0, 7, 14)))
    assert said.health[-1].groups["touchpoints"]["silent"] is True
    assert said.episodes == without.episodes


def test_telemetry_moves_health_before_the_survey_that_follows_does():
    """A failure of two days on day 100, and an answer of 2 on day 130: health has fallen by day 102."""
    said = judged(event("survey", 50, score=9, of=10), event("survey", 130, score=2, of=10), down=((2400, 48),))
    before, after, answered = (said.health[day].health for day in (99, 102, 130))
    assert before - after > 10
    assert said.health[129].health - answered < 5


def test_a_stale_survey_says_the_same_whatever_it_said():
    good, bad = (
        replace(customer([asset(1, 30)]), events=(event("survey", -400, score=score, of=10),)) for score in (10, 0)
    )
    assert [r.health for r in assess(None, good).health] == [r.health for r in assess(None, bad).health]
