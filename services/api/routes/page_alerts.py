"""Alerts as people look at them and move them on, and how often alerts were right."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.api.access import Service, Serving
from services.api.bodies.alerts import Alert, AlertWithActions
from services.api.bodies.record import TrackRecord
from services.api.page import words
from services.api.page.account import evidence
from services.api.page.accounts import acting_first
from services.api.page.rendering import render
from services.api.queries.alert_actions import PersonsAction, take_action
from services.api.queries.alert_orders import AlertSort
from services.api.queries.alerts import AlertFilters, get_alert, list_alerts
from services.api.queries.assessed import assessed_through
from services.api.queries.record import newest_records
from services.api.routes.visits import PRIVATE, ActingVisitor, Form, Visit, Visitor
from shared.alerts import Acknowledge, Resolution, Resolve, Snooze
from shared.errors import ConflictError, InvalidActionError

router = APIRouter(include_in_schema=False)
_SHOWN = 200
_MORNING = time(7, tzinfo=UTC)
_TABS = (("open", "Open"), ("acknowledged", "Acknowledged"), ("snoozed", "Snoozed"), ("resolved", "Resolved"))
_RESOLUTIONS = (
    (Resolution.MATERIALISED, "It happened"),
    (Resolution.RECOVERED, "It went away"),
    (Resolution.AVERTED, "We averted it"),
    (Resolution.DISMISSED_FALSE, "False alarm"),
    (Resolution.ACCEPTED_RISK, "We accept the risk"),
    (Resolution.DUPLICATE, "The same as another"),
    (Resolution.DATA_GAP, "Data were missing"),
)
_LONGEST = 500


@router.get("/alerts")
def show_alerts(
    serving: Serving,
    visit: Visitor,
    state: Annotated[Literal["open", "acknowledged", "snoozed", "resolved"], Query()] = "open",
) -> Response:
    """Alerts of one state, by what is at stake."""
    now, scope = serving.clock(), visit.key.customers
    snoozed = state == "snoozed"
    sort = AlertSort.NEWEST if state == "resolved" else AlertSort.STAKE
    states = ("acknowledged", "open") if snoozed else (state,)
    with serving.database.reading(scope) as conn:
        filters = AlertFilters(state=states, snoozed=snoozed or state == "resolved")
        found = [Alert(**each) for each in list_alerts(conn, scope, filters, sort=sort, limit=_SHOWN + 1, now=now)]
        through = assessed_through(conn, scope)
    shown = [
        each for each in found[:_SHOWN] if not snoozed or (each.snoozed_until is not None and each.snoozed_until > now)
    ]
    if state != "resolved":
        shown = acting_first(shown)
    content = render(
        "alerts.html",
        here="/alerts",
        assessed_through=through,
        today=(through or now).date(),
        headline=f"{words.counted(len(shown), 'alert')} {'is' if len(shown) == 1 else 'are'} {state}.",
        tabs=_TABS,
        tab=state,
        alerts=shown,
        complete=len(found) <= _SHOWN,
    )
    return HTMLResponse(content, headers=PRIVATE)


@router.get("/alerts/{alert_id}")
def show_alert(serving: Serving, visit: Visitor, alert_id: UUID) -> Response:
    """One alert, what people did to it, and the forms to do something."""
    return _alert_page(serving, visit, alert_id, wrong=None, status=200)


def _alert_page(serving: Service, visit: Visit, alert_id: UUID, *, wrong: str | None, status: int) -> HTMLResponse:
    now = serving.clock()
    with serving.database.reading(visit.key.customers) as conn:
        alert = AlertWithActions(**get_alert(conn, visit.key.customers, alert_id))
    content = render(
        "alert.html",
        here="/alerts",
        assessed_through=alert.assessed_through,
        today=(alert.assessed_through or now).date(),
        alert=alert,
        evidence=evidence,
        snoozed=alert.snoozed_until is not None and alert.snoozed_until > now,
        snoozes=_snoozes(alert, now),
        resolutions=_RESOLUTIONS,
        may_act=visit.may_act,
        wrong=wrong,
    )
    return HTMLResponse(content, status_code=status, headers=PRIVATE)


def _snoozes(alert: Alert, now: datetime) -> list[tuple[str, str]]:
    """Tomorrow, the day before it may happen, next Monday; each at seven, and once."""
    tomorrow = now.date() + timedelta(days=1)
    found = {tomorrow: "Tomorrow"}
    if alert.expected is not None and alert.expected.low is not None:
        before = alert.expected.low.date() - timedelta(days=1)
        if before > tomorrow:
            found[before] = "The day before it may happen"
    found.setdefault(now.date() + timedelta(days=7 - now.weekday()), "Next Monday")
    return [
        (_at_seven(on).isoformat(), f"{name}, {words.instant(_at_seven(on))}") for on, name in sorted(found.items())
    ]


def _at_seven(on: date) -> datetime:
    return datetime.combine(on, _MORNING)


@router.post("/alerts/{alert_id}/acknowledge")
def acknowledge(serving: Serving, visit: ActingVisitor, alert_id: UUID, form: Form) -> Response:
    """Take the alert on."""
    actor = visit.key.name
    return _act(
        serving, visit, alert_id, form, PersonsAction(step=Acknowledge(actor), action="acknowledge", actor=actor)
    )


@router.post("/alerts/{alert_id}/snooze")
def snooze(serving: Serving, visit: ActingVisitor, alert_id: UUID, form: Form) -> Response:
    """Keep the alert out of sight until a moment, and say why."""
    until, reason = _until(form), _words(form)
    if until is None or not reason:
        wrong = "Say until when, and why: nothing was changed."
        return _alert_page(serving, visit, alert_id, wrong=wrong, status=422)
    actor = visit.key.name
    step = Snooze(actor, until, reason)
    action = PersonsAction(step=step, action="snooze", actor=actor, until=until, reason=reason)
    return _act(serving, visit, alert_id, form, action)


def _words(form: dict[str, str]) -> str:
    """The reason, without what cannot be printed."""
    return "".join(letter for letter in form.get("reason", "") if letter.isprintable()).strip()[:_LONGEST]


def _until(form: dict[str, str]) -> datetime | None:
    given = form.get("until", "")
    try:
        if given == "pick":
            return _at_seven(date.fromisoformat(form.get("day", "")))
        at = datetime.fromisoformat(given)
    except ValueError:
        return None
    return at if at.tzinfo is not None else None


@router.post("/alerts/{alert_id}/resolve")
def resolve(serving: Serving, visit: ActingVisitor, alert_id: UUID, form: Form) -> Response:
    """End the episode and say how it ended."""
    reason = _words(form) or None
    if form.get("resolution") not in set(Resolution):
        return _alert_page(serving, visit, alert_id, wrong="Say how it ended: nothing was changed.", status=422)
    step = Resolve(Resolution(form["resolution"]))
    action = PersonsAction(step=step, action="resolve", actor=visit.key.name, reason=reason)
    return _act(serving, visit, alert_id, form, action)


def _act(serving: Service, visit: Visit, alert_id: UUID, form: dict[str, str], action: PersonsAction) -> Response:
    """Move the alert if it is still as the form showed it; back to the account with what was done."""
    seen = form.get("version", "")
    versions = frozenset({int(seen)}) if seen.isascii() and seen.isdigit() and len(seen) < 10 else frozenset()
    try:
        with serving.database.writing(visit.key.customers) as conn:
            take_action(conn, visit.key.customers, alert_id, action=action, versions=versions, now=serving.clock())
            alert = get_alert(conn, visit.key.customers, alert_id)
    except ConflictError:
        wrong = "Somebody changed this alert meanwhile, as you see below. Nothing of yours was changed."
        return _alert_page(serving, visit, alert_id, wrong=wrong, status=412)
    except InvalidActionError as error:
        return _alert_page(serving, visit, alert_id, wrong=f"Nothing was changed: {error}.", status=409)
    return RedirectResponse(f"/customers/{alert['customer']['id']}?done={alert_id}", status_code=303, headers=PRIVATE)


@router.get("/track-record")
def show_record(serving: Serving, visit: Visitor) -> Response:
    """How often alerts of each kind were right, misses beside hits."""
    now = serving.clock()
    with serving.database.reading(visit.key.customers) as conn:
        found = [TrackRecord(**each) for each in newest_records(conn)]
        through = assessed_through(conn, visit.key.customers)
    today = (through or now).date()
    content = render("track_record.html", here="/track-record", assessed_through=through, today=today, records=found)
    return HTMLResponse(content, headers=PRIVATE)
