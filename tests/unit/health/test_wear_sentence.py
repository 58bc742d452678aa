"""What a wear alert says about its date."""

from math import nan

import pytest

from services.health.advisory_generation.machine_conditions import forecast_in_words

NOW = 1_789_000_000.0
DAY_S = 86_400.0


@pytest.mark.parametrize(
    ("expected_at", "words"),
    [
        (nan, ""),
        (NOW + 30 * DAY_S, "; at this rate it reaches its limit around 10 October 2026"),
        (NOW + 0.9 * DAY_S, " and has reached its limit: it can fail any day"),
        (NOW - 3 * DAY_S, " and has reached its limit: it can fail any day"),
    ],
)
def test_a_date_that_has_come_is_not_given_as_if_it_lay_ahead(expected_at, words):
    assert forecast_in_words(expected_at, NOW) == words
