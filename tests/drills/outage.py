"""The database away for minutes, at 20,000 samples a second at QoS 1, with a Sparkplug node beside them.

`make drills ARGS="--drill outage --minutes 10"`. No sample is lost; how much memory that takes, and how long it takes
to catch up while as much as before still comes.
"""

import time
from collections.abc import Callable
from pathlib import Path

import psutil

from tests.drills.ledger import Said, Verdict, judge
from tests.drills.processes import PlantProcess
from tests.drills.scene import Scene, scene
from tests.process_memory import peak_rss_mb

PLANTS, RATE, METRICS = 4, 100.0, 50
EDGE_RATE = 40.0
_WARM_UP_S = 20.0
_SERVER = {"shared_buffers": "256MB", "max_wal_size": "2GB", "checkpoint_timeout": "15min", "wal_compression": "on"}


def run_outage(minutes: float, say: Callable[[str], None], *, seed: int) -> Verdict:
    """The verdict over everything that was sent, the figures told on the way."""
    began = time.monotonic()

    def tell(what: str) -> None:
        say(f"{time.monotonic() - began:7.1f} s  {what}")

    with scene(tell, disks=False, **_SERVER) as stage:
        ingest = stage.add_ingest()
        stage.await_ingest()
        for number in range(PLANTS):
            stage.add_plant(f"plant-{number}", qos=1, rate=RATE, seed=seed + number, metrics=METRICS, twice=0.0)
        edge = stage.add_edge("edge-0", rate=EDGE_RATE, metrics=METRICS)
        try:
            tell(f"{PLANTS * RATE * METRICS:.0f} samples/s at QoS 1, {EDGE_RATE * METRICS:.0f} by Sparkplug at QoS 0")
            _sleep(stage, _WARM_UP_S)
            stage.server.kill()
            tell(f"the database is away for {minutes:g} minutes; ingest {ingest.rss_mb:.0f} MB")
            for _ in range(round(minutes * 2)):
                _sleep(stage, 30.0)
                tell(f"ingest {ingest.rss_mb:.0f} MB at most, mosquitto {_mosquitto_mb(stage):.0f}, {_spooled(stage)}")
            stage.server.await_ready()
            back = time.monotonic()
            tell("the database is back")
            _await_caught_up(stage, tell)
            tell(f"caught up after {time.monotonic() - back:.0f} s, while everybody went on talking")
            return _final(stage, edge, tell)
        finally:
            edge.kill()


def _final(stage: Scene, edge: PlantProcess, tell: Callable[[str], None]) -> Verdict:
    for plant in stage.plants:
        plant.finish()
    edge.finish()
    deadline = time.monotonic() + 120
    while True:
        said = {plant.device: plant.said() for plant in stage.plants}
        sent = edge.said().sent
        said[edge.device] = Said(sent, sent)
        verdict = judge(said, stage.stored(), METRICS)
        if verdict.good or time.monotonic() > deadline:
            break
        time.sleep(1)
    promised = sum(len(one.acknowledged) for one in said.values()) * METRICS
    ingest = stage.ingests[0]
    tell(
        f"{promised} samples acknowledged or sent by Sparkplug; ingest held {ingest.rss_mb:.0f} MB at most and ended"
        f" by itself {ingest.ended_by_itself} times, mosquitto held {_mosquitto_mb(stage):.0f} MB at most"
    )
    return verdict


def _sleep(stage: Scene, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        stage.keep()
        time.sleep(0.1)


def _await_caught_up(stage: Scene, tell: Callable[[str], None]) -> None:
    """Until each plant's newest stored reading is at most two seconds behind its newest acknowledged one."""
    told = time.monotonic()
    while True:
        _sleep(stage, 0.5)
        behind = [max(plant.said().acknowledged) - _newest(stage, plant.device) for plant in stage.plants]
        if max(behind) <= 2 * RATE:
            return
        if time.monotonic() - told > 10:
            told = time.monotonic()
            tell(f"behind by {max(behind) / RATE:.0f} s")


def _newest(stage: Scene, device: str) -> int:
    query = (
        "SELECT (extract(epoch FROM max(x.observed_at)) * 1000)::bigint FROM samples x JOIN series s USING (series_id)"
        " JOIN devices d USING (device_id) WHERE d.name = %s AND s.metric = 'm0'"
    )
    with stage.connection() as conn:
        row = conn.execute(query, [device]).fetchone()
    return (int(row[0]) - stage.first_ms) // 1000 if row and row[0] else 0


def _mosquitto_mb(stage: Scene) -> float:
    for process in psutil.process_iter(["cmdline"]):
        if str(stage.directory / "mosquitto" / "mosquitto.conf") in (process.info["cmdline"] or []):
            return peak_rss_mb(process.pid)
    return 0.0


def _spooled(stage: Scene) -> str:
    spool = stage.directory / "ingest-0" / "spool"
    size = sum(path.stat().st_size for path in Path(spool).glob("*")) if spool.exists() else 0
    return f"spool {size / 1e6:.0f} MB"
