"""What alerts about machines say in words."""

from math import nan

import pytest

from services.health.advisory_generation.machine_conditions import forecast_in_words
from services.health.advisory_generation.repeated_failures import usual_in_words

NOW = 1_789_000_000.0
DAY_S = 86_400.0


@pytest.mark.parametrize(
    ("expected_at", "words"),
    [
        (nan, ""),
        (NOW + 30 * DAY_S, "; at this rate it reaches its limit around 10 October 2026"),
        (NOW + 22 * DAY_S, "; at this rate it reaches its limit around 2 October 2026"),
        (NOW + 0.9 * DAY_S, " and has reached its limit: it can fail any day"),
        (NOW - 3 * DAY_S, " and has reached its limit: it can fail any day"),
    ],
)
def test_a_date_that_has_come_is_not_given_as_if_it_lay_ahead(expected_at, words):
    assert forecast_in_words(expected_at, NOW) == words


@pytest.mark.parametrize(
    ("failures_in_30_days", "words"),
    [(4.2, "about 4 times"), (1.0, "about once"), (0.5, "about once in 2 months"), (0.11, "about once in 9 months")],
)
def test_a_rate_below_one_is_said_as_once_in_so_many_months(failures_in_30_days, words):
    assert usual_in_words(failures_in_30_days, own=True) == f"usually it fails {words}"
    assert usual_in_words(failures_in_30_days, own=False) == f"others of its kind there fail {words}"
