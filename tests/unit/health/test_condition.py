from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.health.block import AssetBlock, Bools
from services.health.prognostic_assessment.forecast import DAMAGE
from services.health.state_detection.condition import ConditionFindings, ConditionState, advance_condition
from tests.unit.health.condition_fleet import DAY_S, START_S, always, asset, episodes, hours_of, part, pump

NUMBERS = ("deviation", "expected_at", "expected_low", "expected_high", "confidence")
ARRAYS = (*NUMBERS, "watch", "act")


def judge(block: AssetBlock, running: Bools | None = None, repaired: Bools | None = None) -> ConditionFindings:
    return advance_condition(None, block, always(block) if running is None else running, hours_of(block), repaired)[1]


def straight(days: int, *, start: int, per_day: float) -> np.ndarray:
    return np.clip(np.arange(days) - start, 0, None) * per_day


def growing(days: int, *, start: int, every: float, first: float = 0.2) -> np.ndarray:
    """Wear of `first` sigmas that grows e-fold in `every` days."""
    since = np.arange(days) - start
    return np.where(since > 0, first * np.expm1(np.clip(since, 0, None) / every), 0.0)


def one_metric(wear: np.ndarray, *, seed: int = 0) -> AssetBlock:
    """A reading a day of one metric, unit noise."""
    values = np.full(len(wear) * 24, np.nan)
    values[::24] = 50 + np.random.default_rng(seed).normal(size=len(wear)) + wear
    return asset({"temperature": values})


def same(one: ConditionFindings, other: ConditionFindings, *, rtol: float = 0.0) -> bool:
    return all(np.allclose(getattr(one, a), getattr(other, a), rtol=rtol, atol=rtol, equal_nan=True) for a in ARRAYS)


WEAR = np.where(np.arange(80) < 70, straight(80, start=35, per_day=0.15), 0.0)
WORN = pump(seed=5, days=80, wear=WEAR)
REPAIRED = np.zeros(80 * 24, dtype=bool)
REPAIRED[[70 * 24 + 5, 70 * 24 + 9]] = True
RUNNING = np.arange(80 * 24) % 24 < 20


def in_parts(cuts: list[int]) -> tuple[ConditionState, list[ConditionFindings]]:
    """Judge WORN in parts, storing and reading the state between them as the service does."""
    state, told = None, []
    edges = [0, *sorted(cuts), 80 * 24]
    for first, end in pairwise(edges):
        block, hours = part(WORN, first, end), hours_of(WORN)[first:end]
        state, findings = advance_condition(state, block, RUNNING[first:end], hours, REPAIRED[first:end])
        state = msgspec.msgpack.decode(msgspec.msgpack.encode(state), type=ConditionState)
        told.append(findings)
    assert state is not None
    return state, told


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 80 * 24), max_size=12))
def test_any_cut_into_blocks_gives_the_same_findings_and_state(cuts: list[int]):
    whole_state, whole = in_parts([])
    state, told = in_parts(cuts)
    assert msgspec.msgpack.encode(state) == msgspec.msgpack.encode(whole_state)
    for name in ARRAYS:
        joined = np.concatenate([getattr(findings, name) for findings in told])
        np.testing.assert_array_equal(joined, getattr(whole[0], name), err_msg=name)
    assert told[-1].blame == whole[0].blame


def test_the_story_that_is_cut_holds_an_alert_and_a_repair():
    findings = in_parts([])[1][0]
    assert findings.watch[70 * 24]
    assert not findings.watch[-1]


def test_the_state_stays_bounded():
    sizes = []
    state = None
    block = pump(seed=1, days=200)
    for day in range(200):
        cut = slice(day * 24, day * 24 + 24)
        state, _ = advance_condition(state, part(block, cut.start, cut.stop), np.ones(24, bool), hours_of(block)[cut])
        sizes.append(len(msgspec.msgpack.encode(state)))
    assert max(sizes) < 60_000
    assert sizes[-1] < 2_000


