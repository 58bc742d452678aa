"""An account in words: the verdict, four figures, value against promise, guarantees, what happened. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from services.api.bodies.accounts import Finding
from services.api.bodies.alerts import Alert
from services.api.bodies.customers import CustomerDetail, Guarantee, HealthChange
from services.api.bodies.value import CustomerValue, SinceStart
from services.api.page import words
from services.api.page.charts import budget_chart, value_chart
from services.api.page.numbers import Chart


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One of the four figures at the top."""

    name: str
    figure: str
    beside: str
    below: str


@dataclass(frozen=True, kw_only=True)
class Happened:
    """One line of the timeline."""

    at: datetime
    what: str
    id: str


def about(customer: CustomerDetail, today: date) -> str:
    """Who they are in one line."""
    machines = sum(site.assets for site in customer.sites)
    parts = [words.title(customer.segment)] if customer.segment else []
    parts += [_many(len(customer.sites), "site"), _many(machines, "machine")]
    ends = [contract.ends_on for contract in customer.contracts if contract.ends_on is not None]
    parts += [f"contract to {words.day(min(ends), today)}"] if ends else []
    return " · ".join(parts)


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def newest_total(value: CustomerValue) -> SinceStart | None:
    """Value of all lines of business since the start, up to the newest month that is over."""
    totals = [row for row in value.since_start if row.line_of_business == "*"]
    return totals[-1] if totals else None


def verdict(customer: CustomerDetail, total: SinceStart | None, alerts: Sequence[Alert]) -> str:
    """In two sentences: what of the promise they get, and what presses most."""
    ratio = None if total is None else total.realized_over_promised
    if ratio is None:
        first = f"No promise on record says what {customer.name} should gain."
    else:
        first = f"{customer.name} gets {words.share(ratio.value)} of the value that it was promised."
    return f"{first} {alerts[0].sentence if alerts else 'Nothing needs a decision.'}"


def strip(
    customer: CustomerDetail,
    total: SinceStart | None,
    change: HealthChange | None,
    improvement: Finding | None,
) -> list[Figure]:
    """Value, health, guarantee, next improvement."""
    return [_value(total), _health(customer, change), _guarantee(customer.guarantees), _improvement(improvement)]


def _value(total: SinceStart | None) -> Figure:
    name = "Value since the start"
    if total is None:
        return Figure(name=name, figure="Not known", beside="", below="no month is over yet")
    ratio = total.realized_over_promised
    of = "no promise on record" if ratio is None else f"{words.share(ratio.value)} of the promise"
    if total.gross is not None:
        span = words.span(total.gross.low, total.gross.high)
        beside = "" if total.promised is None else f"of {words.money(total.promised)}"
        below = " · ".join(part for part in (of, span, words.basis(total.basis)) if part)
        return Figure(name=name, figure=words.money(total.gross), beside=beside, below=below)
    if total.hours_avoided is not None:
        span = words.span(total.hours_avoided.low, total.hours_avoided.high)
        below = f"{span} h, not priced" if span else "not priced"
        return Figure(name=name, figure=words.hours(total.hours_avoided.value), beside="of stops avoided", below=below)
    return Figure(name=name, figure="Not known", beside="", below=total.gross_unknown or "too little data")


def _health(customer: CustomerDetail, change: HealthChange | None) -> Figure:
    day = customer.health
    if day is None or day.health is None:
        below = "nothing assessed yet" if day is None else f"coverage {words.share(day.coverage)}"
        return Figure(name="Health", figure="Not known", beside="", below=below)
    beside = ""
    if change is not None and change.points is not None and change.first_day is not None:
        moved = words.signed(change.points) if abs(change.points) >= 0.5 else "unchanged"
        beside = f"{moved} since {change.first_day:%a} {change.first_day.day} {change.first_day:%b}"
    return Figure(
        name="Health", figure=f"{day.health:.0f}", beside=beside, below=f"coverage {words.share(day.coverage)}"
    )


def _guarantee(guarantees: Sequence[Guarantee]) -> Figure:
    if not guarantees:
        return Figure(name="Guarantee", figure="None", beside="", below="no contract in force names one")
    worst = max(guarantees, key=lambda each: each.breach_probability or 0.0)
    if worst.spent_h is None or worst.budget_h is None:
        return Figure(name="Guarantee", figure="Not known", beside="", below=worst.not_claimed or "")
    risk = worst.breach_probability
    below = "" if risk is None else f"{words.probability(risk)} that it breaks, {words.likelihood(risk)}"
    left = worst.budget_h - worst.spent_h
    return Figure(
        name="Guarantee", figure=words.hours(left), beside=f"of {words.hours(worst.budget_h)} left", below=below
    )


def worth(finding: Finding | None) -> str:
    """What an improvement brings, in its unit."""
    if finding is None or finding.value is None:
        return "Not known"
    sign = words.currency(finding.currency)
    unit = "" if finding.unit is None else f" {finding.unit}"
    return f"+{sign}{words.NBSP if sign else ''}{words.number(finding.value)}{unit}"


