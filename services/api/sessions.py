"""Sign-in of the page: a signed cookie that names the key, so the key itself is not kept in the browser."""

import hmac
import re
from datetime import datetime, timedelta

LIFETIME = timedelta(hours=12)
_SESSION = re.compile(r"([A-Za-z0-9]{1,64})\.([0-9]{1,12})\.([0-9a-f]{64})")


def session_for(secret: bytes, key_id: str, now: datetime) -> str:
    """The cookie's value for who has just shown that key; good for LIFETIME from `now`."""
    ends = int((now + LIFETIME).timestamp())
    return f"{key_id}.{ends}.{_tag(secret, key_id, ends)}"


def key_of_session(secret: bytes, session: str, now: datetime) -> str | None:
    """The key id that a session names; None where it is not ours or has ended."""
    match = _SESSION.fullmatch(session)
    if match is None:
        return None
    key_id, ends = match[1], int(match[2])
    if not hmac.compare_digest(match[3], _tag(secret, key_id, ends)) or now.timestamp() >= ends:
        return None
    return key_id


def _tag(secret: bytes, key_id: str, ends: int) -> str:
    return hmac.new(secret, f"session\0{key_id}\0{ends}".encode(), "sha256").hexdigest()
