"""A backtest for people: the table of kinds, and reliability as bars."""

from collections.abc import Sequence

from rich.bar import Bar
from rich.console import Console
from rich.table import Table

from services.health.backtest.budgets import BudgetReport
from services.health.backtest.replaying import Backtest
from services.health.track_record.record import Record
from services.health.track_record.scores import Calibration
from services.health.track_record.skill import Skill
from shared.printing import columns, print_rows

_HEAD = (
    *("kind", "alerts", "right", "early", "false", "other", "precision", "chance", "shuffled", "recall", "lead", "p10"),
    "skill",
)
_NOTE = (
    "Judged when the horizon is over; early: it came, but later. other: averted, not to be judged, or standing.\n"
    "chance: how often an alert at any moment would have been right; shuffled: precision with other scopes' outcomes.\n"
    "recall: outcomes with an alert in time. "
    "lead: days from the alert to its outcome, median and p10."
)


def print_report(found: Backtest, console: Console) -> None:
    """Print the table and the plots."""
    console.print(f"{found.customers} customers, {found.since:%Y-%m-%d} to {found.until:%Y-%m-%d}, alerts as lived\n")
    print_rows(columns(*_HEAD), _rows(found), console)
    console.print(_NOTE, style="dim")
    _print_budget(found.budget, console)
    for kind, record in found.records.items():
        for told in record.calibration:
            if told.bins:
                _print_reliability(kind, told, console)


def _rows(found: Backtest) -> list[Sequence[str]]:
    stated = [(kind, str(alerts), *[""] * 10, "measured") for kind, alerts in found.stated.items()]
    return [*(_cells(kind, told, found.shuffled[kind]) for kind, told in found.records.items()), *stated]


def _cells(kind: str, told: Record, shuffled: float | None) -> Sequence[str]:
    other = told.averted + told.unjudged + told.standing
    counts = (told.alerts, told.came_true, told.too_early, told.false_alarms, other)
    shares = (told.precision, told.base_rate, shuffled, told.recall)
    leads = (told.lead_median_h, told.lead_p10_h)
    return (f"{kind} {told.horizon_days} d", *map(str, counts), *map(_share, shares), *map(_days, leads), _skill(told))


def _print_budget(told: BudgetReport, console: Console) -> None:
    console.print(
        f"\nNew alerts a week, p95 of the owner with most of {told.owners}, over {told.weeks} weeks: {told.p95:.1f},"
        f" without the cap {told.p95_uncapped:.1f}.\nThe cap held {told.held_back} back for good and"
        f" {told.delayed} for a time. {told.missed} of the first came true ({told.stake_hours:.0f} h"
        + "".join(f", {amount:,.0f} {currency}" for currency, amount in told.money.items())
        + f"); of the others that did, {told.lead_lost_h:.0f} h of lead were lost."
    )


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:.2f}"


def _days(hours: float | None) -> str:
    return "" if hours is None else f"{hours / 24:.0f}"


def _skill(told: Record) -> str:
    if told.skill is Skill.DEMONSTRATED:
        return "demonstrated"
    if told.skill is Skill.NONE:
        return "none"
    return "not known yet" if told.ready_on is None else f"known on {told.ready_on}"


def _print_reliability(kind: str, told: Calibration, console: Console) -> None:
    """One line a bin: what was told, what happened, and both as bars of one scale."""
    scores = f"Brier {told.brier:.3f}" + ("" if told.brier_skill is None else f", skill {told.brier_skill:+.2f}")
    console.print(
        f"\n{kind} within {told.horizon_days} d: {told.forecasts} forecasts, {told.happened} happened, {scores}"
    )
    table = Table(box=None, pad_edge=False)
    for name in ("forecasts", "told", "happened"):
        table.add_column(name, justify="right")
    table.add_column("told above, happened below", width=42)
    for each in told.bins:
        table.add_row(
            str(each.forecasts), f"{each.told:.2f}", f"{each.happened:.2f}", Bar(1, 0, each.told, color="blue")
        )
        table.add_row("", "", "", Bar(1, 0, each.happened, color="green"))
    console.print(table)
