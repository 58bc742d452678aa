"""When machines and sites deserve an alert: wear and silence. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import isnan

import numpy as np

from services.health.advisory_generation.alert_facts import content, quantity, spoken_day, stake_of
from services.health.advisory_generation.alert_kinds import KINDS
from services.health.advisory_generation.episodes import Condition
from services.health.assessment import AlertContent, Stake
from services.health.block import Bools, CustomerBlock, Floats, SourceBlock
from services.health.health_assessment.asset_work import AssetWork
from services.health.state_detection.states import DAY_S
from services.health.state_detection.times import FAILURES, REPAIR_S
from shared.alerts import Tier
from shared.records.vocabulary import CAUSES

HOUR_S = 3600.0
SILENT_HOURS = 24
# By index of a cause, the last also by -1, for none.
IS_NOT_OURS: Bools = np.isin([*CAUSES, ""], ("customer", "external", "operator"))
WORK_KINDS = ("work_order", "part")


def event_hours(block: CustomerBlock, asset_id: int, kinds: Sequence[str], hours: int) -> Bools:
    """Hours in which an event of one of the kinds happened to an asset."""
    found = np.zeros(hours, dtype=np.bool_)
    for event in block.events_reaching(("asset", asset_id)):
        if event.kind in kinds:
            hour = (event.at - block.start) // timedelta(hours=1)
            if 0 <= hour < hours:
                found[hour] = True
    return found


def failure_hours(block: CustomerBlock, work: AssetWork) -> Bools:
    """Hours in which the asset failed for no reason outside it, by its states or by an event."""
    hours = len(work.running)
    found = event_hours(block, work.asset.asset_id, ("failure",), hours)
    if work.intervals is not None:
        own = work.intervals.failure & ~IS_NOT_OURS[work.intervals.cause]
        hour = ((work.intervals.started[own] - block.start.timestamp()) // HOUR_S).astype(np.int64)
        found[hour[(hour >= 0) & (hour < hours)]] = True
    return found


def repair_stake(block: CustomerBlock, work: AssetWork, hour: int) -> Stake:
    """The mean repair of this asset so far, and what it would cost; hours are None before its first failure."""
    row = work.days.kept + hour // 24
    failures = work.older_failures + work.days.column(FAILURES)[:row].sum()
    repair = work.older_repair_s + work.days.column(REPAIR_S)[:row].sum()
    hours = float(repair / failures / HOUR_S) if failures > 0 and repair > 0 else None
    return stake_of(block, [work.asset], work.days.day(row), hours=hours, cases=int(failures))


def wear(block: CustomerBlock, work: AssetWork, blame_at: Callable[[int], Sequence[tuple[str, float]]]) -> Condition:
    """The asset drifts from its own baseline. Needs findings; blame_at: which metrics deviate as of an hour."""
    findings = work.findings
    if findings is None:
        raise ValueError(f"asset {work.asset.asset_id} has no condition to judge")
    kind = KINDS["wear"]

    def describe(hour: int) -> AlertContent:
        at, low, high = (float(a[hour]) for a in (findings.expected_at, findings.expected_low, findings.expected_high))
        deviation = float(findings.deviation[hour])
        known: dict[str, object] = {} if isnan(deviation) else {"deviation": quantity(deviation, "baseline sigmas", 2)}
        evidence: dict[str, object] = known | {
            "metrics": {name: quantity(100 * part, "% of the deviation", 0) for name, part in blame_at(hour)},
        }
        return content(
            kind,
            block,
            {
                "asset": work.asset.name,
                "site": work.site_name,
                "forecast": forecast_in_words(at, block.start.timestamp() + hour * HOUR_S),
            },
            evidence,
            repair_stake(block, work, hour),
            tier=Tier.ACT if findings.act[hour] else Tier.WATCH,
            expected=(at, low, high),
            confidence=float(findings.confidence[hour]),
        )

    return Condition(
        kind=kind,
        scope_id=work.asset.asset_id,
        raised=findings.watch,
        cleared=~findings.watch & ~np.isnan(findings.deviation),
        known=work.covered,
        describe=describe,
        materialised=failure_hours(block, work),
        acted=event_hours(block, work.asset.asset_id, WORK_KINDS, len(work.running)),
    )


def forecast_in_words(expected_at: float, now: float) -> str:
    """When it reaches its limit, in words; that it has, where that is less than a day away; empty when unknown.

    expected_at, now: Unix seconds, NaN for unknown.
    """
    if isnan(expected_at):
        return ""
    if expected_at < now + DAY_S:
        return " and has reached its limit: it can fail any day"
    return f"; at this rate it reaches its limit around {spoken_day(np.datetime64(int(expected_at), 's').item())}"


@dataclass(frozen=True, kw_only=True)
class Silence:
    """Hours of silence of each source up to each hour of the block, less those in which we did not listen.

    broken: the same up to the start of each hour, so that the hour in which it is heard again knows what ended.
    """

    source: SourceBlock
    hours: Floats
    broken: Floats

    def told(self, hour: int) -> float:
        """Hours of the silence that lasts or that ended in an hour; NaN for a source never heard."""
        return float(np.fmax(self.hours[hour], self.broken[hour]))


def silence(source: SourceBlock, before: float) -> Silence:
    """before: hours of silence at the block's start, NaN for a source never heard, which owes us nothing."""
    silent = np.cumsum(~source.heard & ~source.excused).astype(np.float64)
    index = np.maximum.accumulate(np.where(source.heard, np.arange(len(silent)), -1))
    since = np.where(index >= 0, silent - silent[index], silent + before)
    return Silence(source=source, hours=since, broken=np.concatenate([[before], since[:-1]]))


def silent_source(
    block: CustomerBlock, site_id: int, site_name: str, silences: Sequence[Silence], assets_of: Mapping[int, int]
) -> Condition:
    """A site's sources have not been heard for more than a day in which we listened; one alert a site.

    assets_of: source to the number of assets it speaks for.
    """
    worst = np.fmax.reduce([s.hours for s in silences])
    listened = ~np.logical_and.reduce([s.source.excused for s in silences])
    kind = KINDS["silent_source"]

    def describe(hour: int) -> AlertContent:
        quiet = [s for s in silences if s.told(hour) > SILENT_HOURS]
        longest = max((s.told(hour) for s in quiet), default=0.0)
        prefixes = sorted(s.source.topic_prefix for s in quiet)
        blind = sum(assets_of.get(s.source.source_id, 0) * s.told(hour) for s in quiet)
        members = [a for a in block.assets if a.site_id == site_id]
        stake = stake_of(block, members, (block.start + timedelta(hours=hour)).date(), hours=None, cases=0)
        return content(
            kind,
            block,
            {
                "sources": "the gateway" if len(quiet) == 1 else f"{len(quiet)} gateways",
                "site": site_name,
                "silent": f"{longest / 24:.0f} days" if longest >= 48 else f"{longest:.0f} hours",
            },
            {
                "sources": prefixes,
                "silent_for": quantity(longest, "h", 0),
                "machine_hours_unseen": quantity(blind, "h", 0),
            },
            stake,
            confidence=1.0,
        )

    return Condition(
        kind=kind,
        scope_id=site_id,
        raised=worst > SILENT_HOURS,
        cleared=~(worst > SILENT_HOURS),
        known=listened,
        describe=describe,
    )
