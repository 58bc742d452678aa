"""What `bellwether ingest --check` prints."""

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from services.ingest.checking.finding import Finding
from services.ingest.checking.run import check_all
from services.ingest.settings import IngestSettings
from shared.settings import BrokerSettings, DatabaseSettings, read_settings


def check(*, listen_s: float = 2.0) -> int:
    """Print what was found; return 0 where all is well, else 1. Raises SetupError for settings that cannot be read."""
    findings = check_all(
        read_settings(DatabaseSettings),
        read_settings(BrokerSettings),
        read_settings(IngestSettings),
        listen_s=listen_s,
    )
    problems = sum(not finding.ok for finding in findings)
    console = Console()
    console.print(_table_of(findings))
    console.print(f"{problems} to mend." if problems else "Nothing stands in the way.")
    return 1 if problems else 0


def _table_of(findings: Sequence[Finding]) -> Table:
    table = Table("", "what", "found")
    for finding in findings:
        said = escape(finding.said)
        if finding.remedy is not None:
            said += f"\n[bold]→ {escape(finding.remedy)}[/bold]"
        table.add_row("[green]ok[/green]" if finding.ok else "[red]problem[/red]", escape(finding.what), said)
    return table
