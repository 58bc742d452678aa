"""The host application: every message to its node's session, in the order in which the node sent them.

One state for all nodes, no clock and no I/O: time is the envelope's. A message is stored whole or refused whole. A
birth that is refused for a value still names its aliases, so that the data after it can be read.
"""

from services.ingest.messages.envelope import Envelope
from services.ingest.messages.readings import Decoded, Silence
from services.ingest.sparkplug.births import bd_seq
from services.ingest.sparkplug.counts import Counts
from services.ingest.sparkplug.deaths import implied_death, silence_before
from services.ingest.sparkplug.edge_nodes import Node, Nodes, Session
from services.ingest.sparkplug.rebirth_throttle import RebirthThrottle
from services.ingest.sparkplug.reorder_buffer import Waiting
from services.ingest.sparkplug.seq import NUMBERS, Message, Place
from services.ingest.sparkplug.session_messages import DATA, payload_of, told_in
from services.ingest.sparkplug.topics import NOT_TELEMETRY, parse_topic
from shared.errors import DecodeError
from shared.sparkplug.decode import parse_payload
from shared.sparkplug.sparkplug_b_pb2 import Payload

_BIRTH_REPEATED_WITHIN_US = 10_000_000


class SparkplugHost:
    """Decoder with the state of all nodes.

    reorder_timeout_us: so long a message waits for those before it; then it is taken, and births are asked for.
    rebirth_every_us: a node is asked for its births at most that often, and again until they come: the question goes
    out at QoS 0, and a node whose births never name one of its devices must not be kept busy with giving them.
    known_metrics: beyond about so many named by births, the nodes that have been silent longest are forgotten.
    """

    def __init__(
        self,
        *,
        reorder_timeout_us: int = 5_000_000,
        rebirth_every_us: int = 30_000_000,
        known_metrics: int = 200_000,
    ) -> None:
        self._throttle = RebirthThrottle(rebirth_every_us)
        self._nodes = Nodes(known_metrics)
        self._waiting = Waiting(reorder_timeout_us)
        self._released: list[Decoded] = []
        self.counts = Counts()

    @property
    def nodes_born(self) -> int:
        """Nodes whose births are in force."""
        return len(self._nodes)

    @property
    def messages_held(self) -> int:
        """Messages that wait for those before them."""
        return self._waiting.messages

    def receive(self, envelope: Envelope) -> list[Decoded]:
        """What can be taken now: the message itself, or its reason, and those that waited for it.

        Nothing for what is held, repeated, or no telemetry. Never raises for what a message contains.
        """
        try:
            address = parse_topic(envelope.topic)
            if address.kind in NOT_TELEMETRY:
                return []
            payload = payload_of(envelope)
        except DecodeError as exc:
            return [Decoded(envelope, reason=exc.reason)]
        out, self._released = self._released, []
        node = self._nodes.find((address.group, address.edge))
        message = Message(envelope, address, payload.seq % NUMBERS, payload.timestamp, hash(envelope.payload))
        match address.kind:
            case "NDEATH":
                self._end(node, message, payload, out)
            case "NBIRTH":
                self._begin(node, message, payload, out)
            case _:
                self._follow(node, message, payload, out)
        if self._nodes.crowded:
            self._make_room(out)
        return out

    def due(self, now_us: int) -> list[Decoded]:
        """What has waited longer than the reorder time-out, in order, with a rebirth where something is missing."""
        out, self._released = self._released, []
        for node in self._waiting.expired(now_us):
            if node.previous is not None:
                self._release(node, node.previous, now_us, out)
            self._close_if_over(node, now_us, out)
            self._release(node, node.session, now_us, out)
        return out

    def forget(self) -> None:
        """Take nothing that was said before as still in force: this is a new connection. What waits comes out next."""
        self._throttle.clear()
        for node in self._nodes.clear():
            self._let_go(node, self._released)

    def _follow(self, node: Node, message: Message, payload: Payload, out: list[Decoded]) -> None:
        session = node.session
        if node.previous is not None:
            self._close_if_over(node, message.envelope.received_us, out)
            session = node.session_of(message)
        if not message.seq and not payload.HasField("seq"):
            out.append(self._taken(node, session, message, payload))
            return
        match session.sequence.place(message):
            case Place.REPEATED:
                self.counts.repeated += 1
            case Place.EARLY:
                self._hold(node, session, message, out)
            case _:
                session.sequence.take(message)
                out.append(self._taken(node, session, message, payload))
                if session.sequence.held:
                    self._drain(node, session, out)

    def _hold(self, node: Node, session: Session, message: Message, out: list[Decoded]) -> None:
        """Let the message wait, while there is time and room; a node without a birth is asked for it at once."""
        self.counts.held += 1
        if not self._waiting.hold(node, session.sequence.held, message):
            while session.sequence.held:
                self._skip(node, session, out)
        self._release(node, session, message.envelope.received_us, out)
        if session.birth is None and session.sequence.held:
            node.births_wanted = True
            question = self._asking(node, Decoded(message.envelope._replace(payload=b"")))
            if question.rebirth is not None:
                out.append(question)

    def _drain(self, node: Node, session: Session, out: list[Decoded]) -> None:
        for message in session.sequence.ready():
            self._waiting.release(message)
            out.append(self._taken(node, session, message, parse_payload(message.envelope.payload)))

    def _skip(self, node: Node, session: Session, out: list[Decoded]) -> None:
        """Give up what is missing. Only the session that lives is worth asking about."""
        self.counts.gaps += 1
        session.sequence.skip()
        node.births_wanted |= session is node.session
        self._drain(node, session, out)

    def _release(self, node: Node, session: Session, now_us: int, out: list[Decoded]) -> None:
        sequence = session.sequence
        while sequence.held and self._waiting.is_over(sequence.oldest_us(), now_us):
            self._skip(node, session, out)

    def _close_if_over(self, node: Node, now_us: int, out: list[Decoded]) -> None:
        """End the session before this one: what was not born again has been silent since the new one began."""
        birth = node.session.birth
        if node.previous is None or birth is None or not self._waiting.is_over(birth.envelope.received_us, now_us):
            return
        self._flush(node, node.previous, out)
        node.previous = None
        if node.session.awaited:
            gone = sorted(node.session.awaited)
            node.session.awaited.clear()
            out.append(Decoded(birth.envelope, silences=tuple(silence_before(birth, device) for device in gone)))

    def _make_room(self, out: list[Decoded]) -> None:
        """Forget whom there is no room for."""
        for node in self._nodes.evict():
            if node.session.births:
                self.counts.forgotten_nodes += 1
            else:
                self.counts.forgotten_unborn += 1
            self._let_go(node, out)
        self.counts.forgotten_devices += self._nodes.evict_devices()

    def _let_go(self, node: Node, out: list[Decoded]) -> None:
        """Take what waits of a node that is forgotten, and await nothing of it any more."""
        self._flush(node, node.previous, out)
        self._flush(node, node.session, out)
        node.previous = None

    def _flush(self, node: Node, session: Session | None, out: list[Decoded]) -> None:
        """Take everything that waits in a session that is over, in order, asking for nothing."""
        while session is not None and session.sequence.held:
            session.sequence.skip()
            for message in session.sequence.ready():
                self._waiting.release(message)
                out.append(self._decoded(node, session, message, parse_payload(message.envelope.payload)))

    def _begin(self, node: Node, message: Message, payload: Payload, out: list[Decoded]) -> None:
        """Start a session. Messages of the one before may still come; some of the new one may have come already."""
        if node.was_born_by(message, _BIRTH_REPEATED_WITHIN_US):
            self.counts.repeated += 1
            return
        self._close_if_over(node, message.envelope.received_us, out)
        last, born = node.session, Session.begun_by(message, bd_seq(payload))
        if self._is_belated(message, last):
            node.previous = node.previous or born
            out.append(self._decoded(node, born, message, payload))
            return
        self._flush(node, node.previous, out)
        born.take_over(last)
        if last.birth is None:
            self._flush(node, last, out)
        node.previous = last if last.birth is not None else None
        node.session, node.births_wanted = born, False
        self._waiting.watch(node, message.envelope.received_us)
        silences = (silence_before(message, None),) if implied_death(node, last, born) else ()
        out.append(self._taken(node, born, message, payload)._replace(silences=silences))
        self._drain(node, born, out)

    def _is_belated(self, birth: Message, last: Session) -> bool:
        """Whether the birth was overtaken by that of the session after it."""
        if last.birth is None or self._waiting.is_over(last.birth.envelope.received_us, birth.envelope.received_us):
            return False
        return 0 < birth.sent_ms < last.birth.sent_ms

    def _end(self, node: Node, message: Message, payload: Payload, out: list[Decoded]) -> None:
        """Silence of the whole node, by our clock, since its will was written when it connected.

        Nothing where this is the death of an earlier session than the one that lives, or one that is known already:
        a node that says goodbye may leave its will behind.
        """
        last, number = node.session, bd_seq(payload)
        if node.ended and number == node.ended_bd_seq:
            self.counts.stale_deaths += 1
            return
        if last.birth is not None and None not in (number, last.bd_seq) and number != last.bd_seq:
            self.counts.stale_deaths += 1
            return
        self._let_go(node, out)
        node.session, node.births_wanted = Session(), False
        node.ended, node.ended_bd_seq = True, number
        self._nodes.note(node)
        silence = Silence(message.address.source, None, None)
        out.append(Decoded(message.envelope, silences=(silence,), alive=False))

    def _taken(self, node: Node, session: Session, message: Message, payload: Payload) -> Decoded:
        decoded = self._decoded(node, session, message, payload)
        return self._asking(node, decoded) if node.births_wanted else decoded

    def _decoded(self, node: Node, session: Session, message: Message, payload: Payload) -> Decoded:
        """The message with what its session's births say, after those have learnt from it."""
        decoded = told_in(node, session, message, payload)
        if message.address.kind not in DATA:
            self._nodes.note(node)
        return decoded

    def _asking(self, node: Node, decoded: Decoded) -> Decoded:
        """The message with the question for births, where they are wanted and the node was not asked lately."""
        if not node.births_wanted or not self._throttle.may_ask(node.key, decoded.envelope.received_us):
            return decoded
        self.counts.rebirths += 1
        return decoded._replace(rebirth=node.key)
