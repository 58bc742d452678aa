"""What a new version of a review says otherwise than the one before, in words. Pure."""

from collections.abc import Mapping
from typing import Any

from services.api.review.figures import day_name, hours, money, month_name, net_of, share

Body = Mapping[str, Any]


def what_changed(before: Body, after: Body) -> list[dict[str, str]]:
    """Each figure that differs with what it was and is; nothing where both say the same."""
    old, new = _facts(before), _facts(after)
    names = [*new, *(name for name in old if name not in new)]
    return [
        {"what": name, "before": old.get(name, "not told"), "now": new.get(name, "not told")}
        for name in names
        if old.get(name) != new.get(name)
    ]


def _facts(body: Body) -> dict[str, str]:
    found: dict[str, str] = {}
    for promise in body["promise"]:
        found[f"Promised value a year, {promise['contract']}"] = money(promise["value_a_year"])
        found[f"Promised uptime, {promise['contract']}"] = share(promise["availability"])
        found[f"Guaranteed availability, {promise['contract']}"] = share(promise["guaranteed_availability"])
        found[f"Availability of our equipment, {promise['contract']}"] = share(promise["attributed_availability"])
    found |= _realized("", body["realized"])
    since = body["since_start"]
    found["Value realized since the start"] = money(None if since is None else since["money"])
    found |= {
        name: text
        for business in body["by_business"]
        for name, text in _realized(f", {business['name']}", business).items()
    }
    for month in body["months"]:
        name = month_name(month["month"])
        found[f"Value realized, {name}"] = money(month["money"])
        found[f"Hours of downtime avoided, {name}"] = hours(month["hours_avoided"])
        found[f"Uptime, {name}"] = share(month["uptime"])
    for window in body["windows"]:
        found[f"Guarantee of {window['contract']}, window to {day_name(window['ended_on'])}"] = (
            "kept" if window["kept"] else "not kept"
        )
    for change in body["changes"]:
        found[f"{change['what']}, {day_name(change['on'])}"] = ", ".join(change["where"]) or "told"
    for commitment in body["commitments"]:
        due, kept = commitment["due_on"], commitment["kept_on"]
        state = f"kept {kept}" if kept else "open"
        found[f"Commitment: {commitment['what']}"] = f"due {due or 'without a day'}, {state}"
    for proposal in body["proposals"]:
        state = "agreed" if proposal["agreed"] else "proposed"
        found[f"Proposal: {proposal['what']}"] = (
            f"{state}; {hours(proposal['expected_hours'])}; {money(proposal['expected_money'])}"
        )
    return found


def _realized(of: str, realized: Mapping[str, Any]) -> dict[str, str]:
    return {
        f"Value realized in the period{of}": money(realized["money"]),
        f"Value after maintenance and fees in the period{of}": money(net_of(realized["money"])),
        f"Hours of downtime avoided in the period{of}": hours(realized["hours_avoided"]),
    }
