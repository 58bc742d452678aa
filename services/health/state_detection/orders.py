"""When a machine had an order, by the events of kind `order` that reach it. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from services.health.block import Event, Floats
from services.health.state_detection.spans import NEVER, union


@dataclass(frozen=True, kw_only=True)
class Orders:
    """Time in orders as disjoint, ascending spans in Unix seconds, shape (n, 2).

    sent_from: since when orders are sent; infinite where nobody sends any, so that nothing is known of them.
    """

    spans: Floats
    sent_from: float


NO_ORDERS = Orders(spans=NEVER, sent_from=np.inf)


def orders(events: Iterable[Event], *, start: float, end: float) -> Orders:
    """Orders in [start, end). events: those of the asset, its line and its site up to the end.

    An order lasts from its event's `at` to its attribute `ends_at` (RFC 3339), else to the next order of the same
    scope, else it goes on.
    """
    by_scope: dict[tuple[str, int], list[tuple[float, float | None]]] = {}
    for event in events:
        if event.kind == "order":
            ends = event.attributes.get("ends_at")
            until = None if ends is None else datetime.fromisoformat(str(ends)).timestamp()
            by_scope.setdefault((event.scope_type, event.scope_id), []).append((event.at.timestamp(), until))
    spans: list[tuple[float, float]] = []
    for own in by_scope.values():
        own.sort(key=lambda order: order[0])
        following = [at for at, _ in own[1:]] + [end]
        spans += [(at, after if until is None else until) for (at, until), after in zip(own, following, strict=True)]
    if not spans:
        return NO_ORDERS
    return Orders(spans=union(spans, start, end), sent_from=min(at for at, _ in spans))
