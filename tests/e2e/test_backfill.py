"""History loaded behind live data, in any order, ends in the rows of having lived it."""

import csv
import gzip
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.databases import Server
from tests.e2e.rig import Rig, rig
from tests.e2e.test_replay import CMAPSS, engines, replay, rows_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

CONCLUSIONS = {
    "signals": """
        SELECT customers.external_id, assets.external_id, kind, day, round(value::numeric, 9), expected_at
        FROM signals JOIN customers USING (customer_id) JOIN assets ON scope_id = asset_id WHERE scope_type = 'asset'
    """,
    "customer health": """
        SELECT external_id, day, round(health::numeric, 9), round(coverage::numeric, 9)
        FROM customer_health JOIN customers USING (customer_id)
    """,
    "alerts": """
        SELECT customers.external_id, assets.external_id, kind, pending_since, opened_at, state, resolution, resolved_at
        FROM alerts JOIN customers USING (customer_id) LEFT JOIN assets ON scope_id = asset_id
        WHERE resolution IS DISTINCT FROM 'data_gap'
    """,
}


@pytest.fixture
def a_plant(database_server: Server, tmp_path: Path) -> Iterator[Callable[[str], Rig]]:
    """Rigs by name, each with a database of its own."""
    with ExitStack() as stack:

        def make(name: str) -> Rig:
            directory = tmp_path / name
            directory.mkdir()
            database = database_server.migrated()
            stack.callback(database_server.drop, database)
            plant = stack.enter_context(rig(database_server.url_of(database), directory))
            plant.start("ingest")
            plant.start("health")
            return plant

        yield make


def part(file: Path, name: str, keep: Callable[[int], bool], shuffled: bool = False) -> Path:
    """The rows of some cycles, in a file of their own."""
    rows = [row for row in rows_of(file) if keep(int(row["cycle"]))]
    if shuffled:
        random.Random(3).shuffle(rows)
        # The mapping deals engines out to operators in the order of their first rows.
        rows.sort(key=lambda row: (int(row["cycle"]) % 50 != 7, int(row["unit"]) if int(row["cycle"]) % 50 == 7 else 0))
    path = file.parent / name
    with gzip.open(path, "wt", newline="") as target:
        table = csv.DictWriter(target, rows[0])
        table.writeheader()
        table.writerows(rows)
    return path


def test_history_backfilled_behind_live_data_is_as_if_it_had_been_lived(a_plant, tmp_path):
    whole = engines(tmp_path, units=4)
    samples = sum(len(row) - 2 for row in rows_of(whole))

    lived = a_plant("lived")
    replay(lived, whole, CMAPSS, tmp_path)
    lived.wait_until_stored(samples)
    lived.wait_until_assessed()

    filled = a_plant("filled")
    filled.import_records(tmp_path / "records")
    live = part(whole, "live.csv.gz", lambda cycle: cycle > 100)
    filled.run("replay", str(live), "--mapping", str(CMAPSS))
    filled.wait_until_stored(sum(len(row) - 2 for row in rows_of(live)))
    filled.wait_until_assessed()
    for name, keep in {"late.csv.gz": lambda c: 50 < c <= 100, "early.csv.gz": lambda c: c <= 50}.items():
        history = part(whole, name, keep, shuffled=True)
        filled.run("backfill", str(history), "--mapping", str(CMAPSS))
    filled.wait_until_stored(samples)
    filled.wait_until_assessed()

    for what, query in CONCLUSIONS.items():
        expected = sorted(lived.rows(query), key=repr)
        assert expected, what
        assert sorted(filled.rows(query), key=repr) == expected, what
