"""Whether a software release made a machine worse, by difference in differences. Pure.

    effect = (after - before) of the updated machine - mean (after - before) of machines of its type without the update

before: up to half a year before the release, back to the machine's release before it; after: all days since, 7 to 90.
Machines without the update take out what changed for everybody; without such machines no more than 28 days on either
side are compared. A machine that gets worse only later has other reasons: wear, for one.

It is asked every evening, so that chance has many days to look like harm: a random walk that starts at the release is
3.5 standard deviations from it on any of the days 7 to 90 with a probability of 0.3 %. Errors allow for days that
resemble their neighbours (`inflation`). Whether the harm is still there is asked of the newest 28 days.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import nan, sqrt

import numpy as np

from services.health.advisory_generation.alert_facts import content, percent, quantity, spoken_day, stake_of
from services.health.advisory_generation.alert_kinds import KINDS
from services.health.advisory_generation.episodes import Condition
from services.health.assessment import AlertContent
from services.health.block import CustomerBlock, Event, Floats
from services.health.health_assessment.asset_work import AssetWork
from services.health.health_assessment.daily_history import day_number, hourly
from services.health.state_detection.times import APT, GOOD, PBT, STOPPED, UNKNOWN_S
from services.health.value_assessment.chance import inflation

BEFORE_DAYS = 180
AFTER_DAYS = 90
NEAR_DAYS = 28
LEAST_DAYS = 7
WATCHED_DAYS = 180
SURE_Z = 3.5
WORSE_DOWN_SHARE = 0.02
WORSE_RATE = 0.05


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What an update did. down_share: points of PBT more downtime; rate: share of good units an hour lost.

    Each with its z score; NaN where unknown. controls: machines compared with.
    """

    down_share: float
    down_z: float
    rate_lost: float
    rate_z: float
    controls: int

    @property
    def harmful(self) -> bool:
        """Worse by more than chance and by more than nothing."""
        down = self.down_z >= SURE_Z and self.down_share >= WORSE_DOWN_SHARE
        return down or (self.rate_z >= SURE_Z and self.rate_lost >= WORSE_RATE)

    @property
    def gone(self) -> bool:
        """Less than half of what is worth a call; what is not known is not gone."""
        return self.down_share < WORSE_DOWN_SHARE / 2 and not self.rate_lost >= WORSE_RATE / 2


def releases_of(block: CustomerBlock, work: AssetWork) -> list[Event]:
    """Software releases that reached an asset, oldest first."""
    asset = work.asset
    reached = (("asset", asset.asset_id), ("line", asset.line_id), ("site", asset.site_id))
    events = block.events_reaching(*reached, ("customer", block.customer_id))
    return sorted((e for e in events if e.kind == "software_release"), key=lambda e: e.at)


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A machine and what days of it are compared: slices of rows before and after a release."""

    work: AssetWork
    before: slice
    after: slice


def _change(part: Floats, whole: Floats, before: slice, after: slice) -> tuple[float, float, float]:
    """Ratio before, its change, and the change's standard error; NaN with fewer than 7 days on a side."""
    base, base_error = _mean(part[before], whole[before])
    now, now_error = _mean(part[after], whole[after])
    return base, now - base, sqrt(base_error**2 + now_error**2)


def _mean(part: Floats, whole: Floats) -> tuple[float, float]:
    used = (whole > 0) & np.isfinite(part)
    if used.sum() < LEAST_DAYS:
        return nan, nan
    total = whole[used].sum()
    ratio = part[used].sum() / total
    residual = part[used] - ratio * whole[used]
    days, square = int(used.sum()), float((residual**2).sum())
    alike = inflation(float((residual[1:] * residual[:-1]).sum()), square, days)
    return float(ratio), sqrt(alike * days / (days - 1) * square) / float(total)


def effect_of(own: Compared, controls: Sequence[Compared]) -> Effect:
    """The effect of a release on a machine, against those that did not get it."""
    down, down_error = _down_change(own)
    rate, rate_error = _rate_change(own)
    down_by, down_by_error = _mean_change([_down_change(c) for c in controls])
    rate_by, rate_by_error = _mean_change([_rate_change(c) for c in controls])
    down, lost = down - down_by, rate_by - rate
    return Effect(
        down_share=down,
        down_z=_z(down, sqrt(down_error**2 + down_by_error**2)),
        rate_lost=lost,
        rate_z=_z(lost, sqrt(rate_error**2 + rate_by_error**2)),
        controls=len(controls),
    )


def _z(effect: float, error: float) -> float:
    """Effect in standard errors, which are at least a quarter of a point: seven equal days are not certainty."""
    return effect / max(error, 0.0025)


def _down_change(machine: Compared) -> tuple[float, float]:
    days = machine.work.days
    known = days.column(PBT) - days.column(UNKNOWN_S)
    _, change, error = _change(days.column(STOPPED), known, machine.before, machine.after)
    return change, error


def _rate_change(machine: Compared) -> tuple[float, float]:
    """Change of good units an hour of production, as a share of the rate before."""
    days = machine.work.days
    before, change, error = _change(days.column(GOOD), days.column(APT) / 3600, machine.before, machine.after)
    return (change / before, error / before) if before > 0 else (nan, nan)


