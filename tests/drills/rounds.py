"""Rounds of trouble under load: after each, what was acknowledged is in the table once, and nothing else is."""

import time
from collections.abc import Callable, Sequence
from random import Random

from tests.drills.ledger import Verdict
from tests.drills.scene import Scene, scene
from tests.drills.troubles import TROUBLES, Trouble

RATE = 60.0
"""Messages a second of each plant."""


class DrillError(AssertionError):
    """What was promised and is not so; with the seed that does it again."""


def run_rounds(
    seed: int,
    rounds: int,
    say: Callable[[str], None],
    *,
    names: Sequence[str] = (),
    slow: bool = False,
    replicas: int = 1,
) -> int:
    """Raise DrillError for the first round that breaks the promise; return how many samples were held against it."""
    chance = Random(seed)
    began = time.monotonic()

    def tell(what: str) -> None:
        say(f"{time.monotonic() - began:7.1f} s  {what}")

    tell(f"seed {seed}")
    with scene(tell) as stage:
        shared = {"broker_shared_group": "drill"} if replicas > 1 else {}
        for _ in range(replicas):
            stage.add_ingest(**shared)
        stage.await_ingest()
        for number, qos in enumerate((1, 2, 1)):
            stage.add_plant(f"plant-{number}", qos=qos, rate=RATE, seed=seed + number)
        edge = stage.add_edge("edge-0", rate=RATE / 3)
        troubles = _deal(chance, rounds, [t for t in TROUBLES if _possible(t, stage, names, slow=slow)])
        for number, trouble in enumerate(troubles, 1):
            _round(stage, chance, number, trouble, troubles)
            _hold(stage.verdict(trouble.well_within_s), seed, stage)
        for one in (*stage.plants, edge):
            one.finish()
        _hold(stage.verdict(60.0), seed, stage)
        tell(_summary(stage))
        return sum(len(plant.said().acknowledged) for plant in stage.plants)


def _possible(trouble: Trouble, stage: Scene, names: Sequence[str], *, slow: bool) -> bool:
    if (trouble.needs_disks and not stage.disks) or (trouble.not_shared and len(stage.ingests) > 1):
        return False
    return any(name in trouble.name for name in names) if names else slow or not trouble.slow


def _deal(chance: Random, rounds: int, troubles: Sequence[Trouble]) -> list[Trouble]:
    """Every trouble in turn, each turn in another order."""
    dealt: list[Trouble] = []
    while len(dealt) < rounds:
        dealt += chance.sample(troubles, len(troubles))
    return dealt[:rounds]


def _round(stage: Scene, chance: Random, number: int, trouble: Trouble, others: Sequence[Trouble]) -> None:
    """One trouble, and in two rounds of three another while it lasts: most often ingest is killed on top of it."""
    time.sleep(chance.uniform(0.3, 2.0))
    struck = [trouble]
    second = chance.choice((TROUBLES[0], chance.choice(others)))
    if chance.random() < 2 / 3 and second is not trouble and not second.slow:
        struck.append(second)
    for one in struck:
        stage.say(f"round {number}: {one.name}")
        one.strike(stage, chance)
        _wait(stage, chance.uniform(one.least_s, one.most_s))
    stage.recover()


def _wait(stage: Scene, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        stage.keep()
        time.sleep(0.05)


def _hold(verdict: Verdict, seed: int, stage: Scene) -> None:
    if verdict.good:
        return
    tail = "\n".join(ingest.log.read_text(errors="replace")[-3000:] for ingest in stage.ingests)
    raise DrillError(f"seed {seed}\n{verdict}\n{tail}")


def _summary(stage: Scene) -> str:
    acknowledged = sum(len(plant.said().acknowledged) for plant in stage.plants)
    ended = sum(ingest.ended_by_itself for ingest in stage.ingests)
    memory = max(ingest.rss_mb for ingest in stage.ingests)
    return f"{acknowledged} messages acknowledged; ingest ended by itself {ended} times and held {memory:.0f} MB"
