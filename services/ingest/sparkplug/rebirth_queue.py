"""Which nodes to ask for their births after a time in which nobody heard them."""

from collections import deque
from collections.abc import Iterable

from services.ingest.sparkplug.topics import NOT_TELEMETRY

_EVERY_S = 0.05
_BEGIN_AFTER_S = 2.0
_TIMES = 3
_MOST_KNOWN_TO_SPEAK = 20_000


class RebirthQueue:
    """Names silent nodes one after another, twenty a second: all births at once could drown a broker.

    A node that speaks is left out: the decoder asks it itself, at its first message. Of the nodes that speak only
    hashes are kept, and not without end: whoever invents names shall fill no memory. `wanted`: the nodes are not known
    yet. One that stays silent is asked three times in `births_within_s`, since questions go out at QoS 0, and
    then given up.
    """

    def __init__(self, *, births_within_s: float = 60.0) -> None:
        self._again_after_s = births_within_s / _TIMES
        self.wanted = False
        self._nodes: deque[tuple[str, str]] = deque()
        self._spoke: set[int] = set()
        self._unanswered: dict[tuple[str, str], int] = {}
        self._again: deque[tuple[float, tuple[str, str]]] = deque()
        self._given_up: list[tuple[str, str]] = []
        self._next_s = 0.0

    def begin(self, now_s: float) -> None:
        """Nothing that was said before is known to be in force."""
        self.wanted = True
        self._nodes.clear()
        self._spoke.clear()
        self._unanswered.clear()
        self._again.clear()
        self._given_up.clear()
        self._next_s = now_s + _BEGIN_AFTER_S

    def hear(self, topic: str) -> None:
        """A message came by this topic; what is said to a node, also by us, is no word of it."""
        if not (self.wanted or self._nodes or self._unanswered):
            return
        match topic.split("/"):
            case [_, group, kind, edge, *_] if kind not in NOT_TELEMETRY:
                self._unanswered.pop((group, edge), None)
                if len(self._spoke) < _MOST_KNOWN_TO_SPEAK:
                    self._spoke.add(hash((group, edge)))

    def know(self, nodes: Iterable[tuple[str, str]]) -> None:
        """These are the nodes to call."""
        self.wanted = False
        self._nodes.extend(nodes)

    def due(self, now_s: float) -> list[tuple[str, str]]:
        """The nodes to ask now."""
        called = []
        self._look_again(now_s)
        self._next_s = max(self._next_s, now_s - 1)
        while self._nodes and self._next_s <= now_s:
            node = self._nodes.popleft()
            if hash(node) not in self._spoke:
                called.append(node)
                self._next_s += _EVERY_S
                self._unanswered[node] = self._unanswered.get(node, 0) + 1
                self._again.append((now_s + self._again_after_s, node))
        return called

    def given_up(self) -> list[tuple[str, str]]:
        """The nodes that have answered no question, each told once."""
        found, self._given_up = self._given_up, []
        return found

    def _look_again(self, now_s: float) -> None:
        while self._again and self._again[0][0] <= now_s:
            _, node = self._again.popleft()
            if self._unanswered.get(node, 0) >= _TIMES:
                del self._unanswered[node]
                self._given_up.append(node)
            elif node in self._unanswered:
                self._nodes.append(node)
