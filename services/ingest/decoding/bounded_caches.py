"""What is kept of topics and names that come again and again, by its bytes: devices may invent new ones without end."""

import sys
from collections.abc import Callable, Iterable
from functools import lru_cache, wraps
from typing import TypeVar, TypeVarTuple

from services.ingest.messages.readings import check_name
from shared.errors import DecodeError

_More = TypeVarTuple("_More")
_T = TypeVar("_T")

_TOPICS, _LONGEST_TOPIC = 16_384, 256
_NAMES_BYTES = 8_000_000


def kept_by_topic(parse: Callable[[str, *_More], _T]) -> Callable[[str, *_More], _T]:
    """`parse`, a pure function of a topic (and more), that keeps its results for the topics that came last.

    Those longer than 256 characters, which hardly a plant has, are parsed each time: MQTT allows 64 KB.
    """
    kept = lru_cache(maxsize=_TOPICS)(parse)

    @wraps(parse)
    def parsed(topic: str, *more: *_More) -> _T:
        return kept(topic, *more) if len(topic) <= _LONGEST_TOPIC else parse(topic, *more)

    return parsed


class StorableNames:
    """Names of metrics that were found storable; all are forgotten when they take more than about `limit_bytes`."""

    def __init__(self, limit_bytes: int = _NAMES_BYTES) -> None:
        self._limit = limit_bytes
        self._names: set[str] = set()
        self.bytes = 0

    def include(self, names: Iterable[str]) -> bool:
        """Whether the database can hold every one of the names."""
        if self._names.issuperset(names):
            return True
        try:
            for name in names:
                if name not in self._names:
                    self._remember(check_name("", name))
        except DecodeError:
            return False
        return True

    def _remember(self, name: str) -> None:
        if self.bytes > self._limit:
            self._names.clear()
            self.bytes = 0
        self._names.add(name)
        self.bytes += sys.getsizeof(name)
