"""The host profile of Sparkplug 3.0 on a real broker, assertion by assertion."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, Queue

import paho.mqtt.client as mqtt
import pytest

from services.ingest.mqtt.inbox import Inbox
from services.ingest.mqtt.sparkplug_sessions import SparkplugSessions
from services.ingest.sparkplug.host_role import HostRole
from shared.settings import BrokerSettings
from shared.sparkplug import parse_state, state_payload
from shared.sparkplug.decode import parse_payload
from tests.integration.ingest.host_profile import ASSERTIONS, NOT_SHOWN, shown, shows
from tests.integration.ingest.rig import eventually, plant, running_ingest, until, value
from tests.mosquitto import Broker
from tests.mqtt_recording import CONNECT, DISCONNECT, PUBLISH, SUBACK, SUBSCRIBE, Connect, Publish, Recording, recording
from tests.sparkplug_edge import EdgeNode, lost, running_edge, swapped

pytestmark = pytest.mark.needs_broker

STATE = "spBv1.0/STATE/bellwether"
_SOON_MS = 30_000


class Host:
    """A host session whose packets are recorded."""

    def __init__(self, recorded: Recording, version: str) -> None:
        self._recorded = recorded
        self._version5 = version == "5"
        settings = BrokerSettings(broker_url=recorded.url, broker_mqtt_version=version)
        self._sessions = SparkplugSessions(settings, Inbox())

    def come(self) -> None:
        """Go online."""
        until(lambda: self._sessions.take_role(HostRole.HOST) or self._sessions.online)

    def leave(self) -> None:
        """Go offline on purpose."""
        self._sessions.take_role(HostRole.GONE)

    @property
    def superseded(self) -> bool:
        return self._sessions.superseded

    def come_again_newer_than(self, timestamp_ms: int) -> None:
        """Go on until a connection with a newer time is online."""
        until(lambda: self.come() or said(self.connects()[-1])[1] > timestamp_ms)
        self.come()

    def come_again(self) -> None:
        """Go online on a new connection, after the one there was has been cut."""
        self._recorded.cut()
        until(lambda: not self._sessions.online)
        self.come()

    def connects(self) -> list[Connect]:
        return self._recorded.connects(version5=self._version5)

    def publishes(self) -> list[Publish]:
        return self._recorded.publishes(version5=self._version5)

    def subscribed(self) -> set[str]:
        return self._recorded.subscribed(version5=self._version5)


@contextmanager
def hosting(broker: Broker, version: str = "5") -> Iterator[tuple[Host, Recording]]:
    with recording(broker.port) as recorded:
        host = Host(recorded, version)
        host.come()
        try:
            yield host, recorded
        finally:
            host.leave()


@contextmanager
def states(broker: Broker) -> Iterator[tuple[mqtt.Client, Queue[Publish]]]:
    """What an edge node hears of the host, and a client to speak in its place."""
    heard: Queue[Publish] = Queue()
    with plant(broker.url) as client:
        client.on_message = lambda _c, _d, m: heard.put(Publish(m.topic, m.payload, m.qos, m.retain))
        client.subscribe(STATE, qos=1)
        yield client, heard


def said(state: Publish | Connect) -> tuple[bool, int]:
    found = parse_state(state.payload if isinstance(state, Publish) else state.will_payload)
    assert found is not None
    return found


def await_state(heard: "Queue[Publish]", *, online: bool, timestamp_ms: int) -> None:
    while said(heard.get(timeout=10)) != (online, timestamp_ms):
        pass


def is_now(timestamp_ms: int) -> bool:
    return abs(time.time() * 1000 - timestamp_ms) < _SOON_MS


@pytest.mark.parametrize("version", ["5", "3.1.1"])
@shows(
    "host-topic-phid-death-required",
    "host-topic-phid-death-topic",
    "host-topic-phid-death-payload",
    "host-topic-phid-death-qos",
    "host-topic-phid-death-retain",
    "operational-behavior-host-application-connect-will",
    "operational-behavior-host-application-connect-will-topic",
    "operational-behavior-host-application-connect-will-payload",
    "operational-behavior-host-application-connect-will-qos",
    "operational-behavior-host-application-connect-will-retained",
    "payloads-state-will-message",
    "payloads-state-will-message-payload",
    "payloads-state-will-message-qos",
    "payloads-state-will-message-retain",
    "message-flow-phid-sparkplug-clean-session-311",
    "message-flow-phid-sparkplug-clean-session-50",
)
def test_the_host_connects_with_its_death_as_the_will_and_no_session_to_keep(broker, version):
    with hosting(broker, version) as (host, _):
        (connect,) = host.connects()
        online, timestamp_ms = said(connect)
        assert (connect.will_topic, connect.will_qos, connect.will_retained) == (STATE, 1, True)
        assert not online
        assert is_now(timestamp_ms)
        assert (connect.clean, connect.session_expiry_s) == (True, 0)


@pytest.mark.parametrize("version", ["5", "3.1.1"])
@shows(
    "conformance-primary-host",
    "components-ph-state",
    "intro-sparkplug-host-state",
    "principles-birth-certificates-order",
    "host-topic-phid-birth-message",
    "host-topic-phid-birth-sub-required",
    "host-topic-phid-birth-required",
    "host-topic-phid-birth-topic",
    "host-topic-phid-birth-qos",
    "host-topic-phid-birth-retain",
    "host-topic-phid-birth-payload",
    "host-topic-phid-birth-payload-timestamp",
    "message-flow-phid-sparkplug-subscription",
    "message-flow-phid-sparkplug-state-publish",
    "message-flow-phid-sparkplug-state-publish-payload",
    "message-flow-phid-sparkplug-state-publish-payload-timestamp",
    "operational-behavior-host-application-connect-birth",
    "operational-behavior-host-application-connect-birth-topic",
    "operational-behavior-host-application-connect-birth-payload",
    "operational-behavior-host-application-connect-birth-qos",
    "operational-behavior-host-application-connect-birth-retained",
    "payloads-state-subscribe",
    "payloads-state-birth",
    "payloads-state-birth-payload",
)
def test_the_first_that_the_host_says_once_it_is_subscribed_is_its_birth_with_the_time_of_its_will(broker, version):
    with hosting(broker, version) as (host, recorded):
        assert recorded.kinds() == [CONNECT, SUBSCRIBE, SUBACK, PUBLISH]
        assert host.subscribed() == {STATE, "spBv1.0/#"}
        (birth,) = host.publishes()
        assert (birth.topic, birth.qos, birth.retained) == (STATE, 1, True)
        assert said(birth) == (True, said(host.connects()[0])[1])
        with states(broker) as (_, heard):
            told = heard.get(timeout=10)
        assert (told.retained, told.payload) == (True, birth.payload)


@shows(
    "host-topic-phid-death-payload-timestamp-disconnect-clean",
    "operational-behavior-host-application-termination",
    "operational-behavior-host-application-disconnect-intentional",
    "operational-behavior-host-application-death-topic",
    "operational-behavior-host-application-death-payload",
    "operational-behavior-host-application-death-qos",
    "operational-behavior-host-application-death-retained",
)
def test_leaving_on_purpose_the_host_says_its_death_of_that_moment_and_disconnects(broker):
    with hosting(broker) as (host, recorded):
        time.sleep(0.05)
        host.leave()
        until(lambda: DISCONNECT in recorded.kinds())
        assert recorded.kinds()[-2:] == [PUBLISH, DISCONNECT]
        birth, death = host.publishes()
        assert (death.topic, death.qos, death.retained) == (STATE, 1, True)
        online, timestamp_ms = said(death)
        assert not online
        assert timestamp_ms > said(birth)[1]
        assert is_now(timestamp_ms)
        with states(broker) as (_, heard):
            assert heard.get(timeout=10).payload == death.payload


@shows(
    "host-topic-phid-birth-payload-timestamp",
    "operational-behavior-primary-application-state-with-multiple-servers-state",
    "operational-behavior-primary-application-state-with-multiple-servers-state-subs",
)
def test_each_connection_has_a_time_of_its_own_in_will_and_birth_and_nothing_goes_before_the_birth(broker):
    with hosting(broker) as (host, recorded), states(broker) as (_, heard):
        first = said(heard.get(timeout=10))
        host.come_again()
        assert said(heard.get(timeout=10)) == (False, first[1])
        again = said(heard.get(timeout=10))
        assert again == (True, said(host.connects()[1])[1])
        assert again[1] > first[1]
        kinds = recorded.kinds()
        second = kinds.index(CONNECT, 1)
        assert kinds[second : second + 4] == [CONNECT, SUBSCRIBE, SUBACK, PUBLISH]
        # The will of the first connection, retained until then, is what the second is delivered and contradicts.
        assert {said(publish) for publish in host.publishes()[1:]} == {again}


@shows("message-flow-hid-sparkplug-state-message-delivered")
def test_a_host_that_is_called_offline_says_at_once_that_it_is_online_with_the_time_of_its_birth(broker):
    with hosting(broker) as (host, _), states(broker) as (client, heard):
        birth = heard.get(timeout=10)
        client.publish(STATE, state_payload(online=False, timestamp_ms=1), qos=1, retain=True)
        assert said(heard.get(timeout=10)) == (False, 1)
        answer = heard.get(timeout=10)
        assert said(answer) == said(birth)
        assert all(publish[1:] == (birth.payload, 1, True) for publish in host.publishes())


def test_a_host_that_is_called_offline_later_than_its_birth_comes_again_with_a_newer_one(broker):
    with hosting(broker) as (host, _), states(broker) as (client, heard):
        birth = said(heard.get(timeout=10))
        later_ms = birth[1] + 3_600_000
        client.publish(STATE, state_payload(online=False, timestamp_ms=later_ms), qos=1, retain=True)
        assert said(heard.get(timeout=10)) == (False, later_ms)
        assert said(heard.get(timeout=10)) == birth
        host.come_again_newer_than(later_ms)
        await_state(heard, online=True, timestamp_ms=later_ms + 1)
        host.leave()
        await_state(heard, online=False, timestamp_ms=later_ms + 2)


def test_a_host_that_follows_one_whose_clock_was_ahead_is_born_after_it_all_the_same(broker):
    ahead_ms = time.time_ns() // 1_000_000 + 3_600_000
    with states(broker) as (client, heard):
        client.publish(STATE, state_payload(online=False, timestamp_ms=ahead_ms), qos=1, retain=True)
        assert said(heard.get(timeout=10)) == (False, ahead_ms)
        with hosting(broker) as (host, _):
            host.come_again_newer_than(ahead_ms)
            await_state(heard, online=True, timestamp_ms=ahead_ms + 1)


def test_a_time_that_no_clock_shows_is_contradicted_and_not_followed(broker):
    with hosting(broker) as (host, _), states(broker) as (client, heard):
        birth = said(heard.get(timeout=10))
        client.publish(STATE, state_payload(online=False, timestamp_ms=2**63 - 1), qos=1, retain=True)
        await_state(heard, online=birth[0], timestamp_ms=birth[1])
        assert len(host.connects()) == 1


def test_a_host_that_hears_a_newer_birth_is_superseded_and_leaves_its_death_unsaid(broker):
    with hosting(broker) as (host, _), states(broker) as (client, heard):
        newer = (True, said(heard.get(timeout=10))[1] + 1)
        client.publish(STATE, state_payload(online=True, timestamp_ms=newer[1]), qos=1, retain=True)
        until(lambda: host.superseded)
        host.leave()
    with states(broker) as (_, heard):
        assert said(heard.get(timeout=10)) == newer


def edge_node() -> EdgeNode:
    return EdgeNode(clock_ms=time.time_ns() // 1_000_000 - 10_000)


_NO_VALUE = (
    "SELECT string_agg(d.name || '/' || s.metric, ' ' ORDER BY d.name, s.metric) FROM samples"
    " JOIN series s USING (series_id) JOIN devices d USING (device_id) WHERE value IS NULL"
)


@shows(
    "operational-behavior-edge-node-termination-host-action-ndeath-node-offline",
    "operational-behavior-edge-node-termination-host-action-ndeath-node-tags-stale",
    "operational-behavior-edge-node-termination-host-action-ndeath-devices-offline",
    "operational-behavior-edge-node-termination-host-action-ndeath-devices-tags-stale",
    "operational-behavior-edge-node-termination-host-action-ddeath-devices-offline",
    "operational-behavior-edge-node-termination-host-action-ddeath-devices-tags-stale",
)
def test_deaths_end_what_was_said_a_devices_at_the_time_it_tells_a_nodes_at_ours(database_url, conn, broker):
    edge = edge_node()
    with running_ingest(database_url, broker.url), running_edge(broker.url, edge) as plant_side:
        plant_side.publish(edge.birth())
        eventually(conn, "SELECT count(*) FROM samples", 3)
        plant_side.publish([edge.device_death("pump")])
        eventually(conn, _NO_VALUE, "pump/flow pump/pressure")
        died_ms = "SELECT DISTINCT (extract(epoch FROM observed_at) * 1000)::bigint FROM samples WHERE value IS NULL"
        assert value(conn, died_ms) == edge.clock_ms
        assert value(conn, "SELECT alive FROM sources") is True
        conn.execute("DELETE FROM samples")
        conn.commit()
        before = time.time()
        plant_side.publish([edge.death()])
        eventually(conn, _NO_VALUE, "edge/load pump/flow pump/pressure")
        assert value(conn, "SELECT alive FROM sources") is False
        died_s = value(conn, "SELECT extract(epoch FROM min(received_at))::float8 FROM samples WHERE value IS NULL")
        assert before <= float(str(died_s)) <= time.time()


@shows(
    "operational-behavior-host-reordering-param",
    "operational-behavior-host-reordering-start",
    "operational-behavior-host-reordering-success",
    "operational-behavior-host-reordering-rebirth",
    "operational-behavior-data-commands-ncmd-verb",
    "operational-behavior-data-commands-ncmd-rebirth-verb",
    "operational-behavior-data-commands-ncmd-rebirth-name",
    "operational-behavior-data-commands-ncmd-rebirth-value",
    "topics-ncmd-topic",
    "topics-ncmd-mqtt",
    "topics-ncmd-payload",
    "topics-ncmd-timestamp",
    "payloads-ncmd-qos",
    "payloads-ncmd-retain",
    "payloads-ncmd-seq",
    "payloads-ncmd-timestamp",
    "payloads-name-cmd-requirement",
)
def test_what_stays_missing_for_the_time_that_is_set_is_asked_for_what_comes_in_it_is_not(database_url, conn, broker):
    edge = edge_node()
    edge.rebirths_ignored = 1
    with (
        running_ingest(database_url, broker.url, ingest_reorder_timeout_s="1"),
        running_edge(broker.url, edge) as plant_side,
    ):
        plant_side.publish([*edge.birth(), *swapped([edge.data(value=1.0), edge.data(value=2.0)], 0)])
        eventually(conn, "SELECT count(*) FROM samples WHERE value > 0", 2)
        with pytest.raises(Empty):
            plant_side.commands.get(timeout=2)
        plant_side.publish(lost([edge.data(value=3.0), edge.data(value=4.0)], 0))
        command, name = plant_side.commands.get(timeout=20)
        eventually(conn, "SELECT max(value) FROM samples", 4.0)
    (metric,) = parse_payload(command.payload).metrics
    request = parse_payload(command.payload)
    assert (command.topic, command.qos, command.retain) == ("spBv1.0/g/NCMD/edge", 0, False)
    assert (name, metric.boolean_value) == ("Node Control/Rebirth", True)
    assert is_now(request.timestamp)
    assert not request.HasField("seq")


def test_every_assertion_is_shown_by_a_test_or_has_a_reason():
    profile = [assertion for group in ASSERTIONS.values() for assertion in group]
    assert len(profile) == len(set(profile)) == 89
    assert set(shown) | set(NOT_SHOWN) == set(profile)
    assert not set(shown) & set(NOT_SHOWN)
