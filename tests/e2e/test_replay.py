"""Real files, replayed as plants would send them, come out as the file says; each test has a generated twin."""

import csv
import gzip
import random
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from tests.e2e.rig import ROOT, Rig, rig

MAPPINGS = ROOT / "deploy" / "replay" / "mappings"
CMAPSS, DCMETRO = MAPPINGS / "cmapss.yaml", MAPPINGS / "dcmetro.yaml"
EXTRACT_ENDS = datetime(2014, 7, 1, tzinfo=UTC)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture
def plant(database_url: str, tmp_path: Path) -> Iterator[Rig]:
    with rig(database_url, tmp_path) as one:
        yield one


def replay(plant: Rig, file: Path, mapping: Path, tmp_path: Path) -> None:
    plant.run("replay-records", str(file), "--mapping", str(mapping), str(tmp_path / "records"))
    plant.import_records(tmp_path / "records")
    plant.run("replay", str(file), "--mapping", str(mapping))


def rows_of(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt") as file:
        return list(csv.DictReader(file))


# --- engines: every sample arrives, and the alert comes in time ---------------------------------------------------


def engines(tmp_path: Path, units: int = 10, seed: int = 7) -> Path:
    """A file of the same shape: engines whose sensors drift ever faster towards failure."""
    rng = np.random.default_rng(seed)
    path = tmp_path / "engines.csv.gz"
    columns = ["unit", "cycle", "set1", "set2", "set3", *(f"s{n}" for n in range(1, 22))]
    gain = np.where(np.arange(21) % 3 == 0, 0.0, rng.choice([-1.0, 1.0], 21) * rng.uniform(3, 7, 21))
    with gzip.open(path, "wt", newline="") as file:
        table = csv.writer(file)
        table.writerow(columns)
        for unit in range(1, units + 1):
            life = int(rng.integers(130, 360))
            for cycle in range(1, life + 1):
                wear = np.exp((cycle - life) / 35)
                sensors = 100 + gain * wear + rng.normal(0, np.where(gain == 0, 0, 1))
                settings = (rng.normal(0, 0.002), rng.normal(0, 0.0003), 100)
                table.writerow([unit, cycle, *(round(x, 5) for x in (*settings, *sensors))])
    return path


def checksums(file: Path) -> dict[tuple[str, str], tuple[int, float]]:
    """Count and sum of every series of the file."""
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for row in rows_of(file):
        for metric, cell in row.items():
            if metric not in {"unit", "cycle"}:
                found[f"engine-{row['unit']}", metric].append(float(cell))
    return {series: (len(values), float(np.sum(values))) for series, values in found.items()}


def assert_every_sample_is_stored_once(plant: Rig, file: Path) -> None:
    stored = {
        (device, metric): (count, total)
        for device, metric, count, total in plant.rows(
            "SELECT name, metric, count(*), sum(value) FROM samples JOIN series USING (series_id)"
            " JOIN devices USING (device_id) GROUP BY name, metric"
        )
    }
    expected = checksums(file)
    assert stored.keys() == expected.keys()
    for series, (count, total) in expected.items():
        assert stored[series][0] == count, series
        assert stored[series][1] == pytest.approx(total, rel=1e-12, abs=1e-6), series


def leads(plant: Rig, file: Path) -> dict[str, int]:
    """Cycles from each engine's first alert to its last row; engines without one are absent."""
    last: dict[str, int] = {}
    for row in rows_of(file):
        last[f"engine-{row['unit']}"] = int(row["cycle"])
    first = plant.rows(
        "SELECT assets.external_id, min(opened_at) FROM alerts JOIN assets ON scope_id = asset_id"
        " WHERE scope_type = 'asset' AND opened_at IS NOT NULL GROUP BY 1"
    )
    origin = datetime(2020, 1, 1, tzinfo=UTC)
    return {engine: last[engine] - (opened - origin) // timedelta(days=1) for engine, opened in first}


def in_time(leads: list[int]) -> int:
    return sum(10 <= lead <= 125 for lead in leads)


def best_clock(file: Path) -> int:
    """Engines in time for the best fixed cycle, chosen in hindsight."""
    lives = defaultdict(int)
    for row in rows_of(file):
        lives[row["unit"]] = max(lives[row["unit"]], int(row["cycle"]))
    return max(in_time([life - at for life in lives.values()]) for at in range(1, max(lives.values())))


def replay_engines(plant: Rig, file: Path, tmp_path: Path) -> tuple[int, int, int]:
    """Engines alerted in time, those of the best clock, and all of them."""
    plant.start("ingest")
    plant.start("health")
    replay(plant, file, CMAPSS, tmp_path)
    plant.wait_until_stored(sum(count for count, _ in checksums(file).values()))
    assert_every_sample_is_stored_once(plant, file)
    plant.wait_until_assessed()
    return in_time(list(leads(plant, file).values())), best_clock(file), len({row["unit"] for row in rows_of(file)})


def test_engines_that_wear_out_are_alerted_in_time(plant, tmp_path):
    file = engines(tmp_path)
    caught, clock, units = replay_engines(plant, file, tmp_path)
    print(f"generated engines: {caught} of {units} alerted 10-125 cycles ahead, best fixed clock {clock}")
    assert caught >= 9
    assert caught > clock


def assert_turbofans_are_alerted(plant: Rig, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    caught, clock, units = replay_engines(plant, file, tmp_path)
    with capsys.disabled():
        print(f"\n{file.name}: {caught} of {units} engines alerted 10-125 cycles ahead; best fixed clock: {clock}")
    assert caught >= 0.9 * units
    assert caught > clock


@pytest.mark.needs_shared
@pytest.mark.long
@pytest.mark.parametrize("name", ["FD001", "FD003"])
def test_all_turbofans_are_alerted_10_to_125_cycles_before_they_fail(plant, shared_data, tmp_path, name, capsys):
    assert_turbofans_are_alerted(plant, shared_data / "cmapss" / f"train_{name}.csv.gz", tmp_path, capsys)


# --- a metro: availability is what the file says ------------------------------------------------------------------


def escalators(tmp_path: Path, seed: int = 11) -> Path:
    """A file of the same shape: six machines at two stations over ten weeks."""
    rng = random.Random(seed)
    path = tmp_path / "events.csv.gz"
    begin = datetime(2014, 4, 20, 13, 7, 21, 475000, tzinfo=UTC)
    with gzip.open(path, "wt", newline="") as file:
        table = csv.writer(file)
        table.writerow(["unit_id", "start", "end", "category"])
        for unit in ("A01E01", "A01E02", "A01E03", "B02E01", "B02E02", "B02E03"):
            at = begin + timedelta(seconds=rng.randrange(86_400))
            while at < EXTRACT_ENDS - timedelta(days=2):
                category = rng.choices(["ON", "BROKEN", "INSPECTION", "OFF", "REHAB"], [60, 25, 10, 4, 1])[0]
                end = at + timedelta(milliseconds=rng.randrange(600_000, 400_000_000))
                table.writerow([unit, at.isoformat(), end.isoformat(), category])
                at = end
            if unit == "A01E01":
                table.writerow([unit, at.isoformat(), "", "ON"])
    return path


def availability_of_file(file: Path) -> tuple[dict[str, float], dict[str, float]]:
    """ON / (ON + BROKEN) by wall clock up to the end of the extract, a machine and a station (sums)."""
    seconds: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for row in rows_of(file):
        end = datetime.fromisoformat(row["end"]) if row["end"] else EXTRACT_ENDS
        lasted = (min(end, EXTRACT_ENDS) - datetime.fromisoformat(row["start"])).total_seconds()
        for scope in (row["unit_id"], row["unit_id"][:3]):
            seconds[scope][row["category"]] += lasted
    shares = {k: s["ON"] / (s["ON"] + s["BROKEN"]) for k, s in seconds.items() if s["ON"] + s["BROKEN"] > 0}
    machines = {k: share for k, share in shares.items() if len(k) > 3}
    return machines, {k: share for k, share in shares.items() if len(k) == 3}


def availability_of_product(plant: Rig, scope: str) -> dict[str, float]:
    query = f"""
        SELECT {scope}, sum(apt_s) / nullif(sum(pbt_s - unknown_s), 0) FROM times_daily
        JOIN assets USING (asset_id) JOIN placements USING (asset_id) JOIN sites USING (site_id)
        WHERE day < %s GROUP BY 1
    """
    return {name: share for name, share in plant.rows(query, EXTRACT_ENDS.date()) if share is not None}


def replay_metro(plant: Rig, file: Path, tmp_path: Path) -> None:
    plant.start("ingest")
    plant.start("health")
    replay(plant, file, DCMETRO, tmp_path)
    plant.wait_until_stored(len(rows_of(file)))
    time.sleep(1)
    plant.wait_until_assessed(within_s=600)
    machines, stations = availability_of_file(file)
    assert availability_of_product(plant, "assets.external_id") == pytest.approx(machines, abs=1e-6)
    found = availability_of_product(plant, "right(sites.external_id, 3)")
    assert found == pytest.approx(stations, abs=1e-6)


def test_availability_of_machines_and_stations_is_that_of_the_file(plant, tmp_path):
    replay_metro(plant, escalators(tmp_path), tmp_path)


@pytest.mark.needs_shared
@pytest.mark.long
def test_availability_of_a_whole_metro_is_that_of_the_file(plant, shared_data, tmp_path):
    replay_metro(plant, shared_data / "dcmetro" / "events.csv.gz", tmp_path)


# --- ingest killed three times ------------------------------------------------------------------------------------


def test_ingest_killed_three_times_during_a_replay_loses_and_doubles_nothing(plant, tmp_path):
    file = engines(tmp_path, units=12)
    total = sum(count for count, _ in checksums(file).values())
    plant.run("replay-records", str(file), "--mapping", str(CMAPSS), str(tmp_path / "records"))
    plant.import_records(tmp_path / "records")
    plant.start("ingest")
    publishing = plant.command("replay", str(file), "--mapping", str(CMAPSS))
    for share in (0.1, 0.35, 0.6):
        plant.wait_until_stored(round(total * share))
        plant.kill("ingest")
        plant.start("ingest")
    output, _ = publishing.communicate(timeout=120)
    assert publishing.returncode == 0, output
    plant.wait_until_stored(total)
    assert_every_sample_is_stored_once(plant, file)
