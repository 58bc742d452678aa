"""What the host remembers of edge nodes, and of how many."""

from collections import OrderedDict
from dataclasses import dataclass, field

from services.ingest.sparkplug.births import Births
from services.ingest.sparkplug.seq import Message, SeqTracker

_UNBORN_KEPT = 4_096
_WEIGHT_OF_SESSION = 12


@dataclass
class Session:
    """From an NBIRTH to the next, or to the death. birth None: it has not come (yet).

    awaited: devices of the session before that have not been born again.
    """

    birth: Message | None = None
    bd_seq: int | None = None
    awaited: set[str] = field(default_factory=set)
    births: dict[str | None, Births] = field(default_factory=dict)
    weight: int = _WEIGHT_OF_SESSION
    sequence: SeqTracker = field(default_factory=SeqTracker)

    @classmethod
    def begun_by(cls, birth: Message, bd_seq: int | None) -> "Session":
        """The session that an NBIRTH begins; its payload is not kept."""
        born = cls(birth=birth._replace(envelope=birth.envelope._replace(payload=b"")), bd_seq=bd_seq)
        born.sequence.take(birth)
        return born

    def take_over(self, last: "Session") -> None:
        """Take from the session before what waits there and was sent after this one's birth; await its devices."""
        birth = self.birth
        if birth is not None:
            self.sequence.held = [each for each in last.sequence.held if each.follows(birth)]
            last.sequence.held = [each for each in last.sequence.held if not each.follows(birth)]
        self.awaited = {device for device in (*last.births, *last.awaited) if device is not None}

    def learn_births(self, device: str | None, births: Births) -> None:
        """Take the births of a device (None: the node's own) in place of those before."""
        self.forget_births(device)
        self.births[device] = births
        self.weight += births.weight

    def forget_births(self, device: str | None) -> None:
        """Forget the births of a device."""
        if device is not None:
            self.awaited.discard(device)
        before = self.births.pop(device, None)
        self.weight -= before.weight if before is not None else 0


@dataclass
class Node:
    """One edge node.

    previous: the session before, while messages of it may still come. ended: it died and has said nothing since;
    ended_bd_seq is the number of that death.
    """

    key: tuple[str, str]
    session: Session = field(default_factory=Session)
    previous: Session | None = None
    births_wanted: bool = False
    ended: bool = False
    ended_bd_seq: int | None = None

    def session_of(self, message: Message) -> Session:
        """The session that the message belongs to: the one before, where it was sent before this one's birth."""
        birth, previous = self.session.birth, self.previous
        if previous is None or birth is None or not 0 < message.sent_ms < birth.sent_ms:
            return self.session
        return previous if previous.sequence.is_near(message.seq) else self.session

    def was_born_by(self, message: Message, within_us: int) -> bool:
        """Whether this very birth has been taken already, at most so long ago."""
        births = [session.birth for session in (self.session, self.previous) if session is not None]
        return any(
            birth is not None
            and birth.digest == message.digest
            and abs(message.envelope.received_us - birth.envelope.received_us) < within_us
            for birth in births
        )


class Nodes:
    """Nodes by group and edge, the longest silent first to be forgotten.

    Bounded are the nodes without a birth by their number, and all by the weight of their births, in metrics: whoever
    invents nodes drives out others without one first. crowded: there are too many.
    """

    def __init__(self, known_metrics: int) -> None:
        self._known_metrics = known_metrics
        self._born: OrderedDict[tuple[str, str], Node] = OrderedDict()
        self._unborn: OrderedDict[tuple[str, str], Node] = OrderedDict()
        self._weights: dict[tuple[str, str], int] = {}
        self._total = 0
        self.crowded = False

    def __len__(self) -> int:
        return len(self._born)

    def find(self, key: tuple[str, str]) -> Node:
        """The node, a new one if need be, now the last to be forgotten."""
        node = self._born.get(key)
        if node is not None:
            self._born.move_to_end(key)
            return node
        node = self._unborn.pop(key, None) or Node(key)
        self._unborn[key] = node
        self._update_crowded()
        return node

    def note(self, node: Node) -> None:
        """Count the node where it belongs, after its births have changed, unless it is forgotten."""
        if node is not self._born.get(node.key) and node is not self._unborn.get(node.key):
            return
        born = node.session.birth is not None
        there, other = (self._born, self._unborn) if born else (self._unborn, self._born)
        other.pop(node.key, None)
        there[node.key] = node
        self._weigh(node.key, node.session.weight if born or node.session.births else 0)
        self._update_crowded()

    def evict(self) -> list[Node]:
        """Forget the nodes beyond the bounds, but for the last one that is born, and return them."""
        forgotten = []
        while len(self._unborn) > _UNBORN_KEPT or (self._unborn and self._total > self._known_metrics):
            forgotten.append(self._unborn.popitem(last=False)[1])
            self._weigh(forgotten[-1].key, 0)
        while len(self._born) > 1 and self._total > self._known_metrics:
            forgotten.append(self._born.popitem(last=False)[1])
            self._weigh(forgotten[-1].key, 0)
        self.crowded = False
        return forgotten

    def evict_devices(self) -> int:
        """Forget births of a node that alone is beyond the bound, the oldest first but not the last; how many."""
        forgotten = 0
        while self._born and self._total > self._known_metrics:
            (node,) = self._born.values()
            if len(node.session.births) == 1:
                break
            node.session.forget_births(next(iter(node.session.births)))
            self._weigh(node.key, node.session.weight)
            forgotten += 1
        return forgotten

    def clear(self) -> list[Node]:
        """Forget all nodes and return them."""
        forgotten = [*self._born.values(), *self._unborn.values()]
        self._born.clear()
        self._unborn.clear()
        self._weights.clear()
        self._total = 0
        return forgotten

    def _weigh(self, key: tuple[str, str], weight: int) -> None:
        self._total += weight - self._weights.pop(key, 0)
        if weight:
            self._weights[key] = weight

    def _update_crowded(self) -> None:
        self.crowded = self._total > self._known_metrics or len(self._unborn) > _UNBORN_KEPT