@settings(max_examples=15, deadline=None)
@given(
    st.permutations(range(6)),
    st.floats(0.001, 1000),
    st.floats(-500, 500),
    st.sampled_from([1.0, -1.0]),
    st.integers(-3000, 3000),
)
def test_names_order_units_and_time_do_not_matter(order, scale, offset, sign, days_later):
    renamed = {f"x{k}": WORN.mean[i] * scale * sign + offset for k, i in enumerate(order) if i < 4}
    points = {f"y{k}": WORN.mean[i] / scale - offset for k, i in enumerate(order) if i >= 4}
    block = asset(renamed, points)
    later = days_later * DAY_S
    other = advance_condition(None, block, always(block), hours_of(block) + later)[1]
    mine = judge(WORN)
    for name in ARRAYS:
        theirs = getattr(other, name) - (later if name.startswith("expected") else 0.0)
        np.testing.assert_allclose(theirs, getattr(mine, name), rtol=1e-6, atol=1e-6, err_msg=name)
    named = {f"x{k}": WORN.metrics[i].name for k, i in enumerate(order)}
    assert [named[name] for name, _ in other.blame] == [name for name, _ in mine.blame]


def test_sensors_that_are_constant_or_stuck_on_rounding_change_nothing():
    constant = np.full(WORN.mean.shape[1], 21.61)
    jitter = constant + 1e-13 * np.random.default_rng(0).normal(size=len(constant))
    values = {m.name: WORN.mean[i] for i, m in enumerate(WORN.metrics[:4])}
    points = {m.name: WORN.mean[4 + i] for i, m in enumerate(WORN.metrics[4:])}
    assert same(judge(asset(values | {"fixed": constant, "stuck": jitter}, points)), judge(WORN))


def test_nothing_is_said_before_there_is_a_baseline():
    findings = judge(WORN)
    first = int(np.flatnonzero(np.isfinite(findings.deviation))[0])
    assert first == 28 * 24 - 1
    assert not findings.watch[:first].any()


def test_an_asset_without_condition_metrics_has_no_findings():
    block = asset({}, {"load": np.ones(48)})
    state, findings = advance_condition(None, block, always(block), hours_of(block))
    assert np.isnan(findings.deviation).all()
    assert not findings.watch.any()
    assert findings.blame == ()
    assert state.baselines == []


def test_missing_hours_leave_what_was_said():
    block = pump(seed=2, days=140, wear=straight(140, start=40, per_day=0.1))
    silent = 100 * 24
    block.mean[:, silent:] = np.nan
    findings = judge(block)
    assert findings.watch[silent - 1]
    for name in ARRAYS:
        assert (getattr(findings, name)[silent:] == getattr(findings, name)[silent - 1]).all(), name


def test_a_metric_that_falls_silent_keeps_its_part_of_the_deviation():
    block = pump(seed=2, days=100, wear=straight(100, start=40, per_day=0.1), worn_metrics=1)
    block.mean[0, 90 * 24 :] = np.nan
    findings = judge(block)
    assert findings.deviation[-1] >= findings.deviation[90 * 24 - 1] - 0.2
    assert findings.blame[0][0] == "vibration"


def test_hours_in_which_the_machine_does_not_run_are_not_judged():
    running = np.arange(WORN.mean.shape[1]) % 24 < 16
    idle = pump(seed=5, days=80, wear=WEAR)
    idle.mean[:4, ~running] = 0.0
    assert same(judge(idle, running), judge(WORN, running))


def test_hours_without_an_operating_point_are_not_judged():
    blind = pump(seed=5, days=80, wear=WEAR)
    blind.mean[4, 40 * 24 : 60 * 24] = np.nan
    findings = judge(blind)
    assert (findings.deviation[40 * 24 : 61 * 24 - 1] == findings.deviation[40 * 24 - 1]).all()
    assert findings.deviation[61 * 24] > findings.deviation[40 * 24 - 1]


