"""Whether a software release made a machine worse, by difference in differences. Pure.

    effect = (after - before) of the updated machine - mean (after - before) of machines of its type without the update

before: the 28 days before the release; after: up to 28 days, at least 7, right after it. Machines without the update
take out what changed for everybody. A machine that gets worse only later has other reasons: wear, for one. Whether the
harm is still there is asked of the newest 28 days.
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

BEFORE_DAYS = 28
AFTER_DAYS = 28
LEAST_DAYS = 7
WATCHED_DAYS = 98
SURE_Z = 4.0
GONE_Z = 1.5
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
        """Nothing left that chance would not explain."""
        return self.down_z < GONE_Z and not self.rate_z >= GONE_Z


def releases_of(block: CustomerBlock, work: AssetWork) -> list[Event]:
    """Software releases that reached an asset, oldest first."""
    asset = work.asset
    reached = (("asset", asset.asset_id), ("line", asset.line_id), ("site", asset.site_id))
    events = block.events_reaching(*reached, ("customer", block.customer_id))
    return sorted((e for e in events if e.kind == "software_release"), key=lambda e: e.at)


def _change(part: Floats, whole: Floats, release: int, row: int) -> tuple[float, float, float]:
    """Ratio before, its change, and the change's standard error; NaN with fewer than 7 days on a side."""
    before = slice(max(0, release - BEFORE_DAYS), release)
    after = slice(max(release + 1, row + 1 - AFTER_DAYS), row + 1)
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
    days = int(used.sum())
    return float(ratio), sqrt(days / (days - 1) * float((residual**2).sum())) / float(total)


def effect_of(own: AssetWork, controls: Sequence[AssetWork], release: int, row: int) -> Effect:
    """The effect as of the evening of `row` of a release on the day of row `release`."""
    down, down_error = _down_change(own, release, row)
    rate, rate_error = _rate_change(own, release, row)
    down_by, down_by_error = _mean_change([_down_change(c, release, row) for c in controls])
    rate_by, rate_by_error = _mean_change([_rate_change(c, release, row) for c in controls])
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


def _down_change(work: AssetWork, release: int, row: int) -> tuple[float, float]:
    known = work.days.column(PBT) - work.days.column(UNKNOWN_S)
    _, change, error = _change(work.days.column(STOPPED), known, release, row)
    return change, error


def _rate_change(work: AssetWork, release: int, row: int) -> tuple[float, float]:
    """Change of good units an hour of production, as a share of the rate before."""
    before, change, error = _change(work.days.column(GOOD), work.days.column(APT) / 3600, release, row)
    return (change / before, error / before) if before > 0 else (nan, nan)


def _mean_change(changes: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Mean change of the comparable machines and its error, 0 without any."""
    known = [(change, error) for change, error in changes if np.isfinite(change)]
    if not known:
        return 0.0, 0.0
    return sum(c for c, _ in known) / len(known), sqrt(sum(e**2 for _, e in known)) / len(known)


def regression_after_update(block: CustomerBlock, own: AssetWork, others: Sequence[AssetWork]) -> Condition | None:
    """The asset is worse since its newest release; None where none reached it yet.

    Raised within 28 days of a release and compared for 98; later an open alert stays until a person ends it.
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
            effect = effect_of(own, _controls(block, own, others, newest, own.days.first_day + row), release, row)
            told[day] = (effect, newest)
            raised[day], cleared[day] = effect.harmful and row - release <= AFTER_DAYS, effect.gone
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


def _controls(
    block: CustomerBlock, own: AssetWork, others: Sequence[AssetWork], release: Event, today: int
) -> list[AssetWork]:
    """Assets of the same type that no release reached from 28 days before this one until today."""
    since = day_number((release.at - timedelta(days=BEFORE_DAYS)).date())
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
        stake_of(block, [own.asset], when, hours=lost, cases=BEFORE_DAYS),
    )
