"""What each software release did to a customer's machines, good or bad, by difference in differences. Pure.

    uptime     (share of stops before - after) of updated machines - the same of machines without the update
    good rate  ln(after / before) of good units an hour of production, updated machines - machines without

before: up to 28 days before a machine's release; after: up to 28 days after its day; at least 7 on each side, and no
other release in either. Compared are machines of the same type that no release reached in all that time: they take out
what changed for everybody. A version's effect is that of the machines that got it within 28 days of the first.

Chance is judged over days that resemble their neighbours: of stops as in `chance`; of rates by the residuals of days
(Cochran, Sampling Techniques, 1977, eq. 6.13) and by how far machines of one group change apart (DerSimonian and Laird,
Controlled Clinical Trials 7, 1986), with Student's t.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import expm1, sqrt

import numpy as np
from scipy.stats import t as student

from services.health.assessment import UpdateEffectRow
from services.health.block import CustomerBlock, Event, Floats
from services.health.health_assessment.asset_work import AssetWork
from services.health.health_assessment.daily_history import day_number, day_of
from services.health.state_detection.times import APT, GOOD, asked_s, troubled_s
from services.health.value_assessment.chance import (
    DAYS,
    DOWN,
    GOOD_2,
    GOOD_NEXT,
    KNOWN,
    SHARED,
    chance_of,
    chance_sums,
    inflation,
    interval,
)

WINDOW, LEAST = 28, 7
_RELEASE = "software_release"
Triple = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A machine's days before and after a release: hours wanted, down and of production, and good units, (4, WINDOW), 0
    beyond. weight: in the effect; of updated machines they sum to 1, of the others to -1."""

    before: Floats
    after: Floats
    weight: float


def update_effects(block: CustomerBlock, assets: Sequence[AssetWork]) -> Iterator[UpdateEffectRow]:
    """The effect of each release as of the block's last whole day, as long as its days come in."""
    released = {a.asset.asset_id: _releases(block, a) for a in assets}
    today, start = block.first_day + block.hours // 24 - 1, block.first_day
    for asset_type in sorted({a.asset.asset_type for a in assets if released[a.asset.asset_id]}):
        own = [a for a in assets if a.asset.asset_type == asset_type and a.intervals is not None]
        first: dict[str, int] = {}
        for day, version in sorted(r for a in own for r in released[a.asset.asset_id]):
            first.setdefault(version, day)
        for version, day in first.items():
            wave = {
                a.asset.asset_id: min(d for d, v in released[a.asset.asset_id] if v == version)
                for a in own
                if any(v == version and d <= day + WINDOW for d, v in released[a.asset.asset_id])
            }
            as_of = min(today, max(wave.values()) + WINDOW)
            if start <= as_of and day + LEAST <= as_of:
                yield _effect(asset_type, version, wave, own, released, as_of)


def _releases(block: CustomerBlock, work: AssetWork) -> list[tuple[int, str]]:
    """Day and version of each release that reached a machine, once each."""
    asset = work.asset
    reached = (("asset", asset.asset_id), ("line", asset.line_id), ("site", asset.site_id))
    events: list[Event] = block.events_reaching(*reached, ("customer", block.customer_id))
    found = {(day_number(e.at.date()), str(e.attributes.get("version", "?"))) for e in events if e.kind == _RELEASE}
    return sorted(found)


def _effect(
    asset_type: str,
    version: str,
    wave: dict[int, int],
    own: Sequence[AssetWork],
    released: dict[int, list[tuple[int, str]]],
    as_of: int,
) -> UpdateEffectRow:
    updated = [(a, wave[a.asset.asset_id]) for a in own if wave.get(a.asset.asset_id, as_of) <= as_of - LEAST]
    told = [(c, day) for a, day in updated if (c := _compared(a, day, as_of, released[a.asset.asset_id])) is not None]
    controls = {day: _controls(own, day, as_of, released) for day in sorted({day for _, day in told})}
    told = [(c, day) for c, day in told if controls[day]]
    parts = {day: sum(d == day for _, d in told) / len(told) for _, day in told}
    others = [
        replace(c, weight=-part / len(controls[day])) for day, part in parts.items() for c in controls[day].values()
    ]
    names = {asset_id for day in parts for asset_id in controls[day]}
    unknown = None if told else "fewer than 7 days on a side are known, or all machines got it"
    weighted = [replace(c, weight=1 / len(told)) for c, _ in told]
    nothing = (None, None, None)
    uptime, rate = (nothing, nothing) if unknown else (_uptime(weighted, others), _rate(weighted, others))
    return UpdateEffectRow(
        asset_type=asset_type,
        version=version,
        released_on=day_of(min(wave.values())),
        as_of=day_of(as_of),
        days=min(WINDOW, as_of - min(wave.values())),
        machines=len(told),
        controls=len(names),
        uptime=uptime[0],
        uptime_low=uptime[1],
        uptime_high=uptime[2],
        rate=rate[0],
        rate_low=rate[1],
        rate_high=rate[2],
        unknown=unknown,
    )


def _controls(
    own: Sequence[AssetWork], day: int, as_of: int, released: Mapping[int, Sequence[tuple[int, str]]]
) -> dict[int, Compared]:
    """Machines that no release reached around a day, by asset."""
    reach = range(day - WINDOW, min(day + WINDOW, as_of) + 1)
    free = [a for a in own if not any(d in reach for d, _ in released[a.asset.asset_id])]
    return {a.asset.asset_id: c for a in free if (c := _compared(a, day, as_of, [])) is not None}


