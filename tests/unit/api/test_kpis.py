"""ISO 22400-2 formulas on one worked shift: 480 min scheduled, 30 planned, 390 producing, 10 setting up, 36 delayed."""

from dataclasses import replace

import pytest

from shared.kpis import FORMULAS, INPUTS, Totals, coverage, kpis, merged

MIN = 60.0
SHIFT = Totals(
    pot_s=480 * MIN,
    planned_s=30 * MIN,
    pbt_s=450 * MIN,
    apt_s=390 * MIN,
    asut_s=10 * MIN,
    adet_s=36 * MIN,
    adot_s=14 * MIN,
    unknown_s=0,
    stopped_s=36 * MIN,
    supplier_down_s=18 * MIN,
    customer_down_s=0,
    external_down_s=10 * MIN,
    operator_down_s=8 * MIN,
    unknown_down_s=0,
    failures=4,
    repair_s=20 * MIN,
    failed_s=18 * MIN,
    waiting_s=14 * MIN,
    pmt_s=30 * MIN,
    cmt_s=10 * MIN,
    aubt_s=436 * MIN,
    aoet_s=480 * MIN,
    produced=1800,
    good=1710,
    scrapped=60,
    reworked=30,
    inspected=1800,
    first_pass=1680,
    planned_run_s=1800 * 12.0,
    capacity=2250,
    counted_apt_s=390 * MIN,
)
NOTHING = Totals(**dict.fromkeys(SHIFT.__dataclass_fields__, 0) | dict.fromkeys(INPUTS))

# Formulas as the ontology of ISO 22400-2 has them (hsu-aut/IndustrialStandard-ODP-ISO22400-2).
WORKED = {
    "availability": 390 / 450,
    "attributed_availability": 432 / 450,
    "uptime": 414 / 450,
    "effectiveness": 360 / 390,
    "quality": 0.95,
    "oee": 390 / 450 * (360 / 390) * 0.95,
    "nee": 400 / 450 * (360 / 390) * 0.95,
    "allocation_efficiency": 436 / 450,
    "utilization_efficiency": 390 / 436,
    "technical_efficiency": 390 / 426,
    "setup_ratio": 10 / 400,
    "allocation_ratio": 436 / 480,
    "throughput_per_h": 225,
    "first_pass_yield": 1680 / 1800,
    "scrap_ratio": 60 / 1800,
    "rework_ratio": 30 / 1800,
    "corrective_maintenance_ratio": 0.25,
    "load_ratio": 0.8,
    "mtbf_h": 400 / 4 / 60,
    "mttf_h": 432 / 4 / 60,
    "mttr_h": 5 / 60,
}


@pytest.mark.parametrize("name", FORMULAS)
def test_a_worked_shift(name):
    assert kpis([SHIFT])[name].value == pytest.approx(WORKED[name])
    assert kpis([SHIFT])[name].coverage == 1
    assert not kpis([SHIFT])[name].implausible


@pytest.mark.parametrize("name", FORMULAS)
def test_without_time_or_without_its_inputs_nothing_is_said(name):
    assert kpis([NOTHING])[name].value is kpis([])[name].value is None
    undeclared = replace(SHIFT, **dict.fromkeys(INPUTS), failures=0)
    said = kpis([undeclared])[name]
    assert (said.value is None) == bool(FORMULAS[name].inputs or name.startswith("mt"))


@pytest.mark.parametrize("name", FORMULAS)
def test_a_day_twice_says_what_the_day_says(name):
    assert kpis([SHIFT, SHIFT])[name].value == pytest.approx(WORKED[name])


def test_oee_above_one_is_flagged_and_not_clipped():
    said = kpis([replace(SHIFT, planned_run_s=1800 * 30.0)])
    assert said["oee"].value == pytest.approx(900 / 450 * 0.95)
    assert said["oee"].implausible
    assert said["effectiveness"].implausible


def test_production_beyond_all_orders_is_flagged():
    said = kpis([replace(SHIFT, apt_s=480 * MIN, aubt_s=120 * MIN)])["utilization_efficiency"]
    assert (said.value, said.implausible) == (4, True)


def test_time_without_data_counts_neither_up_nor_down():
    half_known = replace(SHIFT, pbt_s=900 * MIN, unknown_s=450 * MIN)
    assert kpis([half_known])["availability"].value == kpis([SHIFT])["availability"].value
    assert coverage([half_known]) == kpis([half_known])["availability"].coverage == 0.5
    assert coverage([NOTHING]) is None


def test_days_without_an_input_cost_coverage_and_leave_the_value():
    uncounted = replace(SHIFT, good=None, apt_s=100 * MIN, adet_s=326 * MIN, stopped_s=326 * MIN)
    said = kpis([SHIFT, uncounted])
    assert (said["quality"].value, said["quality"].coverage) == (0.95, 0.5)
    assert said["availability"].value == pytest.approx(490 / 900)
    assert said["availability"].coverage == 1


def test_units_that_nobody_counted_cost_coverage_and_leave_the_value():
    """Of two equal shifts one was not counted; had it been, the figures would be those of one."""
    half = replace(SHIFT, pbt_s=900 * MIN, apt_s=780 * MIN, asut_s=20 * MIN, capacity=4500, aoet_s=960 * MIN)
    for name in ("effectiveness", "quality", "oee", "nee", "load_ratio", "throughput_per_h"):
        said = kpis([half])[name]
        assert (said.value, said.coverage) == (pytest.approx(WORKED[name]), 0.5), name
    assert kpis([half])["availability"].coverage == 1


def test_the_older_reading_of_mtbf_divides_by_one_more():
    said = kpis([SHIFT], per="failures_and_one")
    assert [said[name].value for name in ("mtbf_h", "mttf_h", "mttr_h")] == pytest.approx(
        [400 / 300, 432 / 300, 4 / 60]
    )
    assert said["setup_ratio"].value == 10 / 400
    assert kpis([replace(SHIFT, failures=0)], per="failures_and_one")["mtbf_h"].value is None


def test_totals_that_declare_the_same_are_merged_and_every_indicator_stays_what_it_was() -> None:
    without_counts = replace(SHIFT, produced=None, good=None, counted_apt_s=None, apt_s=300 * MIN)
    parts = [SHIFT, without_counts, SHIFT, NOTHING]
    fewer = merged(parts)
    assert len(fewer) == 3
    assert {name: k.value for name, k in kpis(fewer).items()} == pytest.approx(
        {name: k.value for name, k in kpis(parts).items()}
    )
    assert coverage(fewer) == coverage(parts)
