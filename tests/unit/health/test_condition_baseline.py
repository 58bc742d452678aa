import numpy as np
import pytest

from services.health.state_detection.operating_baseline import BASELINE_DAYS, Baseline, deviation_of_hours, fit_baseline

HOURS = BASELINE_DAYS * 24
DAY = np.repeat(np.arange(BASELINE_DAYS, dtype=float), 24)
RNG = np.random.default_rng(4)
NOISE = RNG.normal(size=(HOURS, 1))
NO_POINT = np.zeros((HOURS, 0))


def fitted(values, points=NO_POINT, day=DAY) -> Baseline:
    baseline = fit_baseline(values, points, day)
    assert baseline is not None
    return baseline


def test_readings_are_counted_in_the_scatter_of_the_baseline():
    baseline = fitted(300 + 7 * NOISE)
    deviation, known = deviation_of_hours(baseline, np.array([[300.0], [321.0], [np.nan]]), np.zeros((3, 0)))
    assert deviation[:2, 0] == pytest.approx([0.0, 3.0], abs=0.2)
    assert np.isnan(deviation[2, 0])
    assert known.all()


def test_each_setpoint_has_its_own_level():
    setpoint = np.repeat(RNG.permutation(np.tile([10.0, 20.0, 50.0], HOURS // 24)), 8)[:, None]
    level = np.select([setpoint == 10, setpoint == 20], [5.0, 100.0], -40.0)
    baseline = fitted(level + NOISE, setpoint)
    assert len(baseline.regimes) == 3
    seen, _ = deviation_of_hours(baseline, np.array([[5.0], [100.0], [-40.0]]), np.array([[10.0], [20.0], [50.0]]))
    assert np.abs(seen).max() < 0.3
    assert baseline.sigma[0] == pytest.approx(1.0, abs=0.1)


def test_a_bell_curve_of_operating_points_is_one_regime():
    assert len(fitted(NOISE, RNG.normal(size=(HOURS, 2))).regimes) == 1


def test_a_metric_that_follows_its_operating_point_is_judged_by_what_is_left():
    ambient = RNG.normal(20, 5, size=(HOURS, 1))
    baseline = fitted(3 * ambient + NOISE, ambient)
    assert baseline.slope[0][0] == pytest.approx(3.0, abs=0.05)
    assert baseline.sigma[0] == pytest.approx(1.0, abs=0.1)


def test_a_slope_that_may_be_chance_is_left_out():
    baseline = fitted(RNG.normal(size=(HOURS, 12)), RNG.normal(size=(HOURS, 1)))
    assert sum(slope != 0 for slope in baseline.slope[0]) <= 1


def test_hours_that_agree_within_a_day_are_one_piece_of_evidence():
    """Both wander from day to day and are the same all day: 28 pairs of unrelated numbers, not 672."""
    found = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        daily = np.repeat(rng.normal(size=(BASELINE_DAYS, 2)), 24, axis=0)
        found += fitted(daily[:, :1] + 0.01 * NOISE, daily[:, 1:]).slope[0][0] != 0
    assert found <= 2


def test_operating_points_out_of_range_or_rare_are_unknown():
    load = RNG.uniform(40, 60, size=(HOURS, 1))
    load[:24] = 90.0
    baseline = fitted(NOISE, load)
    _, known = deviation_of_hours(baseline, np.zeros((4, 1)), np.array([[50.0], [65.0], [90.0], [np.nan]]))
    assert known.tolist() == [True, True, False, False]


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("constant", np.full((HOURS, 1), 7.3)),
        ("rounding", 1e6 + 1e-6 * NOISE),
        ("known for too few days", np.where(DAY[:, None] < 10, NOISE, np.nan)),
    ],
)
def test_a_metric_without_a_scatter_of_its_own_is_not_judged(name, values):
    assert np.isnan(fitted(np.column_stack([NOISE, values])).sigma[1]), name
    assert fit_baseline(values, NO_POINT, DAY) is None


def test_too_few_days_make_no_baseline():
    assert fit_baseline(NOISE[: 24 * 13], NO_POINT[: 24 * 13], DAY[: 24 * 13]) is None


def test_outliers_do_not_widen_the_scatter():
    values = 50 + NOISE
    values[::40] = 1e5
    baseline = fitted(values)
    assert baseline.sigma[0] == pytest.approx(1.0, abs=0.15)
    assert baseline.centre[0][0] == pytest.approx(50.0, abs=0.2)


def test_the_noise_of_a_day_counts_its_memory():
    rng = np.random.default_rng(9)
    wander = np.zeros(BASELINE_DAYS)
    for day in range(1, BASELINE_DAYS):
        wander[day] = 0.7 * wander[day - 1] + rng.normal()
    remembered = fitted(np.repeat(wander, 24)[:, None] + NOISE).day_noise[0]
    shuffled = fitted(np.repeat(rng.permutation(wander), 24)[:, None] + NOISE).day_noise[0]
    assert remembered > 1.3 * shuffled
    assert fitted(NOISE).day_noise[0] == pytest.approx(1 / np.sqrt(24), rel=0.5)


def test_hours_a_day_are_the_usual_ones():
    worked = np.tile(np.arange(24) < 8, BASELINE_DAYS)
    assert fitted(NOISE[worked], NO_POINT[worked], DAY[worked]).hours_a_day == 8
