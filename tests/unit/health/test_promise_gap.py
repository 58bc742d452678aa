"""A promise is called broken once 90 days are surely below it, whatever day of the year is asked."""

from types import SimpleNamespace

import numpy as np
import pytest

from services.health.advisory_generation.customer_conditions import promise_gap
from services.health.health_assessment.daily_history import DailyHistory
from services.health.state_detection.times import FIELDS, PBT


@pytest.mark.parametrize(("gap", "told"), [(0.02, False), (0.03, True)])
def test_a_gap_counts_from_two_and_three_quarters_of_its_errors_on(gap, told):
    """Days of 24 h that stop 4.8 and 0 h by turns: 10 %, error sqrt(90 / 89 x 90 x 2.4^2) / (90 x 24) = 1.06 points."""
    days = 92
    table = np.zeros((days, len(FIELDS)))
    table[:, PBT] = 86400
    work = SimpleNamespace(
        block=SimpleNamespace(customer_id=1),
        days=DailyHistory(first_day=20_000, kept=0, table=table),
        hours=24 * days,
        known_s=table[:, PBT],
        down_s=3600 * np.tile([4.8, 0.0], days // 2),
        promised=np.full(days, 0.9 + gap),
    )
    assert promise_gap(work, np.zeros(days, dtype=np.bool_)).raised.any() == told
