"""How far each plant has come, kept in the state directory: what makes a plant one with store-and-forward."""

import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Everything before `through_s` (Unix seconds) is published and confirmed; `bd_seq` is of the last connection."""

    through_s: int
    bd_seq: int


def load(directory: Path, plant_id: str) -> Progress | None:
    """The plant's progress; None when it has never published."""
    try:
        return msgspec.json.decode((directory / f"{plant_id}.json").read_bytes(), type=Progress)
    except FileNotFoundError:
        return None


def save(directory: Path, plant_id: str, progress: Progress) -> None:
    """Keep the plant's progress: the whole file or the one before, never half."""
    _write(directory / f"{plant_id}.json", msgspec.json.encode(asdict(progress)))


def first_started_at(directory: Path, now: datetime) -> datetime:
    """When the demo in this directory first started, which its stories are dated by; `now` on the first call."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "started-at"
    if not path.exists():
        _write(path, now.astimezone(UTC).replace(microsecond=0).isoformat().encode())
    return datetime.fromisoformat(path.read_text().strip())


def _write(path: Path, content: bytes) -> None:
    beside = path.with_suffix(".new")
    beside.write_bytes(content)
    os.replace(beside, path)