def _improvement(finding: Finding | None) -> Figure:
    name = "Next improvement"
    if finding is None or "title" not in finding.evidence:
        return Figure(name=name, figure="Not known", beside="", below="none is found yet")
    return Figure(name=name, figure=worth(finding), beside="", below=str(finding.evidence["title"]))


def value_part(value: CustomerValue, total: SinceStart | None) -> Chart:
    """Value against promise: the sentence, how it is known, the chart and its numbers."""
    head = ["Month", "Realized since the start", "80 % range", "Promised"]
    if total is None:
        return Chart(sentence="Not known yet: no month is over.", svg="", head=head, rows=[])
    rows = [_month(row) for row in value.since_start if row.line_of_business == "*"][-24:]
    ratio = total.realized_over_promised
    if ratio is None:
        sentence = "No promise on record: what they gained is shown by itself."
    else:
        behind = "Behind the promise" if ratio.value < 1 else "Ahead of the promise"
        sentence = f"{behind}: {words.share(ratio.value)} of it came true since the start."
    tags = [f"basis: {words.basis(total.basis)}", f"compared with: {words.plain(total.counterfactual)}"]
    tags.append(f"coverage {words.share(total.coverage)}")
    tags += [f"by {total.author}"] if total.author else []
    return Chart(sentence=sentence, svg=value_chart(value), head=head, rows=rows, tags=tags)


def _month(row: SinceStart) -> tuple[str, str, str, str]:
    month = f"{row.month:%b %Y}"
    promised = "none on record" if row.promised is None else words.money(row.promised)
    if row.gross is not None:
        return month, words.money(row.gross), words.span(row.gross.low, row.gross.high), promised
    if row.hours_avoided is not None:
        hours = row.hours_avoided
        return month, words.hours(hours.value), words.span(hours.low, hours.high), promised
    return month, "not known", "", promised


def guarantee_parts(guarantees: Sequence[Guarantee], course: Sequence[dict[str, Any]], today: date) -> list[Chart]:
    """Each guarantee: its sentence and what is left of its hours.

    course: as judged at the beginning of each day, so that the first day of a window tells of the one before.
    """
    return [_guarantee_part(each, course, today) for each in guarantees]


def _guarantee_part(found: Guarantee, course: Sequence[dict[str, Any]], today: date) -> Chart:
    head = ["Day", "Hours spent", "Of"]
    if found.spent_h is None or found.budget_h is None or found.first_day is None or found.last_day is None:
        told = f"Not known: {found.not_claimed or 'nothing is assessed yet'}."
        return Chart(sentence=told, svg="", head=head, rows=[])
    own = [
        (each["day"], each["spent"], each["budget"])
        for each in course
        if each["contract"] == found.contract and each["day"] > found.first_day and None not in each.values()
    ]
    sentence = (
        f"{words.hours(found.spent_h)} of {words.hours(found.budget_h)} used from {words.day(found.first_day, today)}"
        f" to {words.day(found.last_day, today)}, for {100 * found.guaranteed_availability:g} % availability."
        " Only downtime that we caused counts; time without data is in no sum."
    )
    svg = "" if found.window == "rolling" else budget_chart(own, first=found.first_day, last=found.last_day)
    rows = [(f"{on}", f"{spent:.1f}", f"{budget:.1f}") for on, spent, budget in own[-30:]]
    return Chart(sentence=sentence, svg=svg, head=head, rows=rows)


def timeline(alerts: Sequence[Alert]) -> list[Happened]:
    """When alerts opened and how they ended, the newest first."""
    found = []
    for alert in alerts:
        where = f"{words.title(alert.kind)}, {alert.scope.name}"
        if alert.resolved_at is not None and alert.resolution is not None:
            what = f"{words.title(alert.resolution)}: {where}"
            found.append(Happened(at=alert.resolved_at, what=what, id=str(alert.id)))
        if alert.opened_at is not None:
            found.append(Happened(at=alert.opened_at, what=f"Alert opened: {where}", id=str(alert.id)))
    return sorted(found, key=lambda each: each.at, reverse=True)[:8]


def evidence(alert: Alert) -> list[tuple[str, str]]:
    """What an alert rests on, as names and figures with their units."""
    found: list[tuple[str, dict[str, Any]]] = []
    for name, told in alert.evidence.items():
        if isinstance(told, dict) and "value" in told:
            found.append((words.title(name), told))
        elif isinstance(told, dict):
            found += [(words.title(inner), v) for inner, v in told.items() if isinstance(v, dict) and "value" in v]
    return [(name, _quantity(told)) for name, told in found if told["value"] is not None][:6]


def _quantity(told: dict[str, Any]) -> str:
    value = told["value"]
    shown = f"{value:,.4g}".replace("-", words.MINUS) if isinstance(value, (int, float)) else str(value)
    return f"{shown} {told.get('unit') or ''}".strip()
