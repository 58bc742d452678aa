"""`bellwether backfill`: a file's history straight behind live data.

It passes through ingest's own decoder and store, flagged historical, so it counts, repeats and fails exactly as if the
plant had sent it, within the same limits of BELLWETHER_INGEST_*; health then re-assesses what it touches.
"""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import track

from deploy.replay.mapping import load_mapping
from deploy.replay.publisher import topic
from deploy.replay.readings import Reading, read_readings
from services.ingest.decoding.decoder import Decoder
from services.ingest.messages.envelope import Envelope
from services.ingest.settings import IngestSettings
from services.ingest.store.store import Store
from shared.database import connect
from shared.settings import read_settings

_READINGS_A_BATCH = 2_000


def backfill(file: Path, mapping_file: Path, database_url: str, *, console: Console) -> int:
    """Store every sample of the file and return how many were new.

    Raises RecordError for a file that is not what the mapping says, before anything is stored, and StorageError when
    the database goes away; what was stored until then stays, and the same command goes on from it.
    """
    readings = read_readings(file, load_mapping(mapping_file))
    decoder, refused, limits = Decoder(), 0, read_settings(IngestSettings)
    with connect(database_url, application="backfill") as conn:
        store = Store(conn, series_per_source=limits.series_per_source, dead_letters_mb=limits.dead_letters_mb)
        starts = range(0, len(readings), _READINGS_A_BATCH)
        for start in track(starts, description=file.name, console=console):
            received_us = round(datetime.now(UTC).timestamp() * 1e6)
            batch = readings[start : start + _READINGS_A_BATCH]
            written = store.write([decoder.decode(_envelope(reading, received_us)) for reading in batch])
            refused += sum(decoded.reason is not None for decoded in written)
    console.print(f"{store.stored:,} samples stored, {store.repeated:,} were there already")
    if refused:
        console.print(f"{refused:,} rows were refused: bellwether dead-letters list says why")
    return store.stored


def _envelope(reading: Reading, received_us: int) -> Envelope:
    """The message that the plant's gateway would have kept and sent."""
    body = {"timestamp": round(reading.observed_us / 1000), "values": reading.values, "historical": True}
    return Envelope(
        topic=topic(reading),
        payload=msgspec.json.encode(body),
        qos=1,
        retained=False,
        received_us=received_us,
        mid=0,
        connection=0,
    )
