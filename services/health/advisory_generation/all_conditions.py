"""All conditions that may deserve an alert of a customer: those that any hour moves, and those that last. Pure."""

from collections.abc import Sequence

from services.health.advisory_generation.change_conditions import condition_change
from services.health.advisory_generation.customer_conditions import (
    promise_gap,
    unused_capability,
)
from services.health.advisory_generation.distress_conditions import customer_distress, may_tell_business
from services.health.advisory_generation.episodes import Condition
from services.health.advisory_generation.guarantee_conditions import guarantee_breach, promises
from services.health.advisory_generation.machine_conditions import (
    Silence,
    silent_source,
    wear,
)
from services.health.advisory_generation.repeated_failures import repeated_failures, together
from services.health.advisory_generation.trend_conditions import decline, stagnation, trend
from services.health.advisory_generation.update_effects import regression_after_update
from services.health.block import CustomerBlock
from services.health.health_assessment.asset_assessment import AssetResult
from services.health.health_assessment.customer_work import CustomerWork
from services.health.prognostic_assessment.peer_levels import PeerModel


def moving_conditions(
    work: CustomerWork, assets: Sequence[AssetResult], silences: Sequence[Silence]
) -> list[Condition]:
    """Conditions that any hour can move."""
    found = [wear(work.block, a.work, a.condition.blame_at) for a in assets if a.work.findings is not None]
    found += [condition_change(work.block, a.work) for a in assets if a.work.changes is not None]
    found += _silent_sources(work.block, silences)
    return [*found, *(guarantee_breach(work, promise) for promise in promises(work))]


def lasting_conditions(
    work: CustomerWork, assets: Sequence[AssetResult], peers: Sequence[PeerModel]
) -> list[Condition]:
    """Conditions that are known in the morning and last all day. peers: what other customers reach."""
    works = [a.work for a in assets]
    telling = [own for own in works if own.intervals is not None]
    of_type = together(works)
    found = [repeated_failures(work.block, own, of_type[own.asset.asset_type]) for own in telling]
    updates = [regression_after_update(work.block, own, works) for own in telling]
    found += [condition for condition in updates if condition is not None]
    return [*found, *_customer_conditions(work, peers)]


def _silent_sources(block: CustomerBlock, silences: Sequence[Silence]) -> list[Condition]:
    assets_of = {s.source_id: sum(s.source_id in a.source_ids for a in block.assets) for s in block.sources}
    by_site = [(site, [s for s in silences if s.source.site_id == site.site_id]) for site in block.sites]
    return [silent_source(block, site.site_id, site.name, own, assets_of) for site, own in by_site if own]


def _customer_conditions(work: CustomerWork, peers: Sequence[PeerModel]) -> list[Condition]:
    said = trend(work, peers)
    found = [stagnation(work, said), decline(work, said), promise_gap(work, said.rising)]
    found += [customer_distress(work)] if may_tell_business(work.block) else []
    return [*found, unused_capability(work)] if work.capabilities else found
