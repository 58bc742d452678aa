"""What this process should be to the plants: a decision without effects."""

from enum import Enum

_OFFLINE_ABOVE, _ONLINE_BELOW = 0.8, 0.5


class Part(Enum):
    """What a process is to the plants."""

    SILENT = "silent"
    """Another process hears them."""
    LISTENER = "listener"
    """Hears them, and says nothing about itself."""
    HOST = "host"


def part_of(*, lease_held: bool | None, spool_fill: float, before: Part) -> Part:
    """The part to play, given whether the lease is ours (None: not known yet) and how full the spool is, 0 to 1.

    A plant that has us as its primary host drops its connection when we go offline, so that is for the last fifth of
    the spool, and over when half of it is empty. As long as nobody knows who has the lease, listening is safe: what
    two processes hear is stored once.
    """
    if lease_held is None:
        return Part.LISTENER
    if not lease_held:
        return Part.SILENT
    limit = _ONLINE_BELOW if before is Part.LISTENER else _OFFLINE_ABOVE
    return Part.LISTENER if spool_fill >= limit else Part.HOST
