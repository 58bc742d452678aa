"""Units that an asset counted a day, of hours in which all that are compared with each other were counted. Pure.

An hour that one counter missed would make a ratio of two counts better or worse than it was: good units of 12 hours
over the units of 24. So what is compared leaves the hour out of both sides, and how much of the production time was
counted is told beside it. A counter of which nothing came all day (UTC) is not declared for that day, and holds up no
other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from services.health.block import AssetBlock, Bools, Floats

HOUR_S = 3600.0
_MADE = ("production_count", "good_count")
_INSPECTED = ("inspected_count", "first_pass_count")
_OF_MADE = ("scrap_count", "rework_count")


@dataclass(frozen=True, kw_only=True)
class Counts:
    """by_day: role to units a day, shape (days,), NaN where not known. hours: shape (days * 24,), hours in which what
    was made was counted."""

    by_day: Mapping[str, Floats]
    hours: Bools

    def spans(self, start: float) -> Floats:
        """The counted hours of a block from `start` as disjoint, ascending spans in Unix seconds, shape (n, 2)."""
        edges = np.flatnonzero(np.diff(np.concatenate([[False], self.hours, [False]]).astype(np.int8)))
        return np.asarray(start + HOUR_S * edges.reshape(-1, 2), dtype=np.float64)


def fleet_counts(assets: Sequence[AssetBlock], days: int) -> list[Counts]:
    """The counts of each asset; those with the same counters are counted together."""
    alike: dict[tuple[str, ...], list[int]] = {}
    for place, asset in enumerate(assets):
        alike.setdefault(tuple(metric.role for metric in asset.metrics), []).append(place)
    found: dict[int, Counts] = {}
    for roles, places in alike.items():
        increase = np.full((len(places), len(roles), days * 24), np.nan)
        for row, place in enumerate(places):
            increase[row, :, : assets[place].increase.shape[1]] = assets[place].increase
        found |= zip(places, _counts(increase, roles, days), strict=True)
    return [found[place] for place in range(len(assets))]


def counts(asset: AssetBlock, days: int) -> Counts:
    """What the asset's counters say of a block's days; units made and good units only of hours that have both, and of
    those the scrapped and reworked, not known on a day on which one such hour of theirs is not."""
    return fleet_counts([asset], days)[0]


def _counts(increase: Floats, roles: Sequence[str], days: int) -> list[Counts]:
    """increase: hourly growth, shape (assets, metrics, days * 24)."""
    told = {role: _told(increase, roles, role) for role in {*roles} & {*_MADE, *_INSPECTED, *_OF_MADE}}
    never = np.zeros((len(increase), days * 24), dtype=np.bool_)
    made, inspected = (
        _together(np.stack([told[role][1] for role in group if role in told] or [never], axis=1))
        for group in (_MADE, _INSPECTED)
    )
    by_day = dict.fromkeys((*_MADE, *_INSPECTED, *_OF_MADE), np.full((len(increase), days), np.nan))
    for role, (units, known) in told.items():
        if role in _OF_MADE:
            lacking = _any_by_day(made & ~known)
            counted = np.where(np.repeat(_any_by_day(made), 24, axis=1), made, known)
            by_day[role] = np.where(lacking, np.nan, _by_day(units, known, counted))
        else:
            by_day[role] = _by_day(units, known, made if role in _MADE else inspected)
    return [
        Counts(by_day={role: units[row] for role, units in by_day.items()}, hours=made[row])
        for row in range(len(increase))
    ]


def _told(increase: Floats, roles: Sequence[str], role: str) -> tuple[Floats, Bools]:
    """Units an hour of the metrics of a role, and hours in which they are known; shape (assets, days * 24) each."""
    hourly = increase[:, [own == role for own in roles]]
    return np.nan_to_num(hourly).sum(axis=1), _together(np.isfinite(hourly))


def _together(known: Bools) -> Bools:
    """Hours in which each of some counters is known that is known at all on that day; known: shape (assets, n, days *
    24)."""
    silent = ~np.repeat(_any_by_day(known), 24, axis=2)
    return np.asarray((known | silent).all(axis=1) & known.any(axis=1), dtype=np.bool_)


def _by_day(units: Floats, known: Bools, counted: Bools) -> Floats:
    """Units a day of the counted hours, shape (assets, days); NaN on days on which the counter was never known."""
    total = np.where(counted, units, 0.0).reshape(len(units), -1, 24).sum(axis=2)
    return np.where(_any_by_day(known), total, np.nan)


def _any_by_day(hours: Bools) -> Bools:
    """Days of which any hour is one of these, by the last axis."""
    return np.asarray(hours.reshape(*hours.shape[:-1], -1, 24).any(axis=-1), dtype=np.bool_)