def _compared(work: AssetWork, day: int, as_of: int, released: Sequence[tuple[int, str]]) -> Compared | None:
    """A machine's days around a release on `day`, up to its other releases; None with fewer than 7 known on a side."""
    others = [d for d, _ in released if d != day]
    since = max([day - WINDOW, *(d + 1 for d in others if d < day)])
    until = min([day + WINDOW + 1, as_of + 1, *(d for d in others if d > day)])
    before, after = _days(work, since, day), _days(work, day + 1, until)
    if min((before[0] > 0).sum(), (after[0] > 0).sum()) < LEAST:
        return None
    return Compared(before=before, after=after, weight=0.0)


def _days(work: AssetWork, since: int, until: int) -> Floats:
    """Hours wanted (that it was asked for), down and of production, and good units, NaN where nobody
    counted, on days [since, until)."""
    found = np.zeros((4, WINDOW))
    rows = work.days.table[max(0, since - work.days.first_day) : max(0, until - work.days.first_day)]
    found[:3, : len(rows)] = np.array([asked_s(rows), troubled_s(rows), rows[:, APT]]) / 3600
    found[3, : len(rows)] = rows[:, GOOD]
    return found


def _uptime(updated: Sequence[Compared], others: Sequence[Compared]) -> Triple:
    """Difference in differences of the share of stops, more uptime being better."""
    machines = [*updated, *others]
    weight = np.array([each.weight for each in machines])
    first, second = (
        chance_sums(days[:, 0], days[:, 1], days[:, 3])[0]
        for days in (np.array([c.before for c in machines]), np.array([c.after for c in machines]))
    )
    chance = chance_of(first + second, np.zeros(SHARED))
    gain = (weight * (first[:, DOWN] / first[:, KNOWN] - second[:, DOWN] / second[:, KNOWN])).sum()
    ours = weight > 0
    lost, kept = np.where(ours[:, None], first, second), np.where(ours[:, None], second, first)
    none = np.zeros(len(weight))
    before, since = (chance.of_sums(s[:, DOWN], s[:, KNOWN], abs(weight) / s[:, KNOWN], none) for s in (lost, kept))
    return (float(gain), *interval(float(gain), before, since))


def _rate(updated: Sequence[Compared], others: Sequence[Compared]) -> tuple[float | None, float | None, float | None]:
    """Difference in differences of the logarithm of good units an hour of production, as a share."""
    groups = [_rate_changes(updated), _rate_changes(others)]
    if any(group is None for group in groups):
        return None, None, None
    (ours, our_error, our_days), (theirs, their_error, their_days) = (group for group in groups if group is not None)
    effect, errors = ours.mean() - theirs.mean(), np.concatenate([our_error, their_error])
    apart = ((ours - ours.mean()) ** 2).sum() + ((theirs - theirs.mean()) ** 2).sum()
    machines = len(errors) - 2
    between = max(0.0, apart / machines - float(errors.mean())) if machines > 0 else 0.0
    of_days = our_error.sum() / len(ours) ** 2 + their_error.sum() / len(theirs) ** 2
    of_machines = between * (1 / len(ours) + 1 / len(theirs))
    variance, days = of_days + of_machines, our_days + their_days
    freedom = variance**2 / (of_days**2 / days + of_machines**2 / max(machines, 1)) if variance > 0 else 1.0
    wide = float(student.ppf(0.95, freedom)) * sqrt(variance)
    return expm1(effect), expm1(effect - wide), expm1(effect + wide)


def _rate_changes(machines: Sequence[Compared]) -> tuple[Floats, Floats, float] | None:
    """Of machines that were counted: the change of the logarithm of their rate, its variance, and how many independent
    days that rests on; None without any."""
    sides = [_counted(np.array(days)) for days in zip(*((c.before, c.after) for c in machines), strict=True)]
    enough = np.logical_and.reduce([(days[0] > 0).sum(axis=1) >= LEAST for days in sides])
    made = np.logical_and.reduce([days[1].sum(axis=1) > 0 for days in sides])
    if not (enough & made).any():
        return None
    sides = [days[:, enough & made] for days in sides]
    sums = [chance_sums(run_h, np.zeros(run_h.shape), good)[0] for run_h, good in sides]
    days = np.array([own[:, DAYS] for own in sums])
    total = sum(own.sum(axis=0) for own in sums)
    inflated = inflation(total[GOOD_NEXT], total[GOOD_2], float(days.mean()))
    made_units = np.array([good.sum(axis=1) for _, good in sides])
    run_h, square = (np.array([own[:, column] for own in sums]) for column in (KNOWN, GOOD_2))
    variance = (inflated * days / (days - 1) * square / made_units**2).sum(axis=0)
    rate = np.log(made_units / run_h)
    return rate[1] - rate[0], variance, float((days - 1).sum()) / inflated


def _counted(days: Floats) -> Floats:
    """Hours of production that were counted and good units made in them, shape (2, machines, WINDOW)."""
    counted = np.isfinite(days[:, 3]) & (days[:, 2] > 0)
    return np.where(counted, days[:, [2, 3]].swapaxes(0, 1), 0.0)