def test_an_operating_point_that_is_lost_for_good_is_learned_to_do_without():
    blind = pump(seed=5, days=120, wear=straight(120, start=80, per_day=0.5), worn_metrics=4)
    blind.mean[5, 40 * 24 :] = np.nan
    state, findings = advance_condition(None, blind, always(blind), hours_of(blind))
    assert len(state.baselines) == 2
    assert findings.watch[-1]


def test_an_operating_point_that_never_reports_is_left_out():
    values = {m.name: WORN.mean[i] for i, m in enumerate(WORN.metrics[:4])}
    points = {m.name: WORN.mean[4 + i] for i, m in enumerate(WORN.metrics[4:])}
    unheard = asset(values, points | {"valve": np.full(WORN.mean.shape[1], np.nan)})
    assert same(judge(unheard), judge(WORN))


@pytest.mark.parametrize("persistence", [0.5, 0.9, 0.97])
def test_healthy_machines_are_left_in_peace(persistence):
    years, alerts = 12, 0
    for seed in range(years):
        block = pump(seed=seed, days=393, persistence=persistence)
        alerts += episodes(judge(block).watch)
    assert alerts / years <= 0.5


def test_a_swing_of_the_seasons_is_no_wear_where_its_operating_point_is_known():
    hour = np.arange(3 * 365 * 24)
    rng = np.random.default_rng(3)
    ambient = 10 - 12 * np.cos(2 * np.pi * hour / 24 / 365.25) + rng.normal(size=len(hour))
    values = {f"m{k}": 5 + 0.3 * ambient + rng.normal(size=len(hour)) for k in range(3)}
    assert episodes(judge(asset(values, {"ambient": ambient})).watch) == 0


@pytest.mark.parametrize(
    ("course", "wear"),
    [
        ("straight", straight(300, start=100, per_day=0.07)),
        ("growing", growing(300, start=100, every=25)),
        ("growing slowly", growing(300, start=60, every=50)),
    ],
)
def test_wear_over_weeks_is_found_before_the_damage_with_a_date(course, wear):
    damaged = int(np.argmax(wear >= DAMAGE))
    leads, errors = [], []
    for seed in range(6):
        findings = judge(pump(seed=seed, days=300, wear=wear, worn_metrics=4))
        assert episodes(findings.watch) == 1
        first = int(np.argmax(findings.watch))
        leads.append(damaged - first / 24)
        told = (findings.expected_at[first] - START_S) / DAY_S
        errors.append((told - damaged) / (damaged - first / 24))
    assert 10 < min(leads) <= max(leads) < 90, course
    assert -0.75 < np.median(errors) < 1.25, course


def test_most_damage_comes_within_the_bounds_of_its_date():
    inside = []
    for seed in range(12):
        wear = growing(300, start=80, every=40) if seed % 2 else straight(300, start=80, per_day=0.05)
        findings = judge(one_metric(wear, seed=seed))
        reached = int(np.argmax(findings.deviation >= DAMAGE))
        told = np.arange(23, reached, 24)
        told = told[np.isfinite(findings.expected_low[told]) & findings.watch[told]]
        at = START_S + reached * 3600.0
        inside.append(np.mean((findings.expected_low[told] <= at) & ~(findings.expected_high[told] < at)))
    assert np.mean(inside) >= 0.6


def test_the_dates_are_ordered_and_the_tiers_nested():
    findings = judge(pump(seed=4, days=200, wear=growing(200, start=60, every=30)))
    told = np.isfinite(findings.expected_high)
    assert told.any()
    assert (findings.expected_low[told] <= findings.expected_at[told]).all()
    assert (findings.expected_at[told] <= findings.expected_high[told]).all()
    assert findings.act.any()
    assert (findings.watch | ~findings.act).all()
    assert np.argmax(findings.watch) < np.argmax(findings.act)
    assert findings.confidence[np.argmax(findings.act)] > 0.9


