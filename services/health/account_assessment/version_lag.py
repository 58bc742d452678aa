"""How far a customer's machines are behind the newest software of their type, and what the updates did that they lack.

Technical lag (Gonzalez-Barahona et al., Open Source Systems 2017): days from when a machine's version was first seen at
any of the supplier's customers to when the newest one was, and versions first seen since. What an update is worth is
what it did here, by difference in differences (`value_assessment/version_effects.py`), where it reached some machines
and not others, and `lag_cost` what being without it costs a year; elsewhere it is not known. Releases count that are
told of machines themselves.
"""

from collections.abc import Iterator, Sequence
from datetime import date

from services.health.account_assessment.account import Account, Finding, FleetVersion, fact
from services.health.account_assessment.lag_cost import lag_cost


def version_lags(account: Account, day: date) -> Iterator[Finding]:
    """Of each type of machine: current or behind, and by how many days the machine that is furthest behind is."""
    installed: dict[int, str] = {}
    for event in account.events_of(day, "software_release"):
        if event.scope_type == "asset" and "version" in event.attributes:
            installed[event.scope_id] = str(event.attributes["version"])
    standing = {a.asset_id for a in account.assets if a.since < day and (a.until is None or a.until >= day)}
    for asset_type in sorted({account.type_of[asset] for asset in installed if asset in account.type_of}):
        known = sorted(v for v in account.fleet_versions if v.asset_type == asset_type and v.first_seen < day)
        own = {a: v for a, v in installed.items() if account.type_of.get(a) == asset_type and a in standing}
        if known and own:
            yield _finding(account, day, asset_type, known, own)


def _finding(
    account: Account, day: date, asset_type: str, known: Sequence[FleetVersion], own: dict[int, str]
) -> Finding:
    seen = {each.version: (place, each.first_seen) for place, each in enumerate(known)}
    newest = known[-1]
    behind = {a: v for a, v in own.items() if v in seen and v != newest.version}
    lags = {a: (newest.first_seen - seen[v][1]).days for a, v in behind.items()}
    releases = {a: len(known) - 1 - seen[v][0] for a, v in behind.items()}
    missed = [each.version for each in known[min((seen[v][0] for v in behind.values()), default=len(known)) + 1 :]]
    told = {u.version: u for u in account.updates if u.asset_type == asset_type and u.as_of < day}
    later = {a: [each.version for each in known[seen[v][0] + 1 :]] for a, v in behind.items()}
    effects = {
        version: {"rate": told[version].rate, "low": told[version].rate_low, "high": told[version].rate_high}
        for version in missed
        if version in told
    }
    text = f"{asset_type}: {newest.version} is the newest version seen, {len(behind)} machines are without it"
    return Finding(
        kind="version_lag",
        subject=asset_type,
        day=day,
        verdict="behind" if behind else "current",
        value=float(max(lags.values(), default=0)),
        unit="d",
        evidence={
            "facts": [fact(text, on=newest.first_seen)],
            "newest": newest.version,
            "machines": [
                {"asset_id": a, "version": v, "days": lags.get(a, 0), "releases": releases.get(a, 0)}
                for a, v in sorted(own.items())
            ],
            "missed": missed,
            "good_rate_of_missed": effects,
            "cost_a_year": lag_cost(account, day, later, told),
        },
    )
