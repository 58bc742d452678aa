"""Which sensors of a machine are not to be trusted on the evening of each day, and since when. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from services.health.block import Bools
from services.health.state_detection.change_detection.change import ChangeFindings

_SAID = ("stands still", "sends nothing", "has left what its peers say")


@dataclass(frozen=True, kw_only=True)
class SensorFault:
    """What is wrong with one sensor, and since when without a break, in Unix seconds."""

    what: str
    since: float


@dataclass(frozen=True, kw_only=True)
class SensorFaults:
    """Faulty sensors by name on the evening of each whole day of a block. before: since when of those that were faulty
    at the block's start; after: the same at its last midnight."""

    days: tuple[Mapping[str, SensorFault], ...]
    before: Mapping[str, float]
    after: Mapping[str, float]


def sensor_faults(
    changes: ChangeFindings | None, before: Mapping[str, float], start_s: float, hours: int
) -> SensorFaults:
    """The faults that a block's hours tell of, going on from `before`. start_s: the block's, Unix seconds."""
    whole = hours // 24
    if changes is None or not whole:
        return SensorFaults(days=({},) * whole, before=before, after=before)
    found: list[dict[str, SensorFault]] = [{} for _ in range(whole)]
    for column in np.flatnonzero(changes.faulty.any(axis=0)).tolist():
        name, faulty = changes.sensors[column], changes.faulty[:, column]
        for day in np.flatnonzero(faulty[23 : 24 * whole : 24]).tolist():
            hour = 24 * day + 23
            told = (changes.still[hour, column], changes.away[hour, column], changes.alone[hour, column])
            what = next(said for said, so in zip(_SAID, told, strict=True) if so)
            found[day][name] = SensorFault(what=what, since=_since(faulty, hour, before.get(name, start_s), start_s))
    return SensorFaults(
        days=tuple(found), before=before, after={name: fault.since for name, fault in found[-1].items()}
    )


def _since(faulty: Bools, hour: int, before: float, start_s: float) -> float:
    """When the unbroken fault of an hour began."""
    sound = np.flatnonzero(~faulty[:hour])
    return start_s + 3600.0 * (int(sound[-1]) + 1) if len(sound) else before
