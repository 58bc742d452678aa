"""One POST to a receiver: to an address that was judged, within 15 s in all, following nobody elsewhere.

httpcore and not httpx, because its connection pool takes the network backend that opens connections, and knows no
redirects and no proxies of the environment.
"""

import ssl
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpcore

from services.webhooks.retrying import Answer
from shared.targets import Network, Resolve, Target, TargetError, checked_addresses, read_target, resolve

PATIENCE_S = 15.0


@dataclass(frozen=True, kw_only=True)
class Sender:
    """How to reach receivers. allowed: private networks that may be; resolver: how names become addresses."""

    allowed: Sequence[Network]
    resolver: Resolve = resolve
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    patience_s: float = PATIENCE_S

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """What the receiver answered; of its answer nothing but the status is read."""
        try:
            backend = _CheckedNetwork(read_target(url), self, time.monotonic() + self.patience_s)
            with (
                httpcore.ConnectionPool(ssl_context=self.tls, network_backend=backend) as pool,
                pool.stream("POST", url, headers=list(headers.items()), content=body) as response,
            ):
                return Answer(response.status)
        except TargetError as exc:
            return Answer(None, str(exc))
        except (httpcore.TimeoutException, TimeoutError):
            return Answer(None, f"no answer within {self.patience_s:g} s")
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol, OSError) as exc:
            return Answer(None, f"{type(exc).__name__}: no connection, or none that speaks HTTP")


class _CheckedNetwork(httpcore.NetworkBackend):
    """Opens connections to judged addresses only. The name that TLS verifies stays the URL's host."""

    def __init__(self, target: Target, sender: Sender, deadline_s: float) -> None:
        self._target, self._sender, self._deadline_s = target, sender, deadline_s
        self._system = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the deadline counts
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        target = Target(host, port, self._target.secure)
        address = checked_addresses(target, self._sender.allowed, self._sender.resolver)[0]
        stream = self._system.connect_tcp(str(address), port, _left_s(self._deadline_s), local_address, socket_options)
        return _Hurried(stream, self._deadline_s)


class _Hurried(httpcore.NetworkStream):
    """A connection whose every step ends by one deadline: a byte now and then does not keep us."""

    def __init__(self, stream: httpcore.NetworkStream, deadline_s: float) -> None:
        self._stream, self._deadline_s = stream, deadline_s

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - the deadline counts
        return self._stream.read(max_bytes, _left_s(self._deadline_s))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - the deadline counts
        self._stream.write(buffer, _left_s(self._deadline_s))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 - the deadline counts
    ) -> httpcore.NetworkStream:
        secured = self._stream.start_tls(ssl_context, server_hostname, _left_s(self._deadline_s))
        return _Hurried(secured, self._deadline_s)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - as httpcore has it
        return self._stream.get_extra_info(info)


def _left_s(deadline_s: float) -> float:
    left = deadline_s - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("the deadline is over")
    return left
