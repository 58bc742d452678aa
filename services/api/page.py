"""The page as text: pure functions from bodies to HTML. People read *account* where code says customer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from html import escape

from services.api.bodies.alerts import Alert
from services.api.bodies.customers import Customer
from services.api.bodies.lists import MoneyRange
from services.api.bodies.record import Skill

_TIERS = {"act": "▲ Act", "watch": "◆ Watch"}
_RECORDS = {
    Skill.DEMONSTRATED: "this kind has foretold better than chance here",
    Skill.NONE: "this kind has foretold no better than chance here",
    Skill.NOT_KNOWN_YET: "not known yet how well this kind foretells here",
    None: "states what was measured",
}
_NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve")


@dataclass(frozen=True, kw_only=True)
class Overview:
    """What the page shows: accounts with their live alerts, and how far all of it is assessed.

    moved: what moved an account's health in its newest seven days, by customer.
    """

    customers: Sequence[Customer]
    alerts: Sequence[Alert]
    moved: Mapping[int, str]
    assessed_through: datetime | None
    complete: bool
    demo: bool


UNKNOWN_KEY = "That key is unknown, revoked or expired."
MAY_NOT_READ = "That key may not read; use one with the scope read."


def sign_in_page(*, wrong: str | None, demo: bool) -> str:
    """One field for the key, and what was wrong with the one before."""
    told = "" if wrong is None else f'<p class="wrong" id="wrong" role="alert">{wrong}</p>'
    described = "" if wrong is None else ' aria-describedby="wrong" aria-invalid="true"'
    where = "<p>In the demo the key is printed at the start and kept in <code>.bellwether/api-key</code>.</p>"
    return _document(
        "Sign in",
        '<div class="panel"><h1>Sign in</h1>'
        f'{told}<form method="post" action="/sign-in"><label for="key">API key</label>'
        f'<input id="key" name="key" type="password" autocomplete="current-password" required{described}>'
        f"<button>Sign in</button></form>{where if demo else ''}</div>",
    )


def unavailable_page() -> str:
    """What to know while nothing can be shown."""
    return _document(
        "Not available",
        '<div class="panel"><h1>Bellwether cannot reach its database just now</h1>'
        "<p>Load this page again in a minute.</p>"
        "<p>If it stays so, tell whoever runs Bellwether; the log of the API says why.</p></div>",
    )


def overview_page(overview: Overview, *, url: str) -> str:
    """Accounts that need a decision first, then the quiet ones, then those that cannot be judged."""
    by_customer: dict[int, list[Alert]] = {}
    for alert in overview.alerts:
        by_customer.setdefault(alert.customer.id, []).append(alert)
    ordered = sorted(overview.customers, key=lambda c: _rank(c, by_customer.get(c.id, [])))
    accounts = "".join(_account(customer, by_customer.get(customer.id, []), overview) for customer in ordered)
    more = "" if overview.complete else '<p class="quiet">Only the first are shown here; the API has all of them.</p>'
    header = (
        f'<span class="quiet">Assessed through {_instant(overview.assessed_through)}</span>'
        '<form method="post" action="/sign-out"><button class="plain">Sign out</button></form>'
    )
    demo = '<p class="quiet">This is a demonstration: none of these accounts exists.</p>' if overview.demo else ""
    body = f"<h1>{_headline(overview)}</h1>{demo}{accounts}{more}{_how_to_call(url)}"
    return _document("Accounts", body, header=header)


def _headline(overview: Overview) -> str:
    pressing = {alert.customer.id for alert in overview.alerts if alert.tier == "act"}
    dates = [a.expected.at for a in overview.alerts if a.tier == "act" and a.expected is not None]
    if not overview.customers:
        return "No account is known yet."
    count = _NUMBERS[len(pressing)] if len(pressing) < len(_NUMBERS) else str(len(pressing))
    if not overview.complete and not pressing:
        return "No account shown here needs a decision."
    if not overview.complete:
        count = f"At least {count.lower()}"
    sentence = f"{count} account{'' if len(pressing) == 1 else 's'} need{'s' if len(pressing) == 1 else ''} a decision."
    if not dates:
        return sentence
    first, through = min(dates), overview.assessed_through
    if through is not None and first.date() < through.date():
        return f"{sentence} The first date, {_day(first)}, has passed."
    return f"{sentence} The first date is {_day(first)}."


def _rank(customer: Customer, alerts: Sequence[Alert]) -> tuple[int, float, int]:
    dates = [alert.expected.at.timestamp() for alert in alerts if alert.tier == "act" and alert.expected is not None]
    if any(alert.tier == "act" for alert in alerts):
        group = 0
    elif alerts:
        group = 1
    else:
        group = 2 if customer.health is not None and customer.health.health is not None else 3
    return group, min(dates, default=float("inf")), customer.id


def _account(customer: Customer, alerts: Sequence[Alert], overview: Overview) -> str:
    first = sorted(alerts, key=lambda a: (a.tier != "act", a.expected is None, a.expected and a.expected.at))
    shown, folded = first[:3], first[3:]
    rest = f"<details><summary>{len(folded)} more</summary>{''.join(map(_alert, folded))}</details>" if folded else ""
    quiet = '<p class="quiet">Nothing open, but for what is snoozed.</p>' if not alerts else ""
    late = ""
    if customer.assessed_through != overview.assessed_through:
        late = f'<p class="quiet">Assessed through {_instant(customer.assessed_through)}.</p>'
    demo = ' <span class="label">demo</span>' if customer.demo else ""
    told = overview.moved.get(customer.id)
    moved = "" if told is None else f'<p class="quiet">Health {escape(told)}</p>'
    heading = f"account-{customer.id}"
    return (
        f'<section class="account" aria-labelledby="{heading}"><div class="top">'
        f'<h2 id="{heading}">{escape(customer.name)}</h2>{demo}'
        f'<span class="quiet">{escape(customer.segment or "")}</span>'
        f'<span class="health">{_health(customer)}</span></div>'
        f"{late}{moved}{quiet}{''.join(map(_alert, shown))}{rest}</section>"
    )


def _health(customer: Customer) -> str:
    day = customer.health
    if day is None:
        return 'Health <b>not known</b> <span class="quiet">nothing assessed yet</span>'
    coverage = f'<span class="quiet">coverage {_share(day.coverage)}, {_day(day.day)}</span>'
    if day.health is None:
        return f"Health <b>not known</b> {coverage}"
    return f"Health <b>{day.health:.0f}</b> {coverage}"


def _alert(alert: Alert) -> str:
    since = "" if alert.opened_at is None else f" since {_day(alert.opened_at)}"
    facts = [
        ("When", _when(alert)),
        ("At stake", _stake(alert)),
        ("How sure", "not estimated" if alert.confidence is None else _share(alert.confidence)),
        ("Record", _RECORDS[alert.skill]),
        ("Do", escape(alert.play)),
        ("Owner", escape(alert.owner_role.replace("_", " "))),
    ]
    scope = "" if alert.scope.type == "customer" else f" · {escape(alert.scope.name)}"
    rows = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in facts)
    return (
        f'<article class="alert {alert.tier}"><span class="tier">{_TIERS[alert.tier]}</span> '
        f'<span class="quiet">{alert.state}{since}{scope}</span>'
        f"<h3>{escape(alert.sentence)}</h3><dl>{rows}</dl></article>"
    )


def _when(alert: Alert) -> str:
    if alert.expected is None:
        # An act without a date is about what is so already.
        return f"already, since {_day(alert.pending_since)}" if alert.tier == "act" else "not known yet"
    at, low, high = alert.expected.at, alert.expected.low, alert.expected.high
    if alert.assessed_through is not None and at.date() < alert.assessed_through.date():
        return f"<b>{_day(at)}</b>, which has passed"
    span = "" if low is None or high is None else f" (80\u00a0% range {_day(low)} to {_day(high)})"
    return f"<b>{_day(at)}</b>{span}"


def _stake(alert: Alert) -> str:
    stake = alert.stake
    parts = []
    if stake.money is not None:
        parts.append(_money(stake.money))
    if stake.contract_value is not None:
        parts.append(f"contract value {escape(stake.contract_value.currency or '')} {stake.contract_value.amount:,.0f}")
    if stake.hours is not None:
        parts.append(f"{stake.hours:,.1f} hours")
    return " · ".join(parts) if parts else "not known"


def _money(money: MoneyRange) -> str:
    span = "" if money.low is None or money.high is None else f" ({money.low:,.0f} to {money.high:,.0f})"
    basis = f'<span class="label">basis: {escape(money.basis)}</span>'
    return f"{escape(money.currency or '')} {money.amount:,.0f}{span} {basis}"


def _share(share: float) -> str:
    return f"{100 * share:.0f}\u00a0%"


def _how_to_call(url: str) -> str:
    root = escape(url.rstrip("/"))
    calls = (
        f"curl -H \"Authorization: Bearer $KEY\" '{root}/v1/alerts?tier=act'\n"
        f"curl -H \"Authorization: Bearer $KEY\" '{root}/v1/changes'"
    )
    return (
        '<section class="panel" aria-labelledby="api"><h2 id="api">The same from a program</h2>'
        f'<pre tabindex="0">{calls}</pre><p class="quiet"><a href="/openapi.json">OpenAPI document</a>. '
        "Follow <code>next</code> of /v1/changes to miss nothing.</p></section>"
    )


def _instant(at: datetime | None) -> str:
    if at is None:
        return "nothing yet"
    return f'<time datetime="{at.isoformat()}">{at:%a} {_day(at)}, {at:%H:%M} UTC</time>'


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def _document(title: str, body: str, *, header: str = "") -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title} · Bellwether</title>"
        '<link rel="stylesheet" href="/page.css"></head>'
        f'<body><header><span class="brand">Bellwether</span>{header}</header><main>{body}</main></body></html>'
    )
