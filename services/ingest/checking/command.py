"""What `bellwether ingest --check` prints."""

import typer

from services.ingest.checking.finding import Finding
from services.ingest.checking.run import check_all
from services.ingest.settings import IngestSettings
from shared.printing import columns, print_rows
from shared.settings import BrokerSettings, DatabaseSettings, read_settings

_COLUMNS = columns("", "what", prose=("found",))


def check(*, listen_s: float = 2.0) -> int:
    """Print what was found; return 0 where all is well, else 1. Raises SetupError for settings that cannot be read."""
    findings = check_all(
        read_settings(DatabaseSettings),
        read_settings(BrokerSettings),
        read_settings(IngestSettings),
        listen_s=listen_s,
    )
    problems = sum(not finding.ok for finding in findings)
    print_rows(_COLUMNS, [_row(finding) for finding in findings])
    typer.echo(f"{problems} to mend." if problems else "Nothing stands in the way.")
    return 1 if problems else 0


def _row(finding: Finding) -> tuple[str, str, str]:
    if finding.remedy is None:
        return "ok", finding.what, finding.said
    return "problem", finding.what, f"{finding.said} → {finding.remedy}"
