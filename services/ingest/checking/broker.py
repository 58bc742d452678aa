"""The broker: reached, logged in to, subscribed to, listened to for a moment, as a client that disturbs nobody.

It has a client id of its own, so that no session is taken over; a clean session, so that nothing waits for it; no will,
and it publishes nothing. Shared subscriptions it tries under a group of its own, or it would take messages away.
"""

import os
import ssl
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from queue import Empty, Queue
from typing import NamedTuple

import paho.mqtt.client as mqtt
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from services.ingest.checking.finding import Finding
from services.ingest.messages.envelope import Envelope
from shared.errors import BellwetherError
from shared.mqtt import address_of, admitted, new_client
from shared.settings import BrokerSettings
from shared.sparkplug import parse_state, state_topic

_ANSWERS_WITHIN_S = 10.0
_MOST_KEPT = 1_000


class Subscription(NamedTuple):
    """A topic filter that ingest subscribes to, and at which QoS."""

    topic_filter: str
    qos: int


class Heard(NamedTuple):
    """What came: how many messages, and the first of them."""

    messages: int
    first: tuple[Envelope, ...]


class Checked(NamedTuple):
    """What the broker said: `findings`, and what was `heard` under each topic filter."""

    findings: tuple[Finding, ...]
    heard: Mapping[str, Heard]


def check_broker(settings: BrokerSettings, wanted: Iterable[Subscription], *, listen_s: float) -> Checked:
    """What it says to each question, up to the first that it cannot be asked."""
    findings: list[Finding] = []
    try:
        with _listener(settings) as listener:
            findings.extend(listener.look(wanted, listen_s))
            return Checked(tuple(findings), listener.heard())
    except BellwetherError as exc:
        return Checked((*findings, _unreachable(exc)), {})


class _Listener:
    """A client that has been let in."""

    def __init__(self, settings: BrokerSettings, client: mqtt.Client, answers: "Queue[list[ReasonCode]]") -> None:
        self._settings = settings
        self._client = client
        self._answers = answers
        self._version5 = settings.broker_mqtt_version == "5"
        self._state_topic = state_topic(settings.sparkplug_host_id)
        self._state: bytes | None = None
        self._filters: list[str] = []
        self._counts: dict[str, int] = defaultdict(int)
        self._kept: dict[str, list[Envelope]] = defaultdict(list)
        client.on_message = self._on_message

    def look(self, wanted: Iterable[Subscription], listen_s: float) -> Iterator[Finding]:
        host, port = address_of(self._settings)
        yield Finding("broker", f"{host}:{port} lets us in with MQTT {self._settings.broker_mqtt_version}")
        for subscription in sorted(wanted):
            yield self._subscribed(subscription)
        if self._settings.broker_shared_group is not None:
            yield self._shared(self._settings.broker_shared_group)
        state = self._subscribed(Subscription(self._state_topic, 1), retained=True)
        time.sleep(listen_s)
        yield state if not state.ok else Finding(state.what, f"{state.said}; {self._said_about_us()}")

    def heard(self) -> dict[str, Heard]:
        return {each: Heard(self._counts[each], tuple(self._kept[each])) for each in self._filters}

    def _subscribed(self, wanted: Subscription, *, retained: bool = False) -> Finding:
        what = f"topics {wanted.topic_filter}"
        reason = self._ask(wanted.topic_filter, wanted.qos, retained=retained)
        if reason is None:
            return Finding(what, "the broker does not answer", "look at the broker's log")
        if reason.is_failure:
            told = f"the broker refuses the subscription ({reason})"
            return Finding(what, told, "write its access rules again: `bellwether broker-acl`")
        if reason.value < wanted.qos:
            return Finding(what, f"granted at QoS {reason.value} only", f"let the broker grant QoS {wanted.qos}")
        if not retained:
            self._filters.append(wanted.topic_filter)
        return Finding(what, f"granted at QoS {reason.value}")

    def _shared(self, group: str) -> Finding:
        what = f"shared subscriptions, group {group}"
        if not self._version5:
            told = "MQTT 3.1.1 does not have them"
            return Finding(what, told, "set BELLWETHER_BROKER_MQTT_VERSION to 5, or no BELLWETHER_BROKER_SHARED_GROUP")
        reason = self._ask(f"$share/{group}-check-{os.getpid()}/bellwether/v1/+/+", 1, retained=False)
        if reason is None or reason.is_failure:
            return Finding(what, f"refused ({reason})", "use a broker that has them, or one ingest process")
        return Finding(what, "granted to a group of the check's own")

    def _ask(self, topic_filter: str, qos: int, *, retained: bool) -> ReasonCode | None:
        handling = SubscribeOptions.RETAIN_SEND_ON_SUBSCRIBE if retained else SubscribeOptions.RETAIN_DO_NOT_SEND
        if self._version5:
            options = SubscribeOptions(qos=qos, retainHandling=handling)
            self._client.subscribe(topic_filter, options=options)
        else:
            self._client.subscribe(topic_filter, qos=qos)
        try:
            return self._answers.get(timeout=_ANSWERS_WITHIN_S)[0]
        except Empty:
            return None

    def _said_about_us(self) -> str:
        state = None if self._state is None else parse_state(self._state)
        if state is None:
            return "no host of this id has said anything"
        at = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(state[1] / 1000))
        return f"a host of this id said {'online' if state[0] else 'offline'} at {at}"

    def _on_message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        if message.topic == self._state_topic:
            self._state = bytes(message.payload)
            return
        fits = next((each for each in self._filters if mqtt.topic_matches_sub(each, message.topic)), None)
        if fits is None:
            return
        self._counts[fits] += 1
        if len(self._kept[fits]) < _MOST_KEPT:
            received_us = time.time_ns() // 1000
            envelope = Envelope(message.topic, bytes(message.payload), message.qos, message.retain, received_us, 0, 0)
            self._kept[fits].append(envelope)


@contextmanager
def _listener(settings: BrokerSettings) -> Iterator[_Listener]:
    client = new_client(settings, client_id=f"{settings.broker_client_id}-check-{os.getpid()}")
    answers: Queue[list[ReasonCode]] = Queue()
    client.on_subscribe = lambda _c, _d, _mid, reasons, _p: answers.put(reasons)
    with admitted(client, settings):
        yield _Listener(settings, client, answers)


def _unreachable(exc: BellwetherError) -> Finding:
    if isinstance(exc.__cause__, ssl.SSLCertVerificationError):
        remedy = "name the authority that signed its certificate in BELLWETHER_BROKER_CA_FILE, and the host as it does"
    elif isinstance(exc.__cause__, ssl.SSLError | ConnectionResetError):
        remedy = "does that port speak TLS? BELLWETHER_BROKER_URL begins with mqtts:// where it does, else with mqtt://"
    elif isinstance(exc.__cause__, OSError):
        remedy = "start the broker, open the way to it, or correct BELLWETHER_BROKER_URL"
    else:
        remedy = (
            "look at user, password and port in BELLWETHER_BROKER_URL, at BELLWETHER_BROKER_MQTT_VERSION, and, where"
            " the broker asks for a certificate, at BELLWETHER_BROKER_CERT_FILE and BELLWETHER_BROKER_KEY_FILE"
        )
    return Finding("broker", str(exc), remedy)
