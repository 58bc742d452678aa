"""Engines that run to failure: the first alert against the best fixed clock that hindsight could choose.

A cycle is a flight, about one a day, so row k of an engine is read on day k. Nothing is told about failures.
"""

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.bench.signals_cmapss import EARLIEST, LATEST, best_clock, engines, in_time, left_at_first_alert


def report(
    name: str, fleet: list[NDArray[np.float64]], left: NDArray[np.float64], capsys: pytest.CaptureFixture
) -> str:
    early, late = int(np.sum(left > EARLIEST)), int(np.sum(~(left >= LATEST)))
    line = (
        f"{name}: first alert {LATEST} to {EARLIEST} cycles before the end for {in_time(left)} of {len(fleet)} engines"
        f" (early {early}, late or never {late}, median {np.nanmedian(left):.0f}); best fixed clock {best_clock(fleet)}"
    )
    with capsys.disabled():
        print(f"\n{line}")
    return line


def generated_engines(count: int, seed: int) -> list[NDArray[np.float64]]:
    """The twin: lives of 130 to 360 cycles, wear that grows in proportion to itself, most sensors taking part."""
    rng = np.random.default_rng(seed)
    fleet = []
    for _ in range(count):
        life = int(rng.integers(130, 361))
        before_end = np.arange(life)[::-1]
        wear = rng.uniform(5, 9) * np.exp(-before_end / rng.uniform(20, 35))
        part = np.where(np.arange(21) < 14, rng.uniform(0.6, 1.4, size=21) * rng.choice([-1, 1], size=21), 0.0)
        scale, level = 10.0 ** rng.integers(-3, 3, size=21), rng.uniform(1, 9000, size=21)
        sensors = level + scale * (rng.normal(size=(life, 21)) + wear[:, None] * part)
        sensors[:, 18:] = level[18:]
        points = np.column_stack([rng.normal(0, 0.002, size=(life, 2)), np.full(life, 100.0)])
        fleet.append(np.column_stack([points, sensors]))
    return fleet


def test_generated_engines_are_foreseen_and_beat_the_clock(capsys):
    fleet = generated_engines(40, seed=11)
    left = left_at_first_alert(fleet)
    line = report("generated", fleet, left, capsys)
    assert in_time(left) >= 0.9 * len(fleet), line
    assert in_time(left) > best_clock(fleet), line


@pytest.mark.slow
@pytest.mark.needs_shared
@pytest.mark.parametrize(("file", "least", "clock"), [("train_FD001", 90, 83), ("train_FD003", 90, 69)])
def test_engines_are_foreseen_and_beat_the_clock(shared_data, capsys, file, least, clock):
    fleet = engines(shared_data / "cmapss" / f"{file}.csv.gz")
    left = left_at_first_alert(fleet)
    line = report(file, fleet, left, capsys)
    assert best_clock(fleet) == clock
    assert in_time(left) >= least, line


@pytest.mark.slow
@pytest.mark.needs_shared
def test_the_foresight_is_in_the_readings_and_not_in_the_age(shared_data):
    """With its rows in another order an engine has the same age and no trend: no alert in time beyond chance."""
    fleet = engines(shared_data / "cmapss" / "train_FD001.csv.gz")[:40]
    rng = np.random.default_rng(0)
    left = left_at_first_alert([rng.permutation(rows) for rows in fleet])
    assert np.sum(np.isfinite(left)) <= 4


@pytest.mark.slow
@pytest.mark.needs_shared
def test_an_engine_that_flew_longer_before_is_alerted_as_much_later(shared_data):
    """Shifted copies: 40 healthy rows put in front move the alert along, so it follows the wear, not the clock."""
    fleet = engines(shared_data / "cmapss" / "train_FD001.csv.gz")[:40]
    rng = np.random.default_rng(1)
    later = [np.vstack([rows[rng.integers(0, 40, size=40)], rows]) for rows in fleet]
    left = left_at_first_alert(later)
    assert in_time(left) >= 0.9 * len(fleet)
