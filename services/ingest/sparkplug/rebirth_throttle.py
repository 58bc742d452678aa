"""When nodes were asked for their births, kept apart from what else is known of them."""

from collections import OrderedDict

_NODES_KEPT = 10_000


class RebirthThrottle:
    """Lets a node be asked at most once in `every_us`, also after its births had to make room for others'."""

    def __init__(self, every_us: int) -> None:
        self._every_us = every_us
        self._asked_us: OrderedDict[tuple[str, str], int] = OrderedDict()

    def may_ask(self, node: tuple[str, str], now_us: int) -> bool:
        """Whether the node, by group and edge, may be asked now; if so, this counts as asked."""
        asked_us = self._asked_us.get(node)
        if asked_us is not None and 0 <= now_us - asked_us < self._every_us:
            return False
        self._asked_us[node] = now_us
        self._asked_us.move_to_end(node)
        if len(self._asked_us) > _NODES_KEPT:
            self._asked_us.popitem(last=False)
        return True

    def clear(self) -> None:
        """Let every node be asked at once: this is a new connection."""
        self._asked_us.clear()
