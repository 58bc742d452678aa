"""Cursors: opaque, and of this deployment.

A page cursor is a keyset position, signed together with the filters it was given for. A feed cursor names a change
by sequence and fingerprint: it needs no secret, outlives restarts, and is noticed when the feed is not the one it
came from (a restored backup).
"""

import base64
import binascii
import hmac
import json
import re
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from services.api.problems import BadCursorError

_TAG_BYTES = 16
_FEED_CURSOR = re.compile(r"(0|[1-9][0-9]{0,17})-([0-9a-f]{12})")


def sign(secret: bytes, position: Mapping[str, Any], filters: Mapping[str, Any]) -> str:
    """An opaque cursor for `position`, good for these filters only."""
    payload = _canonical(position)
    return base64.urlsafe_b64encode(_tag(secret, payload, filters) + payload).rstrip(b"=").decode()


def read(secret: bytes, cursor: str, filters: Mapping[str, Any]) -> dict[str, Any]:
    """The position in a cursor; raise BadCursorError unless `sign` made it with this secret for these filters."""
    try:
        raw = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error) as exc:
        raise BadCursorError("the cursor is not one of ours") from exc
    tag, payload = raw[:_TAG_BYTES], raw[_TAG_BYTES:]
    if not hmac.compare_digest(tag, _tag(secret, payload, filters)):
        raise BadCursorError("the cursor is not one of ours, or was given for other filters")
    position: dict[str, Any] = json.loads(payload)
    return position


def feed_cursor(sequence: int, at: datetime | None) -> str:
    """The cursor after the change with that sequence and time; sequence 0 is before the first, without a time."""
    return f"{sequence}-{_fingerprint(sequence, at)}"


def feed_sequence(cursor: str) -> int:
    """The sequence that a feed cursor names; raise BadCursorError where it has not the form of one."""
    match = _FEED_CURSOR.fullmatch(cursor)
    if match is None:
        raise BadCursorError("`since` is not a cursor of this feed; use `next` of an earlier answer")
    return int(match[1])


def _fingerprint(sequence: int, at: datetime | None) -> str:
    moment = "" if at is None else f"{at.timestamp():.6f}"
    return sha256(f"{sequence}/{moment}".encode()).hexdigest()[:12]


def _canonical(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str).encode()


def _tag(secret: bytes, payload: bytes, filters: Mapping[str, Any]) -> bytes:
    bound = len(payload).to_bytes(4, "big") + payload + _canonical(filters)
    return hmac.digest(secret, b"page-cursor\0" + bound, "sha256")[:_TAG_BYTES]
