"""An account and its machines, as people look at them."""

from datetime import date, datetime, timedelta
from typing import Annotated
from uuid import UUID

import psycopg
from fastapi import APIRouter, Query
from starlette.responses import HTMLResponse, Response

from services.api.access import Serving
from services.api.bodies.accounts import Finding
from services.api.bodies.alerts import Alert, AlertWithActions
from services.api.bodies.assets import AssetDetail
from services.api.bodies.customers import CustomerDetail, HealthChange
from services.api.bodies.lists import DatabaseId
from services.api.bodies.stops import Stop
from services.api.bodies.value import CustomerValue
from services.api.health_changes import health_change
from services.api.page import account, words
from services.api.page.accounts import acting_first
from services.api.page.health import health_part
from services.api.page.machines import finding_chart, machine_row
from services.api.page.numbers import Chart
from services.api.page.rendering import render
from services.api.queries.accounts import get_account
from services.api.queries.alert_orders import AlertSort
from services.api.queries.alerts import AlertFilters, get_alert, list_alerts
from services.api.queries.assets import get_asset
from services.api.queries.customers import get_customer, list_assets
from services.api.queries.health_changes import moved_between
from services.api.queries.overviews import budget_course
from services.api.queries.stops import StopFilters, list_stops
from services.api.queries.value import get_value
from services.api.routes.visits import PRIVATE, Visitor
from shared.errors import NotFoundError

router = APIRouter(include_in_schema=False)
_MACHINES, _ALERTS, _DAYS = 12, 50, 180
_LIVE, _EVER = ("acknowledged", "open"), ("acknowledged", "open", "resolved")
_QUESTIONS = (
    ("Will you have our backs?", "question_backs"),
    ("Will you keep us competitive?", "question_competitive"),
)


def show_numbers(chart: Chart) -> str:
    """The table under a chart."""
    return render("numbers.html", head=chart.head, rows=chart.rows) if chart.rows else ""


def what_was_done(conn: psycopg.Connection, customers: list[int] | None, alert_id: UUID | None) -> str:
    """The last thing that a person did to an alert, in words; empty without one."""
    if alert_id is None:
        return ""
    alert = AlertWithActions(**get_alert(conn, customers, alert_id))
    if not alert.actions:
        return ""
    last = alert.actions[-1]
    until = f" until {words.instant(last.until)}" if last.until is not None else ""
    said = {"acknowledge": "Acknowledged", "snooze": "Snoozed", "resolve": "Resolved"}.get(last.action, last.action)
    return f"{said}{until}: {alert.sentence}"


@router.get("/customers/{customer_id}")
def show_account(
    serving: Serving, visit: Visitor, customer_id: DatabaseId, done: Annotated[UUID | None, Query()] = None
) -> Response:
    """How an account is, what will happen, and what to do."""
    now, scope = serving.clock(), visit.key.customers
    with serving.database.reading(scope) as conn:
        customer = CustomerDetail(**get_customer(conn, scope, customer_id, now=now))
        today = (customer.assessed_through or now).date()
        value = CustomerValue(**get_value(conn, scope, customer_id, months=240, now=now))
        findings = [Finding(**each) for each in get_account(conn, scope, customer_id)["findings"]]
        ever = _alerts(
            conn, scope, AlertFilters(state=_EVER, customer=customer_id, snoozed=True), AlertSort.NEWEST, now
        )
        alerts = _alerts(conn, scope, AlertFilters(state=_LIVE, customer=customer_id), AlertSort.STAKE, now)
        change = _change(conn, customer)
        assets = list_assets(conn, scope, customer_id, after=0, limit=_MACHINES, now=now)
        machines = [
            AssetDetail(**get_asset(conn, scope, e["id"], days=_DAYS, per="failures", today=now.date())) for e in assets
        ]
        course = budget_course(conn, customer_id, today - timedelta(days=400))
        told = what_was_done(conn, scope, done)
    snoozed = [
        each for each in ever if each.snoozed_until is not None and each.snoozed_until > now and each.state in _LIVE
    ]
    alerts = acting_first(alerts)
    improvement = next((each for each in findings if each.kind == "next_improvement"), None)
    total = account.newest_total(value)
    by_id = {each.id: each for each in machines}
    content = render(
        "account.html",
        here="/",
        assessed_through=customer.assessed_through,
        today=today,
        customer=customer,
        about=account.about(customer, today),
        verdict=account.verdict(customer, total, alerts),
        done=told,
        strip=account.strip(customer, total, change, improvement),
        alerts=[(each, _evidence(each, by_id, today)) for each in alerts],
        snoozed=snoozed,
        may_act=visit.may_act,
        evidence=account.evidence,
        numbers=show_numbers,
        improvement=improvement,
        worth=account.worth(improvement),
        questions=[(asked, next((f for f in findings if f.kind == kind), None)) for asked, kind in _QUESTIONS],
        timeline=account.timeline(ever),
        value=account.value_part(value, total),
        health=health_part(customer.health, change),
        guarantees=account.guarantee_parts(customer.guarantees, course, today),
        machines=[machine_row(each, alerts) for each in machines],
        machine_count=sum(site.assets for site in customer.sites),
    )
    return HTMLResponse(content, headers=PRIVATE)


