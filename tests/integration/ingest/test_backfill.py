"""A backfill passes through ingest's own store, and stops where ingest would."""

import io
from pathlib import Path

from rich.console import Console

from deploy.replay.backfill import backfill

MAPPING = Path(__file__).parents[3] / "deploy/replay/mappings/dcmetro.yaml"


def test_a_backfill_keeps_to_the_limits_that_ingest_has(conn, database_url, tmp_path, monkeypatch):
    monkeypatch.setenv("BELLWETHER_INGEST_SERIES_PER_SOURCE", "1")
    file = tmp_path / "f.csv"
    file.write_text(
        "unit_id,start,end,category\n"
        "A01X01,2013-06-01T00:00:00Z,2013-06-02T00:00:00Z,ON\n"
        "A01X02,2013-06-01T00:00:00Z,2013-06-02T00:00:00Z,ON\n"
    )
    told = io.StringIO()
    backfill(file, MAPPING, database_url, console=Console(file=told, width=200))
    assert "rows were refused" in told.getvalue()
    assert conn.execute("SELECT name FROM series JOIN devices USING (device_id)").fetchall() == [("A01X01",)]
    reasons = conn.execute("SELECT DISTINCT reason LIKE '%1 series of the 1 that it may have%' FROM dead_letters")
    assert reasons.fetchall() == [(True,)]
