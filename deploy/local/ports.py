"""Ports on the loopback address."""

import socket

from shared.errors import SetupError


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port(preferred: int | None = None) -> int:
    """`preferred` if nobody listens on it, else any free port."""
    if preferred is not None and is_free("127.0.0.1", preferred):
        return preferred
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def require_free(host: str, port: int) -> None:
    """Raise SetupError, with what to do, when the port is taken."""
    if not is_free(host, port):
        raise SetupError(
            f"port {port} on {host} is taken by another program; stop it, or choose another: "
            f"make run ARGS='--port {port + 1}'"
        )
