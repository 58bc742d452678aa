"""Plants at a real broker: history first, then the present; nothing twice told differently, nothing left out."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from pydantic import SecretStr

from deploy.local.plants import progress
from deploy.local.plants.publisher import PublisherOptions, publish
from services.ingest.decoding.decoder import Decoder
from services.ingest.messages.envelope import Envelope
from services.ingest.messages.readings import Reading
from services.ingest.sparkplug import SparkplugHost
from shared.settings import BrokerSettings
from shared.sparkplug import rebirth_command
from tests.mosquitto import Broker, running_broker

STARTED_S = 1_774_861_200
STARTED_AT = datetime.fromtimestamp(STARTED_S, UTC)
DAY_S = 86_400
PATIENCE_S = 90.0

pytestmark = pytest.mark.needs_broker


class Sink:
    """Everything that ingest would read, by (source, device, metric, time)."""

    def __init__(self, port: int) -> None:
        self.values: dict[tuple[str, str, str, int], object] = {}
        self.newest: dict[str, int] = {}
        self.historical: dict[tuple[str, int], bool] = {}
        self.deaths: list[str] = []
        self.problems: list[str] = []
        self._decoder, self._host = Decoder(), SparkplugHost()
        self._lock = threading.Lock()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self._client.on_message = self._take
        self._client.connect("127.0.0.1", port)
        self._client.subscribe([("bellwether/v1/#", 1), ("spBv1.0/#", 0)])
        self._client.loop_start()

    def command(self, topic: str, payload: bytes) -> None:
        self._client.publish(topic, payload, qos=0)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def through(self, source: str) -> int:
        """Newest instant of which a source told anything that it knew, Unix seconds."""
        return self.newest.get(source, 0)

    def forget(self) -> None:
        """Start over."""
        with self._lock:
            self.values.clear()
            self.newest.clear()

    def hours(self, source: str, device: str, metric: str) -> list[int]:
        """Instants of one series."""
        wanted = (source, device, metric)
        with self._lock:
            return sorted(at_s for *series, at_s in self.values if tuple(series) == wanted)

    def _take(self, _client: object, _userdata: object, message: mqtt.MQTTMessage) -> None:
        envelope = Envelope(message.topic, message.payload, message.qos, False, (STARTED_S + DAY_S) * 1_000_000, 1, 1)
        sparkplug = message.topic.startswith("spBv1.0/")
        for decoded in self._host.receive(envelope) if sparkplug else [self._decoder.decode(envelope)]:
            if decoded.reason is not None:
                self.problems.append(decoded.reason)
            if decoded.alive is False:
                self.deaths += [silence.source for silence in decoded.silences]
            with self._lock:
                for reading in decoded.readings:
                    self._keep(reading)

    def _keep(self, reading: Reading) -> None:
        at_s = reading.observed_us // 1_000_000
        for name, value in [*zip(reading.metrics, reading.values.tolist(), strict=True), *reading.texts]:
            key = (reading.source, reading.device, name, at_s)
            if self.values.setdefault(key, value) != value:
                self.problems.append(f"{key} was {self.values[key]} and is {value}")
            if value is not None:
                self.newest[reading.source] = max(at_s, self.newest.get(reading.source, 0))
        self.historical[reading.source, at_s] = reading.historical


@pytest.fixture
def broker() -> Iterator[Broker]:
    with running_broker() as running:
        yield running


@pytest.fixture
def sink(broker: Broker) -> Iterator[Sink]:
    opened = Sink(broker.port)
    yield opened
    opened.close()


@contextmanager
def publishing(broker: Broker, directory: Path, clock: Callable[[], float]) -> Iterator[None]:
    stopped = threading.Event()
    options = PublisherOptions(
        broker=BrokerSettings(broker_url=SecretStr(broker.url)),
        state_directory=directory,
        started_at=STARTED_AT,
        since_s=STARTED_S - 5 * DAY_S,
        interval_s=10,
    )
    thread = threading.Thread(target=publish, args=(options, clock, stopped))
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "what was waited for did not come"
        time.sleep(0.05)


ALIVE = (
    "bellwether/v1/marisol-intake",
    "bellwether/v1/northfield-coast",
    "bellwether/v1/northfield-inland",
    "bellwether/v1/hollowmere-dairy",
    "bellwether/v1/quillon-works",
    "bellwether/v1/brackwater-hall",
    "spBv1.0/demo/kestrel-mill",
    "spBv1.0/demo/stellan-ridge",
)
SILENT = "spBv1.0/demo/tarnwick-works"


def test_history_comes_whole_and_a_stop_is_made_up_for(broker: Broker, sink: Sink, tmp_path: Path) -> None:
    with publishing(broker, tmp_path, lambda: STARTED_S):
        wait_until(lambda: all(sink.through(source) == STARTED_S for source in ALIVE))
        wait_until(lambda: sink.deaths == [SILENT])
    later = STARTED_S + 7_200
    with publishing(broker, tmp_path, lambda: later):
        wait_until(lambda: all(sink.through(source) == later for source in ALIVE))
    assert sink.problems == []
    assert STARTED_S - 4 * DAY_S - 3_600 <= sink.through(SILENT) < STARTED_S - 4 * DAY_S
    assert sink.values[SILENT, "feed-pump-1", "state", STARTED_S] is None
    expected = list(range(STARTED_S - 5 * DAY_S, later + 1, 3_600))
    assert sink.hours(ALIVE[0], "intake-pump-2", "vibration") == expected
    assert sink.hours(ALIVE[7], "compressor-a", "vibration") == expected
    assert all(sink.historical[source, STARTED_S - DAY_S] for source in ALIVE)


def test_the_present_is_told_every_interval_and_not_as_history(broker: Broker, sink: Sink, tmp_path: Path) -> None:
    ticking = iter(range(STARTED_S, STARTED_S + 100_000, 10))
    with publishing(broker, tmp_path, lambda: next(ticking)):
        wait_until(lambda: all(sink.through(source) >= STARTED_S + 30 for source in ALIVE))
    live = [at_s for at_s in sink.hours(ALIVE[0], "intake-pump-1", "speed") if at_s > STARTED_S]
    assert len(live) >= 3
    assert all(at_s % 10 == 0 for at_s in live)
    assert not any(sink.historical[ALIVE[0], at_s] for at_s in live)


def test_a_host_that_asks_for_births_gets_everything_unconfirmed_again(
    broker: Broker, sink: Sink, tmp_path: Path
) -> None:
    source, now_s = "spBv1.0/demo/kestrel-mill", [STARTED_S]
    with publishing(broker, tmp_path, lambda: now_s[0]):
        wait_until(lambda: sink.through(source) == STARTED_S)
        sink.forget()
        now_s[0] += 1
        sink.command("spBv1.0/demo/NCMD/kestrel-mill", rebirth_command(timestamp_ms=STARTED_S * 1000))
        wait_until(lambda: sink.through(source) == STARTED_S)
        wait_until(lambda: len(sink.hours(source, "stock-pump-1", "vibration")) == 5 * 24 + 1)
    assert sink.problems == []


def test_json_progress_is_kept_as_soon_as_the_broker_has_acknowledged(
    broker: Broker, sink: Sink, tmp_path: Path
) -> None:
    def through(plant: str) -> int:
        kept = progress.load(tmp_path, plant)
        return 0 if kept is None else kept.through_s

    with publishing(broker, tmp_path, lambda: STARTED_S):
        wait_until(lambda: through("marisol-intake") >= STARTED_S)
        assert sink.problems == []
    assert progress.load(tmp_path, "kestrel-mill") is None


def test_the_first_start_is_remembered(tmp_path: Path) -> None:
    first = progress.first_started_at(tmp_path, STARTED_AT)
    assert first == STARTED_AT
    assert progress.first_started_at(tmp_path, datetime(2030, 1, 1, tzinfo=UTC)) == STARTED_AT
