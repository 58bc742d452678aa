"""What `bellwether ingest --check` prints."""

from pathlib import Path

import typer

from services.ingest.checking.finding import Finding
from services.ingest.checking.run import check_all
from services.ingest.settings import IngestSettings
from shared.printing import columns, print_rows
from shared.settings import BrokerSettings, DatabaseSettings, read_settings

_COLUMNS = columns("", "what", prose=("found",))


def check(
    *,
    database_url: str | None = None,
    broker_url: str | None = None,
    spool_directory: Path | None = None,
    listen_s: float = 2.0,
) -> int:
    """Print what was found; return 0 where all is well, else 1. Raises SetupError for settings that cannot be read.

    What is given stands in the place of what the environment says.
    """
    findings = check_all(
        read_settings(DatabaseSettings, **_given(database_url=database_url)),
        read_settings(BrokerSettings, **_given(broker_url=broker_url)),
        read_settings(IngestSettings, **_given(spool_directory=spool_directory)),
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


def _given(**settings: object) -> dict[str, object]:
    return {name: value for name, value in settings.items() if value is not None}
