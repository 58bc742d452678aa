"""How much of what a killed mosquitto has acknowledged is lost, by how it saves: a limit of the broker, not ours.

`make drills ARGS="--drill broker-kill"`. Nobody takes the messages meanwhile, as while ingest is away: then all that
came since the broker last saved is lost. While ingest runs, it has nearly everything already.
"""

import json
import time
from collections.abc import Callable, Sequence
from random import Random

import paho.mqtt.client as mqtt

from tests.drills.brokers import chosen_broker
from tests.drills.test_broker_settings import listener
from tests.integration.ingest.rig import plant

SETTINGS = (
    ("as mosquitto comes (autosave_interval 1800)", ""),
    ("autosave_interval 60", "autosave_interval 60\n"),
    ("autosave_interval 5, as shipped", "autosave_interval 5\n"),
    ("autosave_interval 1", "autosave_interval 1\n"),
    ("autosave_on_changes true, every 100", "autosave_on_changes true\nautosave_interval 100\n"),
    ("autosave_on_changes true, every 1", "autosave_on_changes true\nautosave_interval 1\n"),
)
_LIMITS = "max_queued_messages 0\nmax_queued_bytes 0\nmax_inflight_messages 0\n"
_BODY = {f"m{number}": number / 3 for number in range(50)}


def measure(say: Callable[[str], None], *, rate: float, seconds: float, kills: int, seed: int) -> None:
    """For each setting: messages of 50 metrics at `rate` a second, and a kill after about `seconds`."""
    chance = Random(seed)
    for name, settings in SETTINGS:
        lost, acknowledged, took_s = [], [], []
        for _ in range(kills):
            one = _killed_once(_LIMITS + settings, rate, seconds * chance.uniform(0.8, 1.2))
            acknowledged.append(one[0])
            lost.append(one[1])
            took_s.append(one[2])
        say(
            f"{name}: of {_mean(acknowledged):.0f} acknowledged {_mean(lost):.0f} lost on average, {max(lost)} at most,"
            f" the last {max(lost) / rate:.1f} s; slowest acknowledgement {max(took_s):.2f} s"
        )


def _killed_once(settings: str, rate: float, seconds: float) -> tuple[int, int, float]:
    """How many messages were acknowledged, how many of them are gone, and the slowest acknowledgement in seconds."""
    heard: list[int] = []
    with chosen_broker(settings) as broker:
        with listener(broker.port, heard):
            pass
        acknowledged, slowest_s = _publish(broker.url, rate, seconds, broker.kill)
        broker.start()
        with listener(broker.port, heard):
            before = -1
            while len(heard) != before:
                before = len(heard)
                time.sleep(1)
    return len(acknowledged), len(acknowledged - set(heard)), slowest_s


def _publish(url: str, rate: float, seconds: float, kill: Callable[[], None]) -> tuple[set[int], float]:
    sent: dict[int, tuple[int, float]] = {}
    acknowledged: set[int] = set()
    waits = [0.0]

    def on_publish(_client: mqtt.Client, _data: object, mid: int, *_: object) -> None:
        number, at = sent.get(mid, (mid - 1, time.monotonic()))
        acknowledged.add(number)
        waits.append(time.monotonic() - at)

    with plant(url) as client:
        client.on_publish = on_publish
        began, number = time.monotonic(), 0
        while time.monotonic() < began + seconds:
            if number < (time.monotonic() - began) * rate:
                at = time.monotonic()
                mid = client.publish("bellwether/v1/p/d", json.dumps({"timestamp": number, "values": _BODY}), qos=1).mid
                sent[mid] = (number, at)
                number += 1
            else:
                time.sleep(0.001)
        kill()
        time.sleep(0.2)
        done = set(acknowledged)
        client.disconnect()
    return done, max(waits)


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers)
