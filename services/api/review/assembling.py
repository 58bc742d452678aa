"""The body of a review, as a JSON object, from stored rows. Pure.

Sums are over whole months. Money is added only where every line of business of a month has it in one currency; a month
without it is told as such, and the promise is counted over the months that have money, so that both speak of the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from services.api.review.plain_words import BASES, counterfactual_in_words, happening
from services.api.review.review_rows import EventRow, HoursRow, ReviewRows, ValueRow
from shared.errors import InvalidActionError
from shared.months import month_number, month_start

LAYOUT = 2
"""What the body looks like: another layout, another number. 2 says `as_of` what instant it is, and of how
many months the money since the start is."""
_MOST_PROPOSALS = 5
_HAPPENINGS = ("software_release", "retrofit", "training", "capability_adopted", "baseline")


def months_of(first: date, last: date) -> list[date]:
    """The first days of the months from `first` through `last`."""
    return [month_start(number) for number in range(month_number(first), month_number(last) + 1)]


def review_body(rows: ReviewRows, *, as_of: datetime) -> dict[str, Any]:
    """All that the review of the period says; None where it is not known. as_of: through when what is stored, was
    assessed; data of the period that come later make another version."""
    months = months_of(rows.first, rows.last)
    months_before = [before for before in _as_many_before(months) if before not in months]
    return {
        "layout": LAYOUT,
        "customer": rows.customer,
        "demo": rows.demo,
        "from": rows.first.isoformat(),
        "to": rows.last.isoformat(),
        "as_of": as_of.isoformat(),
        "promise": _promise(rows),
        "realized": _realized(rows.values, months),
        "since_start": _since_start(rows),
        "before": _realized(rows.values, months_before),
        "by_business": _by_business(rows.values, months),
        "months": [_month(month, rows) for month in months],
        "machines": _machines(rows.hours, months),
        "windows": [
            {"contract": w.contract, "ended_on": w.ended_on.isoformat(), "kept": w.kept}
            for w in sorted(rows.windows, key=lambda w: (w.ended_on, w.contract))
        ],
        "changes": _changes(rows),
        "commitments": _commitments(rows),
        "proposals": _proposals(rows),
        "counterfactuals": sorted(
            {counterfactual_in_words(part) for v in rows.values if v.month in months for part in _parts(v)}
        ),
    }


def in_this_layout(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """A stored body as it would be laid out now: what an older layout did not say is None.

    Raises InvalidActionError for one that a newer release of the product has laid out.
    """
    if body["layout"] > LAYOUT:
        raise InvalidActionError("the review was made by a newer release: print it with that one")
    since = body.get("since_start")
    return {"as_of": None, **body, "since_start": None if since is None else {"money_months": None, **since}}


def _as_many_before(months: Sequence[date]) -> list[date]:
    number = month_number(months[0])
    return [month_start(n) for n in range(number - len(months), number)]


def _parts(value: ValueRow) -> list[str]:
    return [part for part in value.counterfactual.split("+") if part != "none yet"]


def _promise(rows: ReviewRows) -> list[dict[str, Any]]:
    return [
        {
            "contract": p.contract,
            "since": p.starts_on.isoformat(),
            "value_a_year": _amount(p.promised_annual_value, p.currency),
            "availability": p.promised_availability,
            "written_in": p.promise_basis,
            "guaranteed_availability": p.guaranteed_availability,
            "attributed_availability": p.attributed_availability,
        }
        for p in sorted(rows.promises, key=lambda p: p.contract)
    ]


def _amount(amount: float | None, currency: str | None) -> dict[str, Any] | None:
    return None if amount is None or currency is None else {"amount": amount, "currency": currency}


def _realized(values: Iterable[ValueRow], months: Sequence[date]) -> dict[str, Any]:
    """Hours, units and money over the months; money of the months in which all of it is known in one currency."""
    by_month = [[v for v in values if v.month == month] for month in months]
    known = [own for own in by_month if own and all(v.money is not None and v.currency is not None for v in own)]
    currencies = {v.currency for own in known for v in own}
    bases = {v.basis for own in known for v in own}
    money = None
    if known and len(currencies) == 1:
        rows = [v for own in known for v in own]
        money = {
            "amount": _sum(v.money for v in rows),
            "low": _whole([v.money_low for v in rows]),
            "high": _whole([v.money_high for v in rows]),
            "currency": next(iter(currencies)),
            "basis": min(bases, key=list(BASES).index),
            "promised": _whole([v.promised_money for v in rows]),
            "maintenance": _whole([v.maintenance for v in rows]),
            "fees": _whole([v.fees for v in rows]),
            "net": _whole([v.net for v in rows]),
            "agreed_on": _agreed_on(rows),
            "months": len(known),
        }
    hours = [v.hours_avoided for own in by_month for v in own if v.hours_avoided is not None]
    units = [v.good_units_gained for own in by_month for v in own if v.good_units_gained is not None]
    return {
        "months": len(months),
        "hours_avoided": sum(hours) if hours else None,
        "good_units_gained": sum(units) if units else None,
        "money": money,
    }


def _sum(amounts: Iterable[float | None]) -> float:
    return sum(amount for amount in amounts if amount is not None)


def _whole(amounts: Sequence[float | None]) -> float | None:
    """The sum; None where one of them is not known."""
    return None if any(amount is None for amount in amounts) else _sum(amounts)


def _agreed_on(rows: Iterable[ValueRow]) -> str | None:
    """Since when all that the money rests on is agreed with the customer; None where it is not, or nobody said."""
    all_of_them = list(rows)
    days = [v.said_on for v in all_of_them if v.basis == "agreed"]
    known = [day for day in days if day is not None]
    return max(known).isoformat() if known and len(known) == len(all_of_them) else None


def _since_start(rows: ReviewRows) -> dict[str, Any] | None:
    """What all came to since the start, by the end of the period."""
    if not rows.since_start:
        return None
    since = rows.since_start[0]
    return {
        "months": since.months,
        "money_months": since.money_months,
        "hours_avoided": since.hours_avoided,
        "money": _amount(since.money, since.currency),
        "net": _amount(since.net, since.currency),
        "promised": _amount(since.promised_money, since.currency),
        "ratio": since.ratio,
        "ratio_of": since.ratio_of,
    }


def _by_business(values: Sequence[ValueRow], months: Sequence[date]) -> list[dict[str, Any]]:
    """Each line of business by itself, where there is more than one."""
    names = sorted({v.line_of_business for v in values if v.month in months})
    if len(names) < 2:
        return []
    own = {name: [v for v in values if v.line_of_business == name] for name in names}
    return [{"name": name} | _realized(own[name], months) for name in names]


def _month(month: date, rows: ReviewRows) -> dict[str, Any]:
    machines = _machines(rows.hours, [month])
    realized = _realized(rows.values, [month])
    return {
        "month": month.isoformat(),
        "hours_avoided": realized["hours_avoided"],
        "money": realized["money"],
        "uptime": machines["uptime"],
        "coverage": machines["coverage"],
    }


def _machines(hours: Iterable[HoursRow], months: Sequence[date]) -> dict[str, Any]:
    own = [h for h in hours if h.month in months]
    known, planned = sum(h.known_h for h in own), sum(h.planned_h for h in own)
    stopped = {
        "equipment": sum(h.supplier_h for h in own),
        "operation": sum(h.customer_h + h.operator_h for h in own),
        "surroundings": sum(h.external_h for h in own),
        "not_told": sum(h.unknown_h for h in own),
    }
    return {
        "planned_h": planned,
        "coverage": known / planned if planned > 0 else None,
        "uptime": 1 - sum(stopped.values()) / known if known > 0 else None,
        "stopped_h": stopped if known > 0 else None,
    }


def _changes(rows: ReviewRows) -> list[dict[str, Any]]:
    told = [
        {"on": e.at.date().isoformat(), "what": what, "where": e.where}
        for e in rows.events
        if rows.first <= e.at.date() <= rows.last and e.kind in _HAPPENINGS and (what := happening(e)) is not None
    ]
    done = [
        {"on": e.at.date().isoformat(), "what": f"Improvement realized: {e.title}", "where": e.where}
        for e in rows.events
        if rows.first <= e.at.date() <= rows.last and e.kind == "improvement" and e.status == "realized" and e.title
    ]
    new = [
        {"on": on.isoformat(), "what": "Commissioned", "where": name}
        for on, name in rows.commissioned
        if rows.first <= on <= rows.last
    ]
    return _together(sorted([*told, *done, *new], key=lambda c: (c["on"], c["what"], c["where"] or "")))


def _together(changes: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What happened to several machines on one day is one line."""
    found: dict[tuple[str, str], list[str]] = {}
    for change in changes:
        places = found.setdefault((change["on"], change["what"]), [])
        if change["where"] and change["where"] not in places:
            places.append(change["where"])
    return [{"on": on, "what": what, "where": places} for (on, what), places in found.items()]