def test_a_lasting_small_step_is_seen_but_no_alert():
    block = pump(seed=6, days=200, wear=np.where(np.arange(200) < 100, 0.0, 2.0), worn_metrics=4)
    findings = judge(block)
    assert findings.deviation[-1] > 1.5
    assert not findings.watch.any()
    assert np.isnan(findings.expected_at[-1]) or findings.expected_at[-1] > START_S + 300 * DAY_S


def test_a_step_to_the_damage_level_is_an_alert_within_days():
    findings = judge(one_metric(np.where(np.arange(160) < 100, 0.0, 8.0)))
    assert 100 < np.argmax(findings.act) / 24 < 115
    assert findings.act[-1]


def test_a_repair_ends_the_episode_and_the_next_wear_is_found_again():
    days = 220
    wear = straight(days, start=60, per_day=0.1)
    wear[120:] = straight(days - 120, start=40, per_day=0.1)
    repaired = np.zeros(days * 24, dtype=bool)
    repaired[120 * 24 + 3] = True
    findings = judge(pump(seed=7, days=days, wear=wear), repaired=repaired)
    assert findings.watch[120 * 24 + 2]
    assert not findings.watch[124 * 24 : 160 * 24].any()
    assert findings.deviation[124 * 24] < 0.5
    assert findings.watch[160 * 24 :].any()


def test_a_step_back_to_the_baseline_ends_the_episode_without_a_record_of_repair():
    wear = straight(200, start=60, per_day=0.12)
    wear[110:] = 0.0
    findings = judge(one_metric(wear))
    assert findings.watch[110 * 24 - 1]
    assert not findings.watch[116 * 24 :].any()
    assert findings.deviation[118 * 24] < 1


def test_one_glitch_is_no_alert():
    block = one_metric(np.zeros(120))
    block.mean[0, 60 * 24] = 1e9
    findings = judge(block)
    assert not findings.watch.any()
    assert findings.deviation[100 * 24] < 0.6


def test_a_short_stop_recorded_as_a_repair_changes_nothing_for_long():
    days = 140
    repaired = np.zeros(days * 24, dtype=bool)
    repaired[[90 * 24 + 3, 100 * 24, 101 * 24]] = True
    block = pump(seed=7, days=days, wear=straight(days, start=40, per_day=0.06))
    assert judge(block).watch[90 * 24]
    findings = judge(block, repaired=repaired)
    assert findings.watch[90 * 24 :].all()
    np.testing.assert_allclose(findings.deviation[-1], judge(block).deviation[-1], rtol=0.05)


def test_a_baseline_learned_from_a_worn_machine_is_learned_anew_after_its_repair():
    days = 300
    wear = np.full(days, 12.0)
    wear[60:] = straight(days - 60, start=120, per_day=0.1)
    repaired = np.zeros(days * 24, dtype=bool)
    repaired[60 * 24] = True
    findings = judge(pump(seed=7, days=days, wear=wear, worn_metrics=4), repaired=repaired)
    assert not findings.watch[: 180 * 24].any()
    assert findings.deviation[150 * 24] < 1
    assert findings.watch[240 * 24]


def test_a_machine_repaired_far_out_is_expected_to_last_as_long_the_next_time():
    days, life = 330, 150
    wear = np.concatenate([growing(life, start=50, every=20), growing(days - life, start=50, every=20)])
    repaired = np.zeros(days * 24, dtype=bool)
    repaired[life * 24] = True
    findings = judge(pump(seed=2, days=days, wear=wear, worn_metrics=4), repaired=repaired)
    first = int(np.argmax(findings.watch))
    second = (life + 10) * 24 + int(np.argmax(findings.watch[(life + 10) * 24 :]))
    assert first / 24 + 5 < second / 24 - life
    told = 280 * 24
    assert abs((findings.expected_at[told] - START_S) / DAY_S - 2 * life) < 15


