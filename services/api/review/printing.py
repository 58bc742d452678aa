"""A review as one HTML page for screen and paper: no script, no other file, all text escaped. Pure."""

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import Any

from services.api.review.assembling import in_this_layout
from services.api.review.chart import value_chart
from services.api.review.figures import (
    NOT_KNOWN,
    day_name,
    hours,
    money,
    money_range,
    month_short,
    net_of,
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
    """The whole page; of one review it is always the same. Raises InvalidActionError for a newer release's body."""
    body = in_this_layout(body)
    period = period_name(body["from"], body["to"])
    title = f"Value review, {period}"
    demo = '<p class="note">This is a demonstration: the customer does not exist.</p>' if body["demo"] else ""
    parts = [
        f"<header><p>{escape(body['customer'])}</p><h1>{escape(title)}</h1>"
        f'<p class="quiet">Version {version}, made on {day_name(made_at.date().isoformat())}{_as_of(body)}</p></header>'
        f"{demo}",
        _headline(body),
        _chart(body),
        _section("Promised", _promises(body)),
        _section("Realized", _deducted(body) + _months(body) + _businesses(body)),
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


def _as_of(body: Body) -> str:
    if body["as_of"] is None:
        return ""
    at = datetime.fromisoformat(body["as_of"]).astimezone(UTC)
    return f" from what was known by {day_name(at.date().isoformat())}, {at:%H:%M} UTC"


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
    told = "".join(f"<li>{_promise(p)}</li>" for p in body["promise"])
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
    return f"<ul>{told}{kept}{reached}</ul>"


def _promise(promise: Mapping[str, Any]) -> str:
    figures = [
        f"{money(promise['value_a_year'])} a year" if promise["value_a_year"] is not None else "",
        f"{share(promise['availability'])} uptime" if promise["availability"] is not None else "",
        f"{share(promise['guaranteed_availability'])} availability guaranteed"
        if promise["guaranteed_availability"] is not None
        else "",
    ]
    named = ", ".join(figure for figure in figures if figure) or "no figure promised"
    where = f' <span class="quiet">{escape(promise["written_in"])}</span>' if promise["written_in"] else ""
    since = escape(day_name(promise["since"]))
    return f"<b>{escape(promise['contract'])}</b>, since {since}: {escape(named)}{where}"


def _months_since(since: Mapping[str, Any]) -> str:
    known = since["money_months"]
    if known is None or known == since["months"]:
        return f"{since['months']} months"
    return f"{known} of {since['months']} months, those whose money is known"


def _months(body: Body) -> str:
    with_money = body["realized"]["money"] is not None
    names = ["Month", *(("Value", "Promised") if with_money else ()), "Downtime avoided", "Uptime", "Data"]
    rows = []
    for month in body["months"]:
        told = month["money"]
        promised = None if told is None or told["promised"] is None else told | {"amount": told["promised"]}
        of_money = (_with_range(told), escape(money(promised))) if with_money else ()
        figures = (hours(month["hours_avoided"]), share(month["uptime"]), share(month["coverage"]))
        rows.append((escape(month_short(month["month"])), *of_money, *map(escape, figures)))
    return _table(names, rows, figures=range(1, len(names)))


def _with_range(told: Mapping[str, Any] | None) -> str:
    span = money_range(told)
    return escape(money(told)) + (f"<small>{escape(span)}</small>" if span else "")


def _deducted(body: Body) -> str:
    """What is left after maintenance and fees, and what all came to since the start."""
    told, since = body["realized"]["money"], body["since_start"]
    parts = []
    if told is not None and told["net"] is not None:
        less = [
            f"{money(told | {'amount': told[name]})} of {words}"
            for name, words in (("maintenance", "maintenance"), ("fees", "our fees"))
            if told[name]
        ]
        deducted = f" after {' and '.join(less)}" if less else " after maintenance and fees, of which there were none"
        parts.append(f"<b>{escape(money(net_of(told)))}</b>{escape(deducted)}.")
    if since is not None and since["money"] is not None:
        ratio = since["ratio"]
        words = {"net": "after maintenance and fees", "gross": "before maintenance and fees"}
        of = f", {number(100 * ratio)}\u00a0% of what was promised, {words[since['ratio_of']]}" if ratio else ""
        parts.append(f"Since the start, in {_months_since(since)}: <b>{escape(money(since['money']))}</b>{escape(of)}.")
    return "".join(f"<p>{part}</p>" for part in parts)


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
    elsewhere = proposal["elsewhere"]
    if elsewhere is not None and elsewhere["hours_saved_per_1000"] is not None:
        saved = hours(elsewhere["hours_saved_per_1000"])
        told.append(f"saved {saved} of 1,000 planned at {elsewhere['customers']} others, who are not named")
    if proposal["objective"]:
        told.append(f"serves your goal: {proposal['objective']}")
    return told


def _method(body: Body) -> str:
    realized = body["realized"]
    told = []
    if body["counterfactuals"]:
        told.append(f"Downtime avoided is against {', and '.join(body['counterfactuals'])}.")
    if realized["money"] is not None:
        agreed = realized["money"]["agreed_on"]
        since = f", as it holds since {day_name(agreed)}" if agreed else ""
        told.append(f"Money: {BASES[realized['money']['basis']]}{since}.")
        told.append("Ranges are of 90\u00a0%; that of several months is the sum of theirs, and so rather too wide.")
        if realized["money"]["months"] < realized["months"]:
            known = f"{realized['money']['months']} of {realized['months']} months"
            told.append(f"Value in money is known for {known}; value and promise are both counted over these.")
    else:
        told.append("Value is told in hours: what an hour and a unit are worth is not known for the whole period.")
    told.append(
        "Uptime is the share of planned time with data in which machines were not stopped, whatever the cause."
        " Time without data counts neither as up nor as down."
    )
    if body["as_of"] is not None:
        told.append("Data of the period that arrive later make another version, which says what it changed.")
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
