"""A change of customer health as an answer: what health stored of each day, added up and put in words. Pure."""

from collections.abc import Sequence
from datetime import date
from math import isclose
from typing import Any

_TOLD, _LEAST_TOLD = 3, 0.5
_MINUS = "\u2212"
_UNITS = {"downtime": "h", "slowness": "h", "silence": "h", "rejects": "units", "drift": "machine days"}
_MEASURES = {
    "adoption": "use of what was bought",
    "commitments": "commitments kept",
    "survey": "surveys",
    "touchpoints": "touchpoints",
}
_EXCEPTIONS = {"guarantee_broken": "a broken guarantee", "site_dark": "a site that went dark"}
_CAUSES = {"unknown": "unexplained ", None: ""}


def health_change(found: dict[str, Any]) -> dict[str, Any]:
    """The body of a change: parts by the scope and cause that moved it, greatest first; they add up to the points."""
    known = found["before"] is not None and found["after"] is not None
    points = found["after"] - found["before"] if known else None
    told = _merged(found["parts"]) if known else []
    return {
        "first_day": found["first"],
        "last_day": found["last"],
        "health_before": found["before"],
        "health_after": found["after"],
        "points": points,
        "sentence": _sentence(found["first"], points, told),
        "parts": told,
    }


def sentence_of_move(found: dict[str, Any]) -> str | None:
    """What moved health, in words; None where it is not known, or moved by less than half a point."""
    told = health_change(found)
    return None if told["points"] is None or abs(told["points"]) < _LEAST_TOLD else told["sentence"]


def _merged(parts: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """One part for what several measures have of the same: its points add up, its hours are those of one measure."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for part in parts:
        own = part["scope_type"] is None
        key = (part["why"], part["measure"] if own else None, part["scope_type"], part["scope_id"], part["cause"])
        told = found.setdefault(key, {**part, "points": 0.0, "measures": {}})
        told["points"] += part["points"]
        name = part["measure"] or part["why"]
        told["measures"][name] = told["measures"].get(name, 0.0) + part["points"]
        for count in ("amount", "past"):
            told[count] = max((n for n in (told[count], part[count]) if n is not None), default=None)
    ordered = sorted(found.values(), key=lambda part: (part["why"] == "smaller", -abs(part["points"])))
    return [_part(each) for each in ordered if not isclose(each["points"], 0.0, abs_tol=1e-9)]


def _part(told: dict[str, Any]) -> dict[str, Any]:
    scope = None
    if told["scope_type"] is not None:
        scope = {"type": told["scope_type"], "id": told["scope_id"], "name": told["scope_name"] or "(removed)"}
    return {
        "points": told["points"],
        "why": told["why"],
        "scope": scope,
        "line": told["line"],
        "cause": told["cause"],
        "amount": told["amount"],
        "past": told["past"],
        "unit": _UNITS.get(told["why"]),
        "measures": told["measures"],
        "sentence": _words(told),
    }


def _words(part: dict[str, Any]) -> str:
    """What moved health, in words."""
    why, measure = part["why"], str(part["measure"])
    if part["scope_type"] is not None:
        where = part["scope_name"] or "a machine that is gone"
        line = "" if part["line"] is None else f" on {part['line']}"
        return f"{where}{line}: {_amount(part)}"
    told = {
        "exception": _EXCEPTIONS.get(measure, measure),
        "known": f"{'more' if part['points'] > 0 else 'less'} is known of {measure}",
        "known_time": f"the machines' known time, for {measure}",
        "allowance": f"what counts as good for {measure}",
        "weights": "what health is made of",
        "smaller": "smaller changes",
    }
    return told.get(why, _MEASURES.get(measure, measure))


def _amount(part: dict[str, Any]) -> str:
    amount, past, why = part["amount"] or 0.0, part["past"] or 0.0, part["why"]
    cause = _CAUSES.get(part["cause"], f"{part['cause']} ")
    what = {
        "downtime": f"h of {cause}downtime",
        "slowness": "h lost to slow running",
        "silence": "h of silence",
        "rejects": "rejected units",
        "drift": "machine days of drift",
    }[why]
    digits = 0 if why == "rejects" else 1
    came, went = f"{amount:.{digits}f}", f"{past:.{digits}f}"
    if part["points"] > 0:
        return f"{came} {what}, and {went} of before count no more"
    return f"{came} {what}" + (f", {went} before" if past > 0 else "")


def _sentence(first: date | None, points: float | None, told: Sequence[dict[str, Any]]) -> str:
    if points is None or first is None:
        return "Not known: there is no health on one of these days."
    since = f"since {first:%A} {first.day} {first:%B %Y}"
    named = [p for p in told if p["why"] != "smaller" and abs(p["points"]) >= _LEAST_TOLD][:_TOLD]
    why = "; ".join(f"{part['sentence']} ({signed(part['points'])})" for part in named)
    if abs(points) < _LEAST_TOLD:
        return f"Hardly changed {since}{f': {why}' if why else ''}."
    return f"{signed(points)} {since}{f': {why}' if why else ': many small changes'}."


def signed(points: float) -> str:
    """Points with their sign, as people read them; below ten with a decimal."""
    text = f"{abs(points):.{0 if abs(points) >= 10 else 1}f}"
    return f"{_MINUS if points < 0 else '+'}{text}"
