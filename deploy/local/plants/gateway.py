"""One plant's gateway at the broker: sends stretches in order, and remembers what is confirmed.

A JSON message is confirmed by its PUBACK. Sparkplug publishes at QoS 0, where nothing is acknowledged: there a message
counts as confirmed three minutes after it went out, and whatever asks for new births (a host that has missed
something, a connection that was lost) gets everything since the last confirmed moment again. Telemetry has an
identity, so what is sent twice is stored once.

History must not outrun the broker, which may drop what a slow subscriber has not taken (mosquitto: past 1,000
messages in its default setting, of QoS 0 and unannounced). Hence few, large messages: all Sparkplug plants together
have about 700 for three years. And at most eight are under way between a gateway and the broker.
"""

from collections import deque
from dataclasses import dataclass
from pathlib import Path

import paho.mqtt.client as mqtt

from deploy.local.plants import progress
from deploy.local.plants.fleet import SPARKPLUG_GROUP, Plant
from deploy.local.plants.generate import MachineData, generate
from deploy.local.plants.json_messages import Message, json_messages
from deploy.local.plants.kinds import HOUR_S
from deploy.local.plants.progress import Progress
from deploy.local.plants.sparkplug_messages import births, data_messages, death, last_words
from deploy.local.plants.stretches import Stretch, next_stretch
from shared import mqtt as broker
from shared.errors import BrokerError
from shared.settings import BrokerSettings
from shared.sparkplug import topic as sparkplug_topic

_UNDER_WAY = 8
_TAKEN_WITHIN_S = 60.0
_QOS_0_CONFIRMED_AFTER_S = 180


@dataclass(frozen=True, kw_only=True)
class _Sent:
    """The last message of a stretch, when it went out, and up to which moment it tells."""

    info: mqtt.MQTTMessageInfo
    at_s: int
    through_s: int


class Gateway:
    """A plant's connection. Every method but the callbacks is called from one thread; `now_s` is Unix seconds."""

    def __init__(self, plant: Plant, settings: BrokerSettings, directory: Path, *, since_s: int, now_s: int) -> None:
        self.plant = plant
        self._settings = settings
        self._directory = directory
        kept = progress.load(directory, plant.id) or Progress(through_s=max(plant.origin_s, since_s), bd_seq=-1)
        self._confirmed = Progress(through_s=kept.through_s, bd_seq=(kept.bd_seq + 1) % 256)
        self.sent_through_s = kept.through_s
        self._sent: deque[_Sent] = deque()
        self._under_way: deque[mqtt.MQTTMessageInfo] = deque()
        self._beginning_due = True
        self._seq = 0
        self._client = self._make_client(now_s)

    @property
    def finished(self) -> bool:
        """Whether the plant has told everything that it will ever tell, and that is confirmed."""
        end_s = self.plant.silent_from_s
        return end_s is not None and self._confirmed.through_s >= end_s

    def connect(self) -> None:
        """Open the connection; raise BrokerError when nobody answers."""
        broker.connect(self._client, self._settings)
        self._client.loop_start()

    def due(self, now_s: int, live_interval_s: int) -> Stretch | None:
        """The stretch to send next; None while there is none, or no broker (paho reconnects by itself)."""
        if not self._client.is_connected():
            return None
        if self._beginning_due:
            self._begin(now_s)
        return None if self._silent else next_stretch(self.sent_through_s, now_s, live_interval_s)

    def send(self, stretch: Stretch, now_s: int) -> None:
        """Publish the stretch that follows what was sent; raise BrokerError when the broker takes nothing.

        The first one after births repeats states: the will of the connection before may have ended them.
        """
        repeat = self.plant.sparkplug and not self._sent
        for data in generate(self.plant, stretch.from_s, stretch.to_s, stretch.interval_s, repeat_states=repeat):
            for message in self._encode(data, stretch, now_s):
                self._publish(message)
        self.sent_through_s = stretch.to_s
        if self._under_way:
            self._sent.append(_Sent(info=self._under_way[-1], at_s=now_s, through_s=stretch.to_s))
        if self._silent and self.plant.sparkplug:
            for message in last_words(self.plant, seq=self._seq, bd_seq=self._confirmed.bd_seq, at_ms=now_s * 1000):
                self._publish(message)

    def confirm(self, now_s: int) -> None:
        """Keep how far the plant is confirmed."""
        through_s = self._confirmed.through_s
        patience_s = _QOS_0_CONFIRMED_AFTER_S if self.plant.sparkplug else 0
        while self._sent and self._sent[0].info.is_published() and now_s - self._sent[0].at_s >= patience_s:
            through_s = self._sent.popleft().through_s
        if through_s != self._confirmed.through_s:
            self._confirmed = Progress(through_s=through_s, bd_seq=self._confirmed.bd_seq)
            progress.save(self._directory, self.plant.id, self._confirmed)

    def close(self, now_s: int) -> None:
        """Leave without a death: that the demo is switched off is no failure of the plant."""
        self.confirm(now_s)
        self._client.disconnect()
        self._client.loop_stop()

    @property
    def _silent(self) -> bool:
        end_s = self.plant.silent_from_s
        return end_s is not None and self.sent_through_s >= end_s

    def _begin(self, now_s: int) -> None:
        """On a new connection, and when the host asks for births: go back to the last confirmed moment."""
        self._beginning_due = False
        self._sent.clear()
        self.sent_through_s = self._confirmed.through_s
        if self.plant.sparkplug:
            bd_seq, known_s = self._confirmed.bd_seq, self.sent_through_s // HOUR_S * HOUR_S
            born = births(self.plant, bd_seq=bd_seq, known_s=known_s, at_ms=now_s * 1000)
            self._seq = born.seq
            for message in born.messages:
                self._publish(message)

    def _make_client(self, now_s: int) -> mqtt.Client:
        client = broker.new_client(self._settings, client_id=f"plant-{self.plant.id}")
        client.reconnect_delay_set(min_delay=1, max_delay=5)
        client.on_connect = self._on_connect
        client.on_message = self._on_message
        if self.plant.sparkplug:
            will = death(self.plant, bd_seq=self._confirmed.bd_seq, at_ms=now_s * 1000)
            client.will_set(will.topic, will.payload, qos=1)
        return client

    def _on_connect(self, client: mqtt.Client, *_: object) -> None:
        if self.plant.sparkplug:
            client.subscribe(sparkplug_topic(SPARKPLUG_GROUP, "NCMD", self.plant.id))
        self._beginning_due = True

    def _on_message(self, *_: object) -> None:
        self._beginning_due = True

    def _encode(self, data: MachineData, stretch: Stretch, now_s: int) -> tuple[Message, ...]:
        if not self.plant.sparkplug:
            return tuple(json_messages(self.plant, data, historical=stretch.historical))
        at_ms = now_s * 1000
        encoded = data_messages(self.plant, data, seq=self._seq, at_ms=at_ms, historical=stretch.historical)
        self._seq = encoded.seq
        return encoded.messages

    def _publish(self, message: Message) -> None:
        while len(self._under_way) >= _UNDER_WAY:
            oldest = self._under_way.popleft()
            oldest.wait_for_publish(_TAKEN_WITHIN_S)
            if not oldest.is_published():
                raise BrokerError(f"{self.plant.id}: the broker has taken nothing for {_TAKEN_WITHIN_S:.0f} s")
        info = self._client.publish(message.topic, message.payload, qos=message.qos)
        if info.rc != mqtt.MQTT_ERR_SUCCESS:
            raise BrokerError(f"{self.plant.id}: {mqtt.error_string(info.rc)}")
        self._under_way.append(info)
