"""Records and events: what CRM, engineering and the plant say, strict and idempotent.

parse (rows, kinds, engineering: pure) → resolve and compare (differences: pure) → guard, store, reopen (adapters)
"""

from shared.records.discovering import discover
from shared.records.importing import import_directory
from shared.records.purpose import Purpose, fix_purpose
from shared.records.report import Difference, FileReport, ImportReport, report_lines
from shared.records.unassigned import Unassigned, list_unassigned

__all__ = [
    "Difference",
    "FileReport",
    "ImportReport",
    "Purpose",
    "Unassigned",
    "discover",
    "fix_purpose",
    "import_directory",
    "list_unassigned",
    "report_lines",
]