def _mean_change(changes: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Mean change of the comparable machines and its error, 0 without any."""
    known = [(change, error) for change, error in changes if np.isfinite(change)]
    if not known:
        return 0.0, 0.0
    return sum(c for c, _ in known) / len(known), sqrt(sum(e**2 for _, e in known)) / len(known)


def regression_after_update(block: CustomerBlock, own: AssetWork, others: Sequence[AssetWork]) -> Condition | None:
    """The asset is worse since its newest release; None where none reached it yet.

    Raised within 90 days of a release and compared for 180; later an open alert stays until a person ends it.
    """
    releases = releases_of(block, own)
    if not releases:
        return None
    hours = len(own.running)
    days = len(own.days.table) - own.days.kept
    raised, cleared = np.zeros(days, dtype=np.bool_), np.zeros(days, dtype=np.bool_)
    told: dict[int, tuple[Effect, Event]] = {}
    for day in range(days):
        row = own.days.kept + day - 1
        newest = _newest(releases, own.days.first_day + row)
        if newest is None:
            continue
        release = day_number(newest.at.date()) - own.days.first_day
        if LEAST_DAYS <= row - release <= WATCHED_DAYS and release >= LEAST_DAYS:
            controls = _controls(block, own, others, newest, own.days.first_day + row)
            reach, so_far = (AFTER_DAYS, BEFORE_DAYS) if controls else (NEAR_DAYS, NEAR_DAYS)
            machines = [(each, _since(block, each, newest, so_far)) for each in (own, *controls)]
            effect = _effect(machines, release, release + 1, min(row, release + reach))
            lately = _effect(machines, release, max(release, row - NEAR_DAYS) + 1, row)
            told[day], cleared[day] = (effect, newest), lately.gone
            raised[day] = effect.harmful and not lately.gone and row - release <= reach
    known = np.ones(hours, dtype=np.bool_)

    def describe(hour: int) -> AlertContent:
        return _content(block, own, told, hour)

    return Condition(
        kind=KINDS["regression_after_update"],
        scope_id=own.asset.asset_id,
        raised=hourly(raised, hours),
        cleared=hourly(cleared, hours),
        known=known,
        describe=describe,
    )


def _newest(releases: Sequence[Event], day: int) -> Event | None:
    before = [event for event in releases if day_number(event.at.date()) < day]
    return before[-1] if before else None


def _effect(machines: Sequence[tuple[AssetWork, int]], release: int, first: int, last: int) -> Effect:
    """The effect on the first machine in the rows [first, last]; each machine with the row that it is compared from."""
    own, *controls = (
        Compared(work=work, before=slice(since, release), after=slice(first, last + 1)) for work, since in machines
    )
    return effect_of(own, controls)


def _since(block: CustomerBlock, work: AssetWork, release: Event, days: int) -> int:
    """The row so many days before a release, but after the machine's last one before it."""
    day = day_number(release.at.date())
    other = [before + 1 for e in releases_of(block, work) if (before := day_number(e.at.date())) < day]
    return max([0, *(number - work.days.first_day for number in (day - days, *other))])


def _controls(
    block: CustomerBlock, own: AssetWork, others: Sequence[AssetWork], release: Event, today: int
) -> list[AssetWork]:
    """Assets of the same type that no release reached from 28 days before this one until today."""
    since = day_number((release.at - timedelta(days=NEAR_DAYS)).date())
    return [
        other
        for other in others
        if other.asset.asset_id != own.asset.asset_id
        and other.asset.asset_type == own.asset.asset_type
        and not any(since <= day_number(e.at.date()) <= today for e in releases_of(block, other))
    ]


def _named(release: Event | None) -> dict[str, object]:
    """Version and date of a release for a sentence."""
    if release is None:
        return {"version": "newer software", "date": "an unknown day"}
    return {"version": release.attributes.get("version", "newer software"), "date": spoken_day(release.at)}


def _content(block: CustomerBlock, own: AssetWork, told: dict[int, tuple[Effect, Event]], hour: int) -> AlertContent:
    kind = KINDS["regression_after_update"]
    when = own.days.day(own.days.kept + hour // 24)
    if hour // 24 not in told:
        newest = _newest(releases_of(block, own), day_number(when))
        facts: dict[str, object] = _named(newest) | {"change": "has run worse"}
        evidence: dict[str, object] = {}
        lost = None
    else:
        effect, event = told[hour // 24]
        worse_down = effect.down_z >= effect.rate_z or not np.isfinite(effect.rate_z)
        points, rate = percent(effect.down_share), percent(effect.rate_lost)
        change = (
            f"has stood still {points} more of its time" if worse_down else f"has made {rate} fewer good units an hour"
        )
        facts = _named(event) | {"change": change}
        evidence = {
            "released_at": event.at.isoformat(),
            "downtime_added": quantity(100 * effect.down_share, "% of planned time", 2),
            "good_units_lost": quantity(100 * effect.rate_lost, "% of units an hour", 2),
            "z": quantity(max(effect.down_z, np.nan_to_num(effect.rate_z)), "standard errors", 1),
            "machines_compared_with": quantity(effect.controls, "machines", 0),
        }
        lost = max(0.0, effect.down_share) * 30 * 24
    return content(
        kind,
        block,
        facts | {"asset": own.asset.name, "site": own.site_name},
        evidence,
        stake_of(block, [own.asset], when, hours=lost, cases=NEAR_DAYS),
    )
