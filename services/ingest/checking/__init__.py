"""`bellwether ingest --check`: what ingest needs, tried one by one, without disturbing one that runs.

database, spool and broker (each tries its own) → run (in the order in which ingest needs them) → command (prints)
"""

from services.ingest.checking.command import check
from services.ingest.checking.finding import Finding
from services.ingest.checking.run import check_all

__all__ = ["Finding", "check", "check_all"]
