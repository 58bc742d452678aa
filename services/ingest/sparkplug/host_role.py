"""What this process should be to the plants: a decision without effects.

Plants know one host by its host id, whichever process it is, and go by the newest time in its STATE. So these rules
hold together the lease (one row in the database), the roles and the sessions:

1. Who has the lease is host; the others stand by. While the database is away its holder stays host.
2. Another process gets the lease when it is given back, or when it has seen for 15 s that nobody renews it.
3. A host that lost the lease leaves without a word, not even its will: a death would be newer than the birth of the
   host that follows, and nodes would believe it.
4. A host that stops, or must not be online, says its death and leaves; only then it gives back the lease.
5. Each connection's STATE is newer than all that was heard of this host id. A host that hears a newer death says that
   it is online and connects anew; one that hears a newer birth is no host any more, whatever it knew of the lease: it
   listens until the database answers, then rule 1 holds.
6. A host that has been without the broker for 10 s gives the lease back, since another process may reach it, and wants
   it again once it hears the plants.
"""

from enum import Enum

_OFFLINE_ABOVE, _ONLINE_BELOW = 0.8, 0.5
_DEAF_AFTER_S = 10.0


class HostRole(Enum):
    """What a process is to the plants."""

    STANDBY = "standby"
    """Another process hears them."""
    LISTENER = "listener"
    """Hears them, and is online to nobody."""
    HOST = "host"
    GONE = "gone"
    """Was host until now, and nobody follows yet."""


def role_of(*, lease_held: bool | None, spool_fill: float, before: HostRole) -> HostRole:
    """The role to take, given whether the lease is ours (None: not known) and how full the spool is, 0 to 1.

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


class Deafness:
    """Whether a host has been without the broker for so long that another process should try."""

    def __init__(self) -> None:
        self._since_s: float | None = None
        self._deaf = False

    def now(self, *, is_host: bool, listening: bool, now_s: float) -> bool:
        """Whether it is deaf, given that it hears the plants or not; once deaf, until it does. Call it all the time."""
        if listening or not (is_host or self._deaf):
            self._since_s, self._deaf = None, False
            return False
        if self._since_s is None:
            self._since_s = now_s
        self._deaf = self._deaf or now_s - self._since_s >= _DEAF_AFTER_S
        return self._deaf