def _newest(events: Iterable[EventRow], kind: str) -> list[EventRow]:
    """Each thing that is told of as it stands: of every attribute what was said of it last."""
    newest: dict[str, EventRow] = {}
    for event in sorted((e for e in events if e.kind == kind), key=lambda e: e.at):
        key = event.id or f"{event.at}/{event.what}/{event.title}"
        said = {name: told for name, told in vars(event).items() if told is not None}
        newest[key] = replace(newest.get(key, event), **said)
    return sorted(newest.values(), key=lambda e: (e.due_on or "9999", e.at, e.title or ""))


def _commitments(rows: ReviewRows) -> list[dict[str, Any]]:
    """What was open at the end of the period, fell due in it or was kept in it; what was over before is not told."""
    first, last = rows.first.isoformat(), rows.last.isoformat()
    told = [
        (e.what, e.due_on, e.kept_on if e.kept_on is not None and e.kept_on <= last else None)
        for e in _newest(rows.events, "commitment")
        if e.what
    ]
    return [
        {"what": what, "due_on": due, "kept_on": kept}
        for what, due, kept in told
        if kept is None or kept >= first or (due is not None and first <= due <= last)
    ]


def _proposals(rows: ReviewRows) -> list[dict[str, Any]]:
    """Improvements that are proposed or under way, those under way first, then the newest; else what is found next."""
    open_ones = [e for e in _newest(rows.events, "improvement") if e.status in {"proposed", "accepted"} and e.title]
    first = sorted(open_ones, key=lambda e: (e.status != "accepted", -e.at.timestamp()))
    return [
        {
            "what": e.title,
            "agreed": e.status == "accepted",
            "since": e.at.date().isoformat(),
            "where": e.where,
            "objective": e.objective,
            "expected_hours": e.expected_hours,
            "expected_money": _amount(e.expected_money, e.currency),
            "elsewhere": None,
        }
        for e in first[:_MOST_PROPOSALS]
    ] or [
        {
            "what": found.title,
            "agreed": False,
            "since": found.day.isoformat(),
            "where": None,
            "objective": found.objective,
            "expected_hours": found.hours,
            "expected_money": None,
            "elsewhere": None if not found.others else {"customers": found.others, "hours_saved_per_1000": found.saved},
        }
        for found in rows.suggestions
    ]