def test_glitches_in_the_first_weeks_do_not_blind_the_rest():
    block = one_metric(straight(200, start=60, per_day=0.08))
    block.mean[0, [3 * 24, 9 * 24]] = [1e6, -1e6]
    assert judge(block).watch.any()


def test_an_operating_point_never_seen_before_is_learned_not_alarmed():
    block = pump(seed=8, days=160)
    block.mean[4, 100 * 24 :] += 90
    block.mean[:4, 100 * 24 :] += np.array([[3.0], [40.0], [2.0], [15.0]])
    state, findings = advance_condition(None, block, always(block), hours_of(block))
    assert not findings.watch.any()
    assert len(state.baselines) == 2
    assert (findings.deviation[101 * 24 : 127 * 24] == findings.deviation[100 * 24]).all()
    assert findings.deviation[-1] != findings.deviation[127 * 24]


def test_wear_is_not_learned_as_normal_with_a_new_operating_point():
    wear = np.concatenate([straight(100, start=40, per_day=0.05), np.full(100, 3.0)])
    block = pump(seed=9, days=200, wear=wear, worn_metrics=4)
    block.mean[4, 100 * 24 :] += 90
    findings = judge(block)
    assert findings.deviation[-1] > 1.5


def test_held_readings_count_as_little_as_the_one_they_repeat():
    once = one_metric(straight(200, start=60, per_day=0.08))
    held = asset({"temperature": np.repeat(once.mean[0, ::24], 24)})
    assert same(judge(held), judge(once), rtol=1e-9)


def test_a_metric_that_joins_later_leaves_the_others_as_they_were():
    first, second = part(WORN, 0, 50 * 24), part(WORN, 50 * 24, 80 * 24)
    hours = hours_of(WORN)
    state, _ = advance_condition(None, first, always(first), hours[: 50 * 24])
    values = {m.name: second.mean[i] for i, m in enumerate(second.metrics[:4])} | {"a_new_one": second.mean[0] ** 2}
    points = {m.name: second.mean[4 + i] for i, m in enumerate(second.metrics[4:])} | {"a_new_point": second.mean[1]}
    joined = asset(values, points)
    _, findings = advance_condition(state, joined, always(joined), hours[50 * 24 :])
    _, without = advance_condition(state, second, always(second), hours[50 * 24 :])
    assert same(findings, without)
    assert findings.blame == without.blame


def test_a_metric_first_heard_of_while_the_baseline_is_learned_takes_part():
    late = pump(seed=5, days=80, wear=WEAR)
    late.mean[0, : 5 * 24] = np.nan
    whole_state, whole = advance_condition(None, late, always(late), hours_of(late))
    unheard = part(late, 0, 5 * 24)
    unheard = asset(
        {m.name: unheard.mean[i] for i, m in enumerate(unheard.metrics[:4]) if i},
        {m.name: unheard.mean[4 + i] for i, m in enumerate(unheard.metrics[4:])},
    )
    state, _ = advance_condition(None, unheard, always(unheard), hours_of(unheard))
    rest = part(late, 5 * 24, 80 * 24)
    state, findings = advance_condition(state, rest, always(rest), hours_of(late)[5 * 24 :])
    assert msgspec.msgpack.encode(state) == msgspec.msgpack.encode(whole_state)
    assert findings.blame == whole.blame


def test_the_blame_names_the_worn_metrics_first():
    blame = judge(pump(seed=3, days=120, wear=straight(120, start=40, per_day=0.1), worn_metrics=2)).blame
    assert {name for name, _ in blame[:2]} == {"vibration", "bearing_temperature"}
    assert sum(share for _, share in blame) == pytest.approx(1.0, abs=0.2)
    assert [share for _, share in blame] == sorted((share for _, share in blame), reverse=True)
