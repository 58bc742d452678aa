"""Plays keep score: what acting on an alert brought, against alerts of the kind that nobody acted on. Pure.

An episode's figure is what stopped time fell by, in hours a 1,000 known hours, from the three whole months before the
month in which the alert opened to the three after it. Both groups fall back from a bad time to their usual one, so
that is in neither's favour. Groups are compared within a type of machine; the types' differences are weighted by how
often was acted (the effect on the treated), with Welch's variances:

    effect = sum n_t x (mean acted - mean left alone) / sum n_t,  n_t: acted episodes of type t
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import sqrt

from services.health.account_assessment.account import Account, AccountAlert, Finding, PlayScore, midnight
from services.health.account_assessment.calendar_months import first_of_month, months_after
from services.health.account_assessment.improvement_life import scope_assets
from services.health.account_assessment.kpi_months import Z90, stopped_share

WATCHED = 3
ACTED_WITHIN = timedelta(days=30)
LEAST_EPISODES = 5
EVERY_TYPE = "*"


def plays(account: Account, day: date) -> Iterator[Finding]:
    """Of each kind of alert the episodes that are over by `day`, by type of machine: what came after acting, and after
    letting it be. Score is kept over the fleet; these are what goes into it."""
    told: dict[str, dict[str, dict[str, list[float]]]] = {}
    for alert in account.alerts:
        group = _group(alert, day)
        change = None if group is None else _change(account, alert, day)
        if group is None or change is None:
            continue
        kind = account.type_of.get(alert.scope_id, EVERY_TYPE) if alert.scope_type == "asset" else EVERY_TYPE
        by_group = told.setdefault(alert.kind, {}).setdefault(kind, {"acted": [], "left_alone": []})
        by_group[group].append(change)
    for play in sorted(told):
        acted = sum(len(groups["acted"]) for groups in told[play].values())
        yield Finding(
            kind="play",
            subject=play,
            day=day,
            verdict="acted" if acted else "left_alone",
            value=float(acted),
            unit="episodes acted on",
            evidence={"changes": told[play]},
        )


def _group(alert: AccountAlert, day: date) -> str | None:
    """Whether somebody acted in time to matter; None for who acted too late to be either."""
    if alert.acted_at is None or alert.acted_at >= midnight(day):
        return "left_alone"
    return "acted" if alert.acted_at <= alert.opened_at + ACTED_WITHIN else None


def _change(account: Account, alert: AccountAlert, day: date) -> float | None:
    opened = first_of_month(alert.opened_at.date())
    if months_after(opened, WATCHED + 1) > day:
        return None
    machines = scope_assets(alert.scope_type, alert.scope_id)
    before, after = (
        stopped_share(account, [months_after(opened, n) for n in months], machines)
        for months in (range(-WATCHED, 0), range(1, WATCHED + 1))
    )
    return None if before is None or after is None else 1000 * (before.value - after.value)


Changes = Mapping[str, Mapping[str, Sequence[float]]]
"""Type of machine to group to the changes of its episodes."""


@dataclass(frozen=True, kw_only=True)
class _Stratum:
    acted: list[float]
    left_alone: list[float]

    @property
    def difference(self) -> float:
        return _mean(self.acted) - _mean(self.left_alone)

    @property
    def variance(self) -> float:
        return _variance(self.acted) / len(self.acted) + _variance(self.left_alone) / len(self.left_alone)


def score(play: str, as_of: date, told: Iterable[tuple[int, Changes]]) -> PlayScore:
    """One play over all customers, from (customer, changes) of each."""
    strata: dict[str, _Stratum] = {}
    whose: dict[str, set[int]] = {}
    for customer, by_type in told:
        for kind, groups in by_type.items():
            own = strata.setdefault(kind, _Stratum(acted=[], left_alone=[]))
            own.acted.extend(groups["acted"])
            own.left_alone.extend(groups["left_alone"])
            if groups["acted"]:
                whose.setdefault(kind, set()).add(customer)
    used = {kind: s for kind, s in strata.items() if len(s.acted) > 1 and len(s.left_alone) > 1}
    acted, left = (sum(len(getattr(s, name)) for s in used.values()) for name in ("acted", "left_alone"))
    customers = len({customer for kind in used for customer in whose.get(kind, ())})
    missing = LEAST_EPISODES - min(acted, left)
    if missing > 0:
        return _scored(play, as_of, "not_known", acted, left, customers, needed=missing)
    effect = sum(len(s.acted) * s.difference for s in used.values()) / acted
    half = Z90 * sqrt(sum(len(s.acted) ** 2 * s.variance for s in used.values())) / acted
    verdict = "works" if effect > half else "harms" if effect < -half else "not_shown"
    return _scored(play, as_of, verdict, acted, left, customers, effect=(effect, effect - half, effect + half))


def _scored(
    play: str,
    as_of: date,
    verdict: str,
    acted: int,
    left: int,
    customers: int,
    *,
    effect: tuple[float, float, float] | tuple[None, None, None] = (None, None, None),
    needed: int | None = None,
) -> PlayScore:
    return PlayScore(
        play=play,
        as_of=as_of,
        verdict=verdict,
        effect=effect[0],
        low=effect[1],
        high=effect[2],
        acted=acted,
        left_alone=left,
        customers=customers,
        needed=needed,
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _variance(values: Sequence[float]) -> float:
    mean = _mean(values)
    return sum((value - mean) ** 2 for value in values) / (len(values) - 1)
