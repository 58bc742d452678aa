"""Which nodes to ask for their births after a time in which nobody heard them."""

from collections import deque
from collections.abc import Iterable

_EVERY_S = 0.05
_BEGIN_AFTER_S = 2.0
_MOST_KNOWN_TO_SPEAK = 20_000


class RebirthQueue:
    """Names silent nodes one after another, twenty a second: all births at once could drown a broker.

    A node that speaks is left out: the decoder asks it itself, at its first message. Of the nodes that speak only
    hashes are kept, and not without end: whoever invents names shall fill no memory. `wanted`: the nodes are not known
    yet.
    """

    def __init__(self) -> None:
        self.wanted = False
        self._nodes: deque[tuple[str, str]] = deque()
        self._spoke: set[int] = set()
        self._next_s = 0.0

    def begin(self, now_s: float) -> None:
        """Nothing that was said before is known to be in force."""
        self.wanted = True
        self._nodes.clear()
        self._spoke.clear()
        self._next_s = now_s + _BEGIN_AFTER_S

    def hear(self, topic: str) -> None:
        """A message came by this topic."""
        if (self.wanted or self._nodes) and len(self._spoke) < _MOST_KNOWN_TO_SPEAK:
            match topic.split("/"):
                case [_, group, _, edge, *_]:
                    self._spoke.add(hash((group, edge)))

    def know(self, nodes: Iterable[tuple[str, str]]) -> None:
        """These are the nodes to call."""
        self.wanted = False
        self._nodes.extend(nodes)

    def due(self, now_s: float) -> list[tuple[str, str]]:
        """The nodes to ask now."""
        called = []
        self._next_s = max(self._next_s, now_s - 1)
        while self._nodes and self._next_s <= now_s:
            node = self._nodes.popleft()
            if hash(node) not in self._spoke:
                called.append(node)
                self._next_s += _EVERY_S
        return called
