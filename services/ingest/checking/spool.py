"""The spool's directory: is it there or can it be made, can it be written, is there room up to the bound."""

import os
import shutil
import tempfile

from services.ingest.checking.finding import Finding
from services.ingest.settings import IngestSettings

_WHAT = "spool"
_ELSEWHERE = "set BELLWETHER_INGEST_SPOOL_DIRECTORY to a directory on a local disk that ingest's user can write"


def check_spool(settings: IngestSettings) -> Finding:
    """Tries to write, and leaves nothing behind."""
    directory = settings.spool_directory.absolute()
    there = next(path for path in (directory, *directory.parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(b"\0")
            file.flush()
            os.fsync(file.fileno())
        free = shutil.disk_usage(there).free
    except OSError as exc:
        return Finding(_WHAT, f"{directory} cannot be written: {exc.strerror}", _ELSEWHERE)
    spooled = sum(path.stat().st_size for path in directory.glob("*")) if there == directory else 0
    said = f"{directory}, {_mb(spooled)} used of {settings.spool_limit_mb} MB, {_mb(free)} free"
    if free + spooled < settings.spool_limit_mb * 1_000_000:
        return Finding(_WHAT, said, "make room, or set BELLWETHER_INGEST_SPOOL_LIMIT_MB to what there is")
    return Finding(_WHAT, said)


def _mb(size: int) -> str:
    return f"{size / 1e6:.0f} MB"
