"""Decoded messages as bytes and back: MessagePack, compressed, since a plant names the same metrics again and again."""

import zlib
from collections.abc import Sequence

import msgspec
import numpy as np

from services.ingest.messages.printable import printable
from services.ingest.messages.readings import Decoded


def _plain(value: object) -> object:
    if isinstance(value, np.ndarray):
        return value.tobytes()
    raise NotImplementedError(type(value).__name__)


def _array(_kind: type, value: bytes) -> object:
    return np.frombuffer(value, np.float64)


_encoder = msgspec.msgpack.Encoder(enc_hook=_plain)
_decoder = msgspec.msgpack.Decoder(list[Decoded], dec_hook=_array)


def pack(messages: Sequence[Decoded]) -> bytes:
    """Everything that is needed to store the messages later, dead letters included.

    A topic that is not Unicode, which only a dead letter has, is kept as it is printed.
    """
    try:
        encoded = _encoder.encode(messages)
    except UnicodeEncodeError:
        encoded = _encoder.encode([_printable(decoded) for decoded in messages])
    return zlib.compress(encoded, 1)


def unpack(packed: bytes) -> list[Decoded]:
    """What `pack` was given; raise ValueError for bytes that it did not make."""
    try:
        return _decoder.decode(zlib.decompress(packed))
    except (zlib.error, msgspec.MsgspecError) as exc:
        raise ValueError(str(exc)) from exc


def _printable(decoded: Decoded) -> Decoded:
    envelope = decoded.envelope._replace(topic=printable(decoded.envelope.topic))
    reason = None if decoded.reason is None else printable(decoded.reason)
    return decoded._replace(envelope=envelope, reason=reason)
