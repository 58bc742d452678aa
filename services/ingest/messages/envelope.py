"""A message as it came from the broker."""

from typing import NamedTuple


class Envelope(NamedTuple):
    """One PUBLISH. `connection` and `mid` are what an acknowledgement needs; `received_us` is our clock, Unix µs."""

    topic: str
    payload: bytes
    qos: int
    retained: bool
    received_us: int
    mid: int
    connection: int
