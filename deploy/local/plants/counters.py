"""Counters of a machine: packs, good packs, and energy, counted since the machine's origin.

Each hour counts a whole number, so that sums are exact whatever the order; sums up to the start of a block of hours
are kept, since they never change.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from deploy.local.plants.kinds import COMPRESSOR, HOUR_S, PACKAGING, PUMP
from deploy.local.plants.machine import Machine, running_s
from deploy.local.plants.noise import Floats, Ints, normal, stream
from deploy.local.plants.physics import PACKS_PER_MINUTE, demand
from deploy.local.plants.wear import wear

_BLOCK_HOURS = 2_048
_NOMINAL_KW = {PUMP.id: 75.0, COMPRESSOR.id: 110.0, PACKAGING.id: 9.0}


@dataclass(frozen=True, kw_only=True)
class Counts:
    """Counter readings, shape (n,): packs made, good packs, kWh taken."""

    made: Ints
    good: Ints
    energy_kwh: Ints


def counts(machine: Machine, at: Ints) -> Counts:
    """Counter readings at each Unix second of `at`, which does not fall; 0 before the machine's origin."""
    made, good, energy = (np.zeros(at.shape, dtype=np.int64) for _ in range(3))
    hour = at // HOUR_S
    block = hour // _BLOCK_HOURS
    for number in np.unique(block[at >= machine.origin_s]):
        here = (block == number) & (at >= machine.origin_s)
        before, within = _before(machine, int(number)), _in_block(machine, int(number))
        inside = hour[here] - number * _BLOCK_HOURS
        partial = _counted(machine, hour[here], at[here])
        made[here], good[here], energy[here] = (before[row] + within[row][inside] + partial[row] for row in range(3))
    return Counts(made=made, good=good, energy_kwh=energy)


def _counted(machine: Machine, hour: Ints, until_s: Ints) -> tuple[Ints, Ints, Ints]:
    """What each hour has counted when it is `until_s`."""
    middle = hour * HOUR_S + HOUR_S // 2
    busy_s = running_s(machine, hour, until_s)
    speed = demand(machine, middle)
    rejects = 0.01 * (1 + 5 * wear(machine.cycles, middle)) * (1 + 0.15 * _uneven(machine, hour))
    made = np.floor(PACKS_PER_MINUTE * speed * busy_s / 60)
    good = np.floor(made * (1 - rejects))
    energy = np.floor(_NOMINAL_KW[machine.kind.id] * speed * speed * speed * busy_s / HOUR_S)
    return made.astype(np.int64), good.astype(np.int64), energy.astype(np.int64)


def _uneven(machine: Machine, hour: Ints) -> Floats:
    return normal(stream(machine.key, "rejects"), hour - machine.origin_s // HOUR_S)


@lru_cache(maxsize=1_024)
def _in_block(machine: Machine, block: int) -> tuple[Ints, Ints, Ints]:
    """Counts from the start of the block to the start of each of its hours and to its end; hours before the origin
    count nothing. Shapes (_BLOCK_HOURS + 1,)."""
    hour = np.arange(block * _BLOCK_HOURS, (block + 1) * _BLOCK_HOURS, dtype=np.int64)
    counted = _counted(machine, hour, (hour + 1) * HOUR_S)
    lived = hour * HOUR_S >= machine.origin_s
    made, good, energy = (np.concatenate([[0], np.cumsum(np.where(lived, count, 0))]) for count in counted)
    return made, good, energy


@lru_cache(maxsize=1_024)
def _before(machine: Machine, block: int) -> tuple[int, int, int]:
    """Counts from the machine's origin to the start of the block."""
    if block * _BLOCK_HOURS * HOUR_S <= machine.origin_s:
        return 0, 0, 0
    before, within = _before(machine, block - 1), _in_block(machine, block - 1)
    return before[0] + int(within[0][-1]), before[1] + int(within[1][-1]), before[2] + int(within[2][-1])
