"""ISO 22400-2 formulas on one worked shift: 480 min scheduled, 30 planned, 400 producing, 36 down, 14 idle."""

from dataclasses import replace

import pytest

from services.health.state_detection import kpis
from services.health.state_detection.kpis import Totals

MIN = 60.0
SHIFT = Totals(
    pot_s=480 * MIN,
    planned_s=30 * MIN,
    pbt_s=450 * MIN,
    apt_s=400 * MIN,
    adet_s=36 * MIN,
    adot_s=14 * MIN,
    unknown_s=0,
    supplier_down_s=18 * MIN,
    failures=4,
    repair_s=20 * MIN,
    produced=1800,
    good=1710,
)
NOTHING = Totals(**dict.fromkeys(SHIFT.__dataclass_fields__, 0) | {"produced": None, "good": None})


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        (kpis.availability, 400 / 450),
        (kpis.attributed_availability, 432 / 450),
        (kpis.uptime, 414 / 450),
        (kpis.quality, 0.95),
        (kpis.technical_efficiency, 400 / 436),
        (kpis.mtbf, 100 * MIN),
        (kpis.mttr, 5 * MIN),
        (kpis.coverage, 1.0),
    ],
)
def test_a_worked_shift(formula, value):
    assert formula(SHIFT) == pytest.approx(value)
    assert formula(NOTHING) is None


def test_oee_and_nee_of_the_worked_shift():
    assert kpis.effectiveness(SHIFT, 12.0) == pytest.approx(0.9)
    assert kpis.oee(SHIFT, 12.0).value == pytest.approx(400 / 450 * 0.9 * 0.95)
    assert kpis.nee(SHIFT, 12.0, setup_s=10 * MIN).value == pytest.approx(410 / 450 * 0.9 * 0.95)
    assert kpis.oee(NOTHING, 12.0).value is None


def test_oee_above_one_is_flagged_and_not_clipped():
    result = kpis.oee(SHIFT, 30.0)
    assert result.value == pytest.approx(400 / 450 * 2.25 * 0.95)
    assert result.implausible
    assert not kpis.oee(SHIFT, 12.0).implausible


def test_time_without_data_counts_neither_up_nor_down():
    half_known = replace(SHIFT, pbt_s=900 * MIN, unknown_s=450 * MIN)
    assert kpis.availability(half_known) == kpis.availability(SHIFT)
    assert kpis.coverage(half_known) == 0.5


def test_the_older_reading_of_mtbf_divides_by_one_more():
    assert kpis.mtbf(SHIFT, denominator="failures+1") == pytest.approx(80 * MIN)
    with pytest.raises(ValueError, match="failures"):
        kpis.mtbf(SHIFT, denominator="n")
