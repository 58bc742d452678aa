"""Decoded messages as bytes and back: MessagePack, compressed, since a plant names the same metrics again and again."""

import zlib
from collections.abc import Sequence

import msgspec
import numpy as np

from services.ingest.readings import Decoded


def _plain(value: object) -> object:
    if isinstance(value, np.ndarray):
        return value.tobytes()
    raise NotImplementedError(type(value).__name__)


def _array(_kind: type, value: bytes) -> object:
    return np.frombuffer(value, np.float64)


_encoder = msgspec.msgpack.Encoder(enc_hook=_plain)
_decoder = msgspec.msgpack.Decoder(list[Decoded], dec_hook=_array)


def pack(messages: Sequence[Decoded]) -> bytes:
    """Everything that is needed to store the messages later, dead letters included."""
    return zlib.compress(_encoder.encode(messages), 1)


def unpack(packed: bytes) -> list[Decoded]:
    """What `pack` was given; raise ValueError for bytes that it did not make."""
    try:
        return _decoder.decode(zlib.decompress(packed))
    except (zlib.error, msgspec.MsgspecError) as exc:
        raise ValueError(str(exc)) from exc