def _alerts(
    conn: psycopg.Connection, scope: list[int] | None, filters: AlertFilters, sort: AlertSort, now: datetime
) -> list[Alert]:
    found = list_alerts(conn, scope, filters, sort=sort, limit=_ALERTS, now=now)
    return [Alert(**each) for each in found]


def _change(conn: psycopg.Connection, customer: CustomerDetail) -> HealthChange | None:
    found = moved_between(conn, [customer.id], first=None, last=None)
    if not found:
        return None
    return HealthChange(**health_change(found[0]), assessed_through=customer.assessed_through)


def _evidence(alert: Alert, machines: dict[int, AssetDetail], today: date) -> Chart | None:
    if alert.scope.type != "asset" or alert.scope.id not in machines:
        return None
    return finding_chart(machines[alert.scope.id], alert, today)


@router.get("/customers/{customer_id}/assets/{asset_id}")
def show_machine(serving: Serving, visit: Visitor, customer_id: DatabaseId, asset_id: DatabaseId) -> Response:
    """How a machine runs and wears, and why it stopped."""
    now, scope = serving.clock(), visit.key.customers
    with serving.database.reading(scope) as conn:
        asset = AssetDetail(**get_asset(conn, scope, asset_id, days=_DAYS, per="failures", today=now.date()))
        if asset.customer is None or asset.customer.id != customer_id:
            raise NotFoundError(f"no machine {asset_id}")
        found, _ = list_stops(
            conn,
            scope,
            asset_id,
            StopFilters(first=None, last=None, cause=None),
            before=None,
            limit=20,
            today=now.date(),
        )
    today = (asset.assessed_through or now).date()
    content = render(
        "machine.html",
        here="/",
        assessed_through=asset.assessed_through,
        today=today,
        asset=asset,
        verdict=_machine_verdict(asset),
        figures=_machine_figures(asset),
        chart=finding_chart(asset, None, today),
        stops=[Stop(**each) for each in found],
        numbers=show_numbers,
    )
    return HTMLResponse(content, headers=PRIVATE)


def _machine_verdict(asset: AssetDetail) -> str:
    if asset.state is None:
        return f"Whether {asset.name} runs is not known: it has never told."
    cause = "" if asset.state.cause is None else f", cause: {words.plain(asset.state.cause)}"
    return f"{asset.name}: {words.plain(asset.state.state)} since {words.instant(asset.state.since)}{cause}."


def _machine_figures(asset: AssetDetail) -> list[tuple[str, str, str]]:
    kpis = asset.kpis

    def share(name: str, value: float | None) -> tuple[str, str, str]:
        return name, "Not known" if value is None else f"{100 * value:.1f}{words.NBSP}%", f"last {kpis.days} days"

    failures = "Not known" if kpis.failures is None else str(kpis.failures)
    between = "" if kpis.mtbf_h is None else f"{words.hours(kpis.mtbf_h)} of run time between them"
    return [
        share("Availability", kpis.availability),
        share("Without a stop of ours", kpis.attributed_availability),
        ("Failures", failures, between),
        share("Coverage", kpis.coverage),
    ]
