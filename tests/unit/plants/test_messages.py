"""What goes over the wire says what the machines measured; no more, and in messages of bearable size."""

from datetime import UTC, datetime

import msgspec
import pytest

from deploy.local.plants.fleet import Plant, customers
from deploy.local.plants.generate import MachineData, generate, snapshot
from deploy.local.plants.json_messages import json_messages
from deploy.local.plants.kinds import HOUR_S
from deploy.local.plants.sparkplug_messages import births, data_messages, death
from deploy.local.plants.stretches import HISTORY_STRETCH_S
from services.ingest.decoding.decoder import Decoder
from services.ingest.messages.envelope import Envelope
from services.ingest.sparkplug import SparkplugHost
from shared.sparkplug.decode import metric_properties
from shared.sparkplug.sparkplug_b_pb2 import Payload

STARTED_AT = datetime(2026, 3, 30, 9, 20, tzinfo=UTC)
STARTED_S = int(STARTED_AT.timestamp()) // HOUR_S * HOUR_S
PLANTS = {plant.id: plant for customer in customers(STARTED_AT) for plant in customer.plants}
SPARKPLUG = PLANTS["stellan-ridge"]
JSON = PLANTS["northfield-coast"]
UPDATE_S = STARTED_S - 48 * 86_400 + 9 * HOUR_S

Said = dict[tuple[int, str], float | int | str]


def said(data: MachineData) -> Said:
    periodic = {
        (at_s, name): value
        for name, column in data.columns.items()
        for at_s, value in zip(data.at_s.tolist(), column.tolist(), strict=True)
    }
    return periodic | {(one.at_s, one.metric): one.value for one in data.told}


def envelope(topic: str, payload: bytes) -> Envelope:
    return Envelope(topic, payload, 1, False, STARTED_S * 1_000_000, 1, 1)


def read_sparkplug(payloads: list[bytes]) -> tuple[Said, set[bool]]:
    names: dict[int, str] = {}
    found: Said = {}
    historical = set()
    for payload in payloads:
        message = Payload.FromString(payload)
        for metric in message.metrics:
            if metric.name:
                names[metric.alias] = metric.name
                continue
            historical.add(metric.is_historical)
            found[metric.timestamp // 1000, names[metric.alias]] = getattr(metric, metric.WhichOneof("value"))
    return found, historical


@pytest.mark.parametrize("historical", [True, False])
def test_sparkplug_data_by_alias_is_what_was_measured(historical: bool) -> None:
    born = births(SPARKPLUG, bd_seq=3, known_s=UPDATE_S - HOUR_S, at_ms=STARTED_S * 1000)
    for number, data in enumerate(generate(SPARKPLUG, UPDATE_S - 86_400, UPDATE_S + 86_400, HOUR_S)):
        sent = data_messages(SPARKPLUG, data, seq=born.seq, at_ms=STARTED_S * 1000, historical=historical)
        found, flags = read_sparkplug([born.messages[1 + number].payload, sent.messages[0].payload])
        assert found == said(data)
        assert flags == {historical}
        assert Payload.FromString(sent.messages[0].payload).seq == born.seq
        assert sent.seq == born.seq + 1


@pytest.mark.parametrize("historical", [True, False])
def test_json_is_what_was_measured(historical: bool) -> None:
    for data in generate(JSON, UPDATE_S - 86_400, UPDATE_S + 86_400, HOUR_S):
        readings = [
            reading
            for message in json_messages(JSON, data, historical=historical)
            for reading in msgspec.json.decode(message.payload)
        ]
        found = {
            (reading["timestamp"] // 1000, name): value
            for reading in readings
            for name, value in reading["values"].items()
        }
        assert found == said(data)
        assert all(reading.get("historical", False) is historical for reading in readings)


def test_births_tell_every_metric_with_unit_and_the_values_of_their_moment() -> None:
    born = births(SPARKPLUG, bd_seq=7, known_s=UPDATE_S, at_ms=STARTED_S * 1000)
    node, *devices = [Payload.FromString(message.payload) for message in born.messages]
    assert {metric.name: metric.long_value for metric in node.metrics}["bdSeq"] == 7
    assert [node.seq, *(device.seq for device in devices)] == list(range(len(devices) + 1))
    aliases = [metric.alias for device in devices for metric in device.metrics]
    assert len(set(aliases)) == len(aliases)
    for machine, device in zip(SPARKPLUG.machines, devices, strict=True):
        told = {metric.name: getattr(metric, metric.WhichOneof("value")) for metric in device.metrics}
        assert told == snapshot(machine, UPDATE_S)
        assert {metric.timestamp for metric in device.metrics} == {UPDATE_S * 1000}
        assert all(metric_properties(metric.properties).unit for metric in device.metrics)


def test_the_death_carries_the_number_of_its_birth() -> None:
    message = death(SPARKPLUG, bd_seq=9, at_ms=STARTED_S * 1000)
    assert message.topic == "spBv1.0/demo/NDEATH/stellan-ridge"
    assert Payload.FromString(message.payload).metrics[0].long_value == 9


@pytest.mark.parametrize("plant", PLANTS.values(), ids=lambda plant: plant.id)
def test_a_stretch_of_history_fits_messages_of_a_hundred_kilobytes_that_ingest_can_read(plant: Plant) -> None:
    begin = plant.origin_s + 20 * HISTORY_STRETCH_S
    messages = []
    if plant.sparkplug:
        born = births(plant, bd_seq=0, known_s=begin, at_ms=STARTED_S * 1000)
        messages, seq = list(born.messages), born.seq
    for data in generate(plant, begin, begin + HISTORY_STRETCH_S, HOUR_S):
        if plant.sparkplug:
            sent = data_messages(plant, data, seq=seq, at_ms=STARTED_S * 1000, historical=True)
            messages, seq = messages + list(sent.messages), sent.seq
        else:
            messages += json_messages(plant, data, historical=True)
    decoder, host = Decoder(()), SparkplugHost()
    for message in messages:
        assert len(message.payload) < 100_000
        received = envelope(message.topic, message.payload)
        (decoded,) = host.receive(received) if plant.sparkplug else [decoder.decode(received)]
        assert decoded.reason is None
        assert decoded.rebirth is None


def test_nothing_to_say_is_no_message() -> None:
    silent = PLANTS["tarnwick-works"]
    for data in generate(silent, STARTED_S, STARTED_S + HOUR_S, 10):
        assert data_messages(silent, data, seq=4, at_ms=0, historical=False).messages == ()
        assert list(json_messages(silent, data, historical=False)) == []
