"""Which nodes have something that waits for its turn or for its end, how much it is, and since when."""

from services.ingest.sparkplug.edge_nodes import Node
from services.ingest.sparkplug.seq import Message

_MESSAGES_A_NODE, _BYTES_A_NODE = 127, 4 * 1024 * 1024
_MESSAGES, _BYTES = 10_000, 16 * 1024 * 1024


class Waiting:
    """Held messages of all nodes, and former sessions that are not closed yet; `timeout_us` is the reorder time-out."""

    def __init__(self, timeout_us: int) -> None:
        self._timeout_us = timeout_us
        self._nodes: dict[tuple[str, str], Node] = {}
        self._from_us = self._looked_us = 0
        self.messages = 0
        self.bytes = 0

    def watch(self, node: Node, since_us: int) -> None:
        """Let `expired` tell of the node once the time-out after `since_us` is over."""
        self._from_us = min(self._from_us, since_us + self._timeout_us) if self._nodes else since_us + self._timeout_us
        self._nodes[node.key] = node

    def hold(self, node: Node, held: list[Message], message: Message) -> bool:
        """Add a message to those `held` of a node; whether there was room for it."""
        held.append(message)
        self.messages += 1
        self.bytes += len(message.envelope.payload)
        self.watch(node, message.envelope.received_us)
        return (
            len(held) <= _MESSAGES_A_NODE
            and self.messages <= _MESSAGES
            and self.bytes <= _BYTES
            and sum(len(each.envelope.payload) for each in held) <= _BYTES_A_NODE
        )

    def release(self, message: Message) -> None:
        """Count the message no more."""
        self.messages -= 1
        self.bytes -= len(message.envelope.payload)

    def is_over(self, since_us: int, now_us: int) -> bool:
        """Whether what began at `since_us` has waited long enough; a clock that was set back must not prolong it."""
        return not since_us <= now_us < since_us + self._timeout_us

    def expired(self, now_us: int) -> list[Node]:
        """Nodes of which something has waited long enough; those that have nothing left are watched no more."""
        set_back, self._looked_us = now_us < self._looked_us, now_us
        if not self._nodes or (now_us < self._from_us and not set_back):
            return []
        watched, self._nodes = self._nodes, {}
        expired = []
        for node in watched.values():
            since = _since(node)
            if since is not None and self.is_over(since, now_us):
                expired.append(node)
            if since is not None:
                self.watch(node, since)
        return expired


def _since(node: Node) -> int | None:
    sequences = [session.sequence for session in (node.previous, node.session) if session is not None]
    since = [sequence.oldest_us() for sequence in sequences if sequence.held]
    if node.previous is not None and node.session.birth is not None:
        since.append(node.session.birth.envelope.received_us)
    return min(since, default=None)
