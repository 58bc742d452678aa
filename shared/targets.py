"""Where we may send what people ask us to send: nowhere inside, unless that network is allowed.

An address is judged, never a spelling: whatever is written (decimal, octal, hexadecimal, a name) is resolved first, and
the connection then goes to the very address that was judged, so that a name that changes its answer gains nothing.
"""

import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import SplitResult, urlsplit

from shared.errors import PermanentError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str, int], Sequence[Address]]
# Public by their number, and yet reached only from inside a cloud: what its machines are told about themselves.
_METADATA: Final = (ip_network("168.63.129.16/32"), ip_network("192.0.0.0/24"), ip_network("fd00:ec2::/32"))
_NAT64: Final = ip_network("64:ff9b::/96")


class TargetError(PermanentError):
    """An address to which nothing is sent."""


@dataclass(frozen=True)
class Target:
    """What a URL says of where to send; `secure` for https."""

    host: str
    port: int
    secure: bool


def networks(text: str) -> tuple[Network, ...]:
    """The networks of a setting, with commas between them; raise ValueError for what is none."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def read_target(url: str) -> Target:
    """Where the URL leads; raise TargetError for one that is not plain https or http with a host."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as exc:
        raise TargetError(f"this is not a URL: {exc}") from None
    _require_plain(parts)
    secure = parts.scheme == "https"
    return Target(str(parts.hostname), port or (443 if secure else 80), secure)


def resolve(host: str, port: int) -> Sequence[Address]:
    """Every address of the host, as the system knows them; raise TargetError where there is none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise TargetError(f"the host {host!r} has no address") from None
    return [ip_address(str(each[4][0]).split("%")[0]) for each in found]


def checked_addresses(target: Target, allowed: Iterable[Network], resolver: Resolve = resolve) -> Sequence[Address]:
    """The addresses to connect to; raise TargetError where any of them may not be reached.

    http is spoken only within allowed networks. The refusal does not say which address it was.
    """
    found = resolver(target.host, target.port)
    if not found:
        raise TargetError(f"the host {target.host!r} has no address")
    within = [any(_embedded(address) in network for network in allowed) for address in found]
    if not all(inside or is_public(address) for inside, address in zip(within, found, strict=True)):
        raise TargetError(f"the host {target.host!r} is inside a private network")
    if not target.secure and not all(within):
        raise TargetError("only https is spoken outside the allowed networks")
    return found


def is_public(address: Address) -> bool:
    """Whether the address is of the open internet: not private, local, shared, multicast, unspecified or metadata's."""
    real = _embedded(address)
    return real.is_global and not real.is_multicast and not any(real in network for network in _METADATA)


def _require_plain(parts: SplitResult) -> None:
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise TargetError("write the whole address: https://HOST/PATH")
    if parts.username is not None or parts.password is not None:
        raise TargetError("an address with a user or a password in it is refused")
    if parts.fragment:
        raise TargetError("an address with a fragment (#) is refused")


def _embedded(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, where it does."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else address)
