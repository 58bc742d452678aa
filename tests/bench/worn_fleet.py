"""Seeded customers whose machines wear out, fail and are mended: what a backtest of made-up fleets is judged on.

Wear grows in proportion to itself until a damage of each machine's own, at which it fails; some failures come without
any wear. A repair takes half a day, restores the machine, and is no event of its own: states alone tell.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from services.health.block import AssetBlock, CustomerBlock, StateSamples
from services.health.prognostic_assessment.remaining_life.life_days import life_days
from services.health.prognostic_assessment.remaining_life.lives import Life, lives_of
from services.health.state_detection.condition import advance_condition
from tests.unit.health.condition_fleet import START_S, hours_of, pump
from tests.unit.health.worlds import DECODER, START, customer

Floats = NDArray[np.float64]
REPAIR_S = 12 * 3600.0


@dataclass(frozen=True, kw_only=True)
class Habit:
    """How machines of a fleet fail. worn: the share of failures that wear led to. damage: the median of what a machine
    bears, in sigmas, log-normal with 0.3. doubling: between how many days wear doubles."""

    worn: float = 0.8
    damage: float = 8.0
    doubling: tuple[float, float] = (5.0, 40.0)


def worn_customer(seed: int, machines: int, days: int) -> CustomerBlock:
    """A customer of such machines, observed for so many days."""
    block = customer([worn_machine(1000 * seed + n, 100 * seed + n + 1, days) for n in range(machines)])
    return replace(block, customer_id=seed + 1, name=f"Customer {seed + 1}")


def worn_machine(
    seed: int,
    asset_id: int,
    days: int,
    first_life: int | None = None,
    habit: Habit = Habit(),
) -> AssetBlock:
    """One machine from new; first_life: days to its first failure, by wear, where that is given."""
    rng = np.random.default_rng((seed, 41))
    wear, failed, day = np.zeros(days), [], 0
    while day < days:
        life = int(rng.integers(50, 400)) if first_life is None or day else first_life
        worn = rng.random() < habit.worn or (first_life is not None and not day)
        damage, doubling = habit.damage * np.exp(0.3 * rng.standard_normal()), rng.uniform(*habit.doubling)
        age = np.arange(min(life, days - day))
        wear[day : day + life] = damage * 2.0 ** ((age - life) / doubling) if worn else 0.0
        day += life
        if day < days:
            failed.append(day)
    at, states = [0.0], ["RUN"]
    for one in failed:
        at += [one * 86_400.0, one * 86_400.0 + REPAIR_S]
        states += ["FAULT", "RUN"]
    block = pump(seed=seed, days=days, wear=wear)
    return replace(
        block,
        asset_id=asset_id,
        name=f"Pump {asset_id}",
        line_id=1,
        state_decoder=DECODER,
        states=StateSamples(at=START.timestamp() + np.array(at), state=tuple(states), max_hold_s=1e9),
        source_ids=(1,),
    )


def made_up_lives(habit: Habit, seed: int, days: int) -> list[Life]:
    """Lives of one such machine, as the health service keeps them."""
    block = worn_machine(seed, 1, days, habit=habit)
    states = block.states
    if states is None:
        raise ValueError("a made-up machine tells its states")
    hours = hours_of(block)
    failed = (states.at[1::2] - START.timestamp()) + START_S
    down = ((hours[:, None] >= failed) & (hours[:, None] < failed + REPAIR_S)).any(axis=1)
    mended = (np.abs(hours[:, None] - failed - REPAIR_S) < 1800).any(axis=1)
    said = advance_condition(None, block, ~down, hours, mended)[1]
    kept = life_days(block, ~down, START_S, said)
    return list(lives_of(kept, failed / 86_400, seed))
