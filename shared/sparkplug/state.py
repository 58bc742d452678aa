"""What a host application says about itself, retained, on `spBv1.0/STATE/{host id}`: the one payload in JSON."""

import msgspec


class _State(msgspec.Struct, frozen=True):
    online: bool
    timestamp: int


_decoder = msgspec.json.Decoder(_State)


def state_payload(*, online: bool, timestamp_ms: int) -> bytes:
    """Birth (online) or death of a host; both carry the time (Unix ms) of the connection's will."""
    return msgspec.json.encode(_State(online, timestamp_ms))


def parse_state(raw: bytes) -> tuple[bool, int] | None:
    """Whether the host is online, and the statement's time in Unix ms; None for what is no state."""
    try:
        state = _decoder.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return state.online, state.timestamp
