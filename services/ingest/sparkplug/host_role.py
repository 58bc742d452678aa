"""What this process should be to the plants: a decision without effects."""

from enum import Enum

_OFFLINE_ABOVE, _ONLINE_BELOW = 0.8, 0.5


class HostRole(Enum):
    """What a process is to the plants."""

    STANDBY = "standby"
    """Another process hears them."""
    LISTENER = "listener"
    """Hears them, and says nothing about itself."""
    HOST = "host"


def role_of(*, lease_held: bool | None, spool_fill: float, before: HostRole) -> HostRole:
    """The role to take, given whether the lease is ours (None: not known yet) and how full the spool is, 0 to 1.

    A plant that has us as its primary host drops its connection when we go offline, so that is for the last fifth of
    the spool, and over when half of it is empty. As long as nobody knows who has the lease, listening is safe: what
    two processes hear is stored once.
    """
    if lease_held is None:
        return HostRole.LISTENER
    if not lease_held:
        return HostRole.STANDBY
    limit = _ONLINE_BELOW if before is HostRole.LISTENER else _OFFLINE_ABOVE
    return HostRole.LISTENER if spool_fill >= limit else HostRole.HOST
