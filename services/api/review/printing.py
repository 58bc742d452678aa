"""A review as one HTML page for screen and paper: no script, no other file, all text escaped. Pure."""

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import Any

from services.api.review.chart import value_chart
from services.api.review.figures import (
    NOT_KNOWN,
    day_name,
    hours,
    money,
    money_range,
    month_name,
    number,
    period_name,
    share,
)
from services.api.review.plain_words import BASES

Body = Mapping[str, Any]
STYLE = files("services.api.review").joinpath("review.css").read_text(encoding="utf-8")
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'"
)
_STOPS = {
    "equipment": "our equipment",
    "operation": "your operation",
    "surroundings": "what comes before and after the machines",
    "not_told": "cause not told",
}


def review_page(body: Body, *, version: int, made_at: datetime, changed: Sequence[Mapping[str, str]]) -> str:
    """The whole page; of one review it is always the same."""
    period = period_name(body["from"], body["to"])
    title = f"Value review, {period}"
    demo = '<p class="note">This is a demonstration: the customer does not exist.</p>' if body["demo"] else ""
    parts = [
        f"<header><p>{escape(body['customer'])}</p><h1>{escape(title)}</h1>"
        f'<p class="quiet">Version {version}, made on {day_name(made_at.date().isoformat())}</p></header>{demo}',
        _headline(body),
        _chart(body),
        _section("Promised", _promises(body)),
        _section("Realized", _months(body) + _businesses(body)),
        _section("Our machines", _machines(body)),
        _section("What changed", _changes(body)),
        _section("What we said we would do", _commitments(body)),
        _section("What we propose", _proposals(body)),
        _section("How this is reckoned", _method(body)),
        _section(f"What is new in version {version}", _new_in_version(changed)),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}, {escape(body['customer'])}</title><style>{STYLE}</style></head>"
        f"<body><main>{''.join(parts)}</main></body></html>"
    )


