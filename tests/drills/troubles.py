"""What can go wrong. Afterwards `Scene.recover` puts right whatever was struck."""

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from tests.drills.proxy import Direction
from tests.drills.scene import Scene


class Trouble(NamedTuple):
    """It strikes and lasts between `least_s` and `most_s`; once it is over all is to be well within `well_within_s`."""

    name: str
    strike: Callable[[Scene, Random], None]
    least_s: float = 0.0
    most_s: float = 3.0
    needs_disks: bool = False
    not_shared: bool = False
    """Not where several share the load: what mosquitto forgets then, test_broker_settings.py shows."""
    slow: bool = False
    well_within_s: float = 60.0


_WAYS: tuple[Direction, ...] = ("up", "down", "both")


TROUBLES = (
    Trouble("ingest is killed", lambda scene, chance: chance.choice(scene.ingests).kill()),
    Trouble("the database is killed", lambda scene, _: scene.server.kill()),
    Trouble("the broker restarts", lambda scene, _: scene.stop_broker(), not_shared=True),
    Trouble("connections to the database are reset", lambda scene, _: scene.to_database.reset()),
    Trouble("the database cannot be reached", lambda scene, _: scene.to_database.refuse()),
    Trouble("the line to the database stalls", lambda s, chance: s.to_database.stall(chance.choice(_WAYS)), most_s=6.0),
    Trouble("what goes to or from the database is lost", lambda s, chance: s.to_database.lose(chance.choice(_WAYS))),
    Trouble("connections to the broker are reset", lambda scene, _: scene.to_broker.reset()),
    Trouble("the broker cannot be reached", lambda scene, _: scene.to_broker.refuse()),
    Trouble("the line to the broker stalls", lambda s, chance: s.to_broker.stall(chance.choice(_WAYS)), most_s=6.0),
    Trouble("what goes to or from the broker is lost", lambda s, chance: s.to_broker.lose(chance.choice(_WAYS))),
    Trouble("plants lose the broker", lambda scene, _: scene.to_plants.refuse()),
    Trouble("the data disk is full", lambda scene, _: scene.disks["data"].fill(), 1.0, 4.0, needs_disks=True),
    Trouble("the log disk is full", lambda scene, _: scene.disks["wal"].fill(), 1.0, 4.0, needs_disks=True),
    Trouble("the spool's disk is full", lambda scene, _: scene.disks["spool"].fill(), 1.0, 4.0, needs_disks=True),
    Trouble(
        "the broker forgot us and did not say",
        lambda scene, _: scene.to_broker.half_open(),
        least_s=60.0,
        most_s=150.0,
        slow=True,
        well_within_s=120.0,
    ),
    Trouble(
        "the database forgot us and did not say",
        lambda scene, _: scene.to_database.half_open(),
        least_s=5.0,
        most_s=60.0,
        slow=True,
        well_within_s=120.0,
    ),
)
