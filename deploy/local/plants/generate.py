"""Everything that a plant's gateway has to say about a stretch of time."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deploy.local.plants.counters import counts
from deploy.local.plants.fleet import Plant
from deploy.local.plants.kinds import HOUR_S, PACKAGING, SITUATIONS
from deploy.local.plants.machine import BAD_FIRMWARE, FIRMWARE, Machine, situation_changes, situations
from deploy.local.plants.noise import Floats, Ints, normal, stream
from deploy.local.plants.physics import readings

_DAY_S = 86_400


@dataclass(frozen=True, kw_only=True)
class Told:
    """What is sent by exception: one value of one metric, when it changed or at the daily repetition."""

    at_s: int
    metric: str
    value: float | int | str


@dataclass(frozen=True, kw_only=True, eq=False)
class MachineData:
    """One device over a stretch of time.

    at_s: shape (n,), Unix seconds of the periodic readings; columns: by metric, shape (n,), floats or whole counts.
    told: what is sent by exception, in order of time.
    """

    device: str
    at_s: Ints
    columns: dict[str, NDArray[np.float64] | NDArray[np.int64]]
    told: tuple[Told, ...]


def generate_hours(plant: Plant, from_hour: int, through_hour: int) -> tuple[MachineData, ...]:
    """Hourly readings and all changes of the hours `from_hour` to `through_hour`, both included, since 1970 (UTC)."""
    return generate(plant, from_hour * HOUR_S, (through_hour + 1) * HOUR_S, HOUR_S)


def generate(
    plant: Plant, from_s: int, to_s: int, interval_s: int, *, repeat_states: bool = False
) -> tuple[MachineData, ...]:
    """Readings at the multiples of `interval_s` and all changes in [from_s, to_s), Unix seconds, a device each.

    The same numbers however a range is cut: stretches that meet give together what their union gives. Nothing comes
    from the moment on at which the plant's gateway falls silent. repeat_states: tell the state with every periodic
    reading as well, as after a death, which ends what was told before.
    """
    if plant.silent_from_s is not None:
        to_s = min(to_s, plant.silent_from_s)
    return tuple(_machine(one, from_s, max(from_s, to_s), interval_s, repeat_states) for one in plant.machines)


def snapshot(machine: Machine, at_s: int) -> dict[str, float | int | str]:
    """Value of every metric of the machine at one Unix second."""
    at = np.array([at_s], dtype=np.int64)
    counted = counts(machine, at)
    values: dict[str, float | int | str] = {name: float(column[0]) for name, column in readings(machine, at).items()}
    if machine.kind is PACKAGING:
        values |= {"production_count": int(counted.made[0]), "good_count": int(counted.good[0])}
    return values | {
        "state": machine.kind.raw_states[SITUATIONS[int(situations(machine, at)[0])]],
        "energy": int(counted.energy_kwh[0]),
        "adaptive_use": float(capability_use(machine, at)[0]),
        "firmware": _firmware(machine, at_s),
    }


def _machine(machine: Machine, from_s: int, to_s: int, interval_s: int, repeat_states: bool) -> MachineData:
    at = np.arange(-(-from_s // interval_s) * interval_s, to_s, interval_s, dtype=np.int64)
    columns: dict[str, NDArray[np.float64] | NDArray[np.int64]] = dict(readings(machine, at))
    if machine.kind is PACKAGING:
        counted = counts(machine, at)
        columns |= {"production_count": counted.made, "good_count": counted.good}
    changed_at, situation = situation_changes(machine, from_s, to_s)
    if repeat_states:
        changed_at = np.union1d(changed_at, at)
        situation = situations(machine, changed_at)
    told = sorted((*_states(machine, changed_at, situation), *_daily(machine, from_s, to_s)), key=lambda one: one.at_s)
    return MachineData(device=machine.device, at_s=at, columns=columns, told=tuple(told))


def _states(machine: Machine, at: Ints, situation: Ints) -> list[Told]:
    raw = [machine.kind.raw_states[known] for known in SITUATIONS]
    return [
        Told(at_s=at_s, metric="state", value=raw[number])
        for at_s, number in zip(at.tolist(), situation.tolist(), strict=True)
    ]


def _daily(machine: Machine, from_s: int, to_s: int) -> list[Told]:
    """Energy, use of the capability and firmware every midnight (UTC), and firmware at its update."""
    at = np.arange(-(-from_s // _DAY_S) * _DAY_S, to_s, _DAY_S, dtype=np.int64)
    energy, use = counts(machine, at).energy_kwh.tolist(), capability_use(machine, at).tolist()
    told: list[Told] = []
    for row, at_s in enumerate(at.tolist()):
        told += (
            Told(at_s=at_s, metric="energy", value=energy[row]),
            Told(at_s=at_s, metric="adaptive_use", value=use[row]),
            Told(at_s=at_s, metric="firmware", value=_firmware(machine, at_s)),
        )
    changed_s = machine.bad_update_s
    if changed_s is not None and from_s <= changed_s < to_s and changed_s % _DAY_S:
        told.append(Told(at_s=changed_s, metric="firmware", value=BAD_FIRMWARE))
    return told


def capability_use(machine: Machine, at: Ints) -> Floats:
    """Share of the day (%) in which the capability was in use, as told at each midnight; 0..100."""
    spread = 1.0 + 0.12 * normal(stream(machine.key, "use"), (at - machine.origin_s) // _DAY_S)
    use: Floats = np.clip(machine.use * spread, 0.0, 100.0).round(1)
    return use


def _firmware(machine: Machine, at_s: int) -> str:
    return FIRMWARE if machine.bad_update_s is None or at_s < machine.bad_update_s else BAD_FIRMWARE