def _section(title: str, inside: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{inside}</section>" if inside else ""


def _headline(body: Body) -> str:
    realized, machines = body["realized"], body["machines"]
    figures = []
    if realized["money"] is not None:
        figures.append((money(realized["money"]), "value realized", _against(body)))
    before = body["before"]["hours_avoided"]
    then = "" if before is None else f"{hours(before)} in the same time before"
    figures.append((hours(realized["hours_avoided"]), "downtime avoided", then))
    promised = [p["availability"] for p in body["promise"] if p["availability"] is not None]
    figures.append(
        (share(machines["uptime"]), "uptime of planned time", f"{share(max(promised))} promised" if promised else "")
    )
    tiles = "".join(
        f"<div><b>{escape(figure)}</b><span>{escape(name)}</span><small>{escape(more)}</small></div>"
        for figure, name, more in figures
    )
    return f'<section class="tiles">{tiles}</section>'


def _against(body: Body) -> str:
    told = body["realized"]["money"]
    parts = [part for part in (money_range(told),) if part]
    if told["promised"] is not None:
        promise = money({"amount": told["promised"], "currency": told["currency"]})
        of = f", {number(100 * told['amount'] / told['promised'])}\u00a0% of it" if told["promised"] >= 1 else ""
        parts.append(f"{promise} promised{of}")
    return "; ".join(parts)


def _chart(body: Body) -> str:
    drawn = value_chart(body)
    if not drawn:
        return ""
    keys = []
    if body["realized"]["money"] is not None:
        keys.append('<span class="key realized">realized, added up</span>')
        if body["realized"]["money"]["promised"] is not None:
            keys.append('<span class="key promise">promised</span>')
        keys.append('<span class="key range">90\u00a0% range</span>')
    else:
        keys.append('<span class="key realized">hours of downtime avoided</span>')
    series = [month["money" if body["realized"]["money"] else "hours_avoided"] for month in body["months"]]
    if any(value is None for value in series):
        keys.append('<span class="key unknown">not known</span>')
    return f"<figure>{drawn}<figcaption>{''.join(keys)}</figcaption></figure>"


def _promises(body: Body) -> str:
    if not body["promise"]:
        return '<p class="quiet">No contract of the period names a promise.</p>'
    rows = [
        (
            escape(p["contract"]),
            escape(day_name(p["since"])),
            escape(money(p["value_a_year"])),
            escape(share(p["availability"])),
            escape(share(p["guaranteed_availability"]) if p["guaranteed_availability"] is not None else "none"),
            escape(p["written_in"] or ""),
        )
        for p in body["promise"]
    ]
    names = ("Contract", "Since", "Value a year", "Uptime", "Guaranteed availability", "Written in")
    kept = "".join(
        f"<li>Guarantee of {escape(w['contract'])}, window to {escape(day_name(w['ended_on']))}:"
        f" <b>{'kept' if w['kept'] else 'not kept'}</b></li>"
        for w in body["windows"]
    )
    reached = "".join(
        f"<li>Availability of our equipment under {escape(p['contract'])}, in the window to its newest day:"
        f" <b>{escape(share(p['attributed_availability']))}</b> against"
        f" {escape(share(p['guaranteed_availability']))} guaranteed</li>"
        for p in body["promise"]
        if p["attributed_availability"] is not None
    )
    return _table(names, rows, figures=(2, 3, 4)) + (f"<ul>{kept}{reached}</ul>" if kept or reached else "")


def _months(body: Body) -> str:
    with_money = body["realized"]["money"] is not None
    names = ["Month", *(("Value", "Range", "Promised") if with_money else ()), "Downtime avoided", "Uptime", "Data"]
    rows = []
    for month in body["months"]:
        told = month["money"]
        promised = None if told is None or told["promised"] is None else told | {"amount": told["promised"]}
        of_money = (money(told), money_range(told) or "", money(promised)) if with_money else ()
        figures = (*of_money, hours(month["hours_avoided"]), share(month["uptime"]), share(month["coverage"]))
        rows.append((escape(month_name(month["month"])), *map(escape, figures)))
    return _table(names, rows, figures=range(1, len(names)))


def _businesses(body: Body) -> str:
    rows = [
        (
            "No line of business named" if b["name"] == "unassigned" else escape(b["name"]),
            escape(money(b["money"])),
            escape(hours(b["hours_avoided"])),
        )
        for b in body["by_business"]
    ]
    return _table(("Line of business", "Value", "Downtime avoided"), rows, figures=(1, 2)) if rows else ""


def _machines(body: Body) -> str:
    machines = body["machines"]
    if machines["stopped_h"] is None:
        return '<p class="quiet">Nothing is known of the machines in this period.</p>'
    rows = [(escape(_STOPS[name]), escape(hours(value))) for name, value in machines["stopped_h"].items()]
    told = (
        f"<p>{escape(hours(machines['planned_h']))} of machine time were planned, and data exist for"
        f" {escape(share(machines['coverage']))} of them.</p>"
    )
    return told + _table(("Stopped because of", "Machine time"), rows, figures=(1,))


def _changes(body: Body) -> str:
    return _list(
        f"<b>{escape(day_name(c['on']))}</b> {escape(c['what'])}{_at(', '.join(c['where']))}" for c in body["changes"]
    )


def _at(where: str | None) -> str:
    return f' <span class="quiet">{escape(where)}</span>' if where else ""


def _commitments(body: Body) -> str:
    return _list(
        escape(c["what"])
        + (f", due {escape(day_name(c['due_on']))}" if c["due_on"] else "")
        + (f": <b>kept on {escape(day_name(c['kept_on']))}</b>" if c["kept_on"] else ": <b>open</b>")
        for c in body["commitments"]
    )


def _proposals(body: Body) -> str:
    return _list(
        f"<b>{escape(p['what'])}</b>{_at(p['where'])}<br>{escape('; '.join(_of_proposal(p)))}"
        for p in body["proposals"]
    )


def _of_proposal(proposal: Mapping[str, Any]) -> list[str]:
    state = "under way, agreed on" if proposal["agreed"] else "proposed on"
    told = [f"{state} {day_name(proposal['since'])}"]
    if proposal["expected_hours"] is not None:
        told.append(f"expected: {hours(proposal['expected_hours'])} a year")
    if proposal["expected_money"] is not None:
        told.append(f"expected: {money(proposal['expected_money'])} a year")
    if proposal["objective"]:
        told.append(f"serves your goal: {proposal['objective']}")
    return told


def _method(body: Body) -> str:
    realized = body["realized"]
    told = []
    if body["counterfactuals"]:
        told.append(f"Downtime avoided is against {', and '.join(body['counterfactuals'])}.")
    if realized["money"] is not None:
        told.append(f"Money: {BASES[realized['money']['basis']]}. The range is that of 90\u00a0%.")
        if realized["money"]["months"] < realized["months"]:
            known = f"{realized['money']['months']} of {realized['months']} months"
            told.append(f"Value in money is known for {known}; value and promise are both counted over these.")
    else:
        told.append("Value is told in hours: what an hour and a unit are worth is not known for the whole period.")
    told.append(
        "Uptime is the share of planned time with data in which machines were not stopped, whatever the cause."
        " Time without data counts neither as up nor as down."
    )
    return _list(map(escape, told))


def _new_in_version(changed: Sequence[Mapping[str, str]]) -> str:
    rows = [(escape(c["what"]), escape(c["before"]), escape(c["now"])) for c in changed]
    return _table(("Figure", "Before", "Now"), rows, figures=()) if rows else ""


def _list(items: Iterable[str]) -> str:
    told = "".join(f"<li>{item}</li>" for item in items)
    return f"<ul>{told}</ul>" if told else ""


def _table(names: Sequence[str], rows: Iterable[Sequence[str]], *, figures: Iterable[int]) -> str:
    """Names over rows of escaped text; columns of figures stand to the right."""
    right = set(figures)
    kinds = [' class="figure"' if place in right else "" for place in range(len(names))]
    head = "".join(f'<th scope="col"{kind}>{escape(name)}</th>' for name, kind in zip(names, kinds, strict=True))
    lines = "".join(
        "<tr>" + "".join(f"<td{kind}>{text or NOT_KNOWN}</td>" for text, kind in zip(row, kinds, strict=True)) + "</tr>"
        for row in rows
    )
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>'
