"""What is kept between two assessments of a customer: states to go on from, and what the records said."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from services.health.assess import STATE_VERSION, CustomerState

# One number for both layouts: that of the states and that of what is around them.
LAYOUT_VERSION = 100 * STATE_VERSION + 2

# Data that comes late goes on from the newest state of before it; older states are kept at growing distances.
KEPT_AGES = (timedelta(0), timedelta(days=3), timedelta(days=14), timedelta(days=100))


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A customer's states at UTC midnights, oldest first.

    records_digests: of each, what the records said about the time before it when it was made.
    """

    states: tuple[CustomerState, ...]
    records_digests: tuple[bytes, ...]

    def at(self, midnight: datetime) -> CustomerState:
        """The state at a midnight; raise KeyError where none is kept."""
        by_midnight = {state.through: state for state in self.states}
        return by_midnight[midnight]


def to_bytes(checkpoint: Checkpoint) -> bytes:
    """The checkpoint as msgpack."""
    return msgspec.msgpack.encode(checkpoint)


def from_bytes(stored: bytes, version: int) -> Checkpoint | None:
    """The stored checkpoint; None where another layout wrote it, so that assessment starts from the first data."""
    return msgspec.msgpack.decode(stored, type=Checkpoint) if version == LAYOUT_VERSION else None


def thinned(states: Sequence[CustomerState]) -> tuple[CustomerState, ...]:
    """The newest state, and for each kept age the oldest state that is not older; one a midnight, oldest first.

    The later of two states of one midnight wins. Keeping the oldest in reach lets the row of states move on with
    time: each state is handed from age to age.
    """
    by_midnight = {state.through: state for state in states}
    if not by_midnight:
        return ()
    newest = max(by_midnight)
    kept = {min(at for at in by_midnight if newest - at <= age) for age in KEPT_AGES}
    return tuple(by_midnight[at] for at in sorted(kept))
