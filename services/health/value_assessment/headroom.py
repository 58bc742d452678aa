"""The uptime from which there is no room worth a call: the best peers', else a fixed one, or the promise. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from services.health.block import CustomerBlock
from services.health.health_assessment.daily_history import day_number
from services.health.health_assessment.records_in_force import contracts_on
from services.health.prognostic_assessment.peer_levels import DOWN_BY_CAUSE, DOWN_SHARE, PeerModel, peers_of
from services.health.value_assessment.activity import ActivityMonth
from shared.months import month_start

FRONTIER = 0.97
_YEAR = 12
_Z90 = 1.645


@dataclass(frozen=True, kw_only=True)
class Bar:
    """An uptime, by name `peers`, `frontier` or `promise`. least: who is below it has room, sure of all errors."""

    name: str
    uptime: float
    least: float


def bar_on(months: Sequence[ActivityMonth], block: CustomerBlock, models: Iterable[PeerModel], number: int) -> Bar:
    """The bar at the end of a month: what the best peers' machines of the same types reach, where all types are known;
    what was promised, if that is more, for those alone who are below the other: none stands still at the frontier,
    and `promise_gap` tells of a promise that is not kept."""
    bar = best_peers(months, block, models, number) or Bar(name="frontier", uptime=FRONTIER, least=FRONTIER)
    contracts = contracts_on(block.contracts, month_start(number + 1))
    promised = max((c.promised_availability for c in contracts if c.promised_availability is not None), default=0.0)
    return Bar(name="promise", uptime=promised, least=bar.least) if promised > bar.uptime else bar


def best_peers(
    months: Sequence[ActivityMonth], block: CustomerBlock, models: Iterable[PeerModel], number: int
) -> Bar | None:
    """The best fifth's uptime by type, as the customer's machines of a year divide into types; None where it is not
    told of one of them. Errors of types add up, as one year makes them."""
    hours = _known_hours(months, number)
    models, day = tuple(models), day_number(month_start(number + 1))
    levels = {name: peers_of(block, models, name, DOWN_SHARE, day).level for name in hours}
    if not hours or None in levels.values():
        return None
    weight = np.array(list(hours.values())) / sum(hours.values())
    best, error = np.array([(level.best, level.best_error) for level in levels.values() if level is not None]).T
    uptime = 1 - float(weight @ best)
    return Bar(name="peers", uptime=uptime, least=uptime - _Z90 * float(weight @ error))


def _known_hours(months: Sequence[ActivityMonth], number: int) -> dict[str, float]:
    """Known planned hours of each type in the last twelve months."""
    found: dict[str, float] = {}
    for month in months:
        if number - _YEAR < month.number <= number:
            for name, (_, known) in month.losses.items():
                asset_type, category = name.rsplit("/", 1)
                if category == DOWN_BY_CAUSE[0]:
                    found[asset_type] = found.get(asset_type, 0.0) + known
    return dict(sorted(found.items()))
