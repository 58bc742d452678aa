"""The command's shell: a read-only connection, a progress bar, and the answer for people or programs."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import track

from services.health.backtest.plot import reliability_plot
from services.health.backtest.replaying import assessed_customers, judged, replayed
from services.health.backtest.report import print_report
from services.health.customer_assessment import AssessmentLimits
from shared.database import connect, storage_errors
from shared.errors import SetupError


def backtest(
    database_url: str,
    since: datetime,
    until: datetime,
    asked: Sequence[str] | None,
    *,
    as_json: bool,
    plot: Path | None = None,
) -> None:
    """Replay, judge and print; progress goes to stderr. plot: where to draw what was told against what happened."""
    if since >= until:
        raise SetupError(f"--from {since:%Y-%m-%d} is not before --to {until:%Y-%m-%d}")
    with storage_errors(), connect(database_url, application="backtest") as conn:
        conn.read_only = True
        customers = assessed_customers(conn, asked)
        if not customers:
            raise SetupError("no customer is assessed in this database yet")
        replays = replayed(conn, customers, until, AssessmentLimits())
        shown = track(replays, "replaying", total=len(customers), console=Console(stderr=True), transient=True)
        found = {customer: said for customer, said in shown if said is not None}
    told = judged(found, customers, since, until)
    if plot is not None:
        plot.write_text(reliability_plot(told))
    if as_json:
        print(msgspec.json.encode(asdict(told)).decode())  # noqa: T201 - the command's answer
    else:
        print_report(told, Console())
