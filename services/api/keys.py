"""API keys: `<key id>.<secret>`, of which only the SHA-256 of the secret is stored.

The secret has 256 random bits, so a fast hash is enough: there is no dictionary to try. A key sees the customers that
it is assigned to, or all of the deployment; its scopes say what of them it may see and do:

customer  what a plant sees of itself, and say why its machines stopped
read      what the supplier knows of the customers
act       move alerts and accounts on
admin     keys, webhooks, records and the audit log
"""

import hmac
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final, Literal, get_args

import psycopg
from psycopg.rows import class_row

from shared.errors import NotFoundError, SetupError

Scope = Literal["customer", "read", "act", "admin"]
CUSTOMER: Final = "customer"
READ: Final = "read"
ACT: Final = "act"
ADMIN: Final = "admin"
_COLUMNS: Final = "key_id, name, scopes, customers, created_at, expires_at, revoked_at, last_used_at"
_NO_DIGEST = "0" * 64


@dataclass(frozen=True, kw_only=True)
class ApiKey:
    """One key as the database knows it; the secret itself is not among it. customers: which it may see, None for all;
    last_used_at: wall time, to the minute."""

    key_id: str
    name: str
    scopes: tuple[Scope, ...]
    customers: list[int] | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "scopes", tuple(self.scopes))

    def is_valid(self, now: datetime) -> bool:
        """Neither revoked nor expired at `now` (wall time)."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def create_key(
    conn: psycopg.Connection,
    *,
    name: str,
    now: datetime,
    scopes: Sequence[str] = (READ, ACT),
    customers: Sequence[int] | None = None,
    expires_at: datetime | None = None,
) -> str:
    """Store a new key and return it whole, the only time that it can be seen. customers: None for all.

    Raises SetupError for an unknown scope, or a plant's key that is not assigned to its customer.
    """
    unknown = sorted(set(scopes) - set(get_args(Scope)))
    if unknown or not scopes:
        raise SetupError(f"unknown scope {', '.join(map(repr, unknown))}: use {', '.join(get_args(Scope))}")
    if CUSTOMER in scopes and not customers:
        raise SetupError("the scope 'customer' is for a plant: say whose with --customer ID")
    key_id, secret = f"bw{secrets.token_hex(6)}", secrets.token_urlsafe(32)
    assigned = None if customers is None else sorted(set(customers))
    conn.execute(
        "INSERT INTO api_keys (key_id, secret_sha256, name, scopes, customers, created_at, expires_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        [key_id, _digest(secret), name, list(scopes), assigned, now, expires_at],
    )
    return f"{key_id}.{secret}"


def adopt_key(conn: psycopg.Connection, key: str, *, name: str, now: datetime) -> bool:
    """Make a key that another database of the same owner gave out known here too; False where its id is taken."""
    key_id, _, secret = key.partition(".")
    if not secret or key_id != _storable(key_id):
        return False
    return bool(
        conn.execute(
            "INSERT INTO api_keys (key_id, secret_sha256, name, scopes, created_at) VALUES (%s, %s, %s, %s, %s)"
            " ON CONFLICT DO NOTHING",
            [key_id, _digest(secret), name, [READ, ACT], now],
        ).rowcount
    )


def list_keys(conn: psycopg.Connection) -> list[ApiKey]:
    """All keys, revoked and expired ones too, oldest first."""
    with conn.cursor(row_factory=class_row(ApiKey)) as cur:
        return cur.execute(f"SELECT {_COLUMNS} FROM api_keys ORDER BY created_at, key_id").fetchall()


def revoke_key(conn: psycopg.Connection, key_id: str, *, now: datetime) -> None:
    """End a key at `now`; a key revoked before keeps its date. Raises NotFoundError for an unknown id."""
    changed = conn.execute(
        "UPDATE api_keys SET revoked_at = coalesce(revoked_at, %s) WHERE key_id = %s", [now, key_id]
    ).rowcount
    if not changed:
        raise NotFoundError(f"no API key {key_id}")


def find_key(conn: psycopg.Connection, presented: str, *, now: datetime) -> ApiKey | None:
    """The valid key that `presented` is, or None.

    An unknown id costs the same comparison as a wrong secret, so time tells nothing about which ids exist.
    """
    key_id, _, secret = presented.partition(".")
    row = conn.execute("SELECT secret_sha256 FROM api_keys WHERE key_id = %s", [_storable(key_id)]).fetchone()
    stored = _NO_DIGEST if row is None else row[0]
    if not hmac.compare_digest(stored, _digest(secret)):
        return None
    return valid_key(conn, key_id, now=now)


def valid_key(conn: psycopg.Connection, key_id: str, *, now: datetime) -> ApiKey | None:
    """The key of that id if it is valid at `now`; for a caller who has proved before that it is theirs."""
    with conn.cursor(row_factory=class_row(ApiKey)) as cur:
        key = cur.execute(
            f"SELECT {_COLUMNS} FROM api_keys WHERE key_id = %s",
            [_storable(key_id)],
        ).fetchone()
    return key if key is not None and key.is_valid(now) else None


def valid_keys(conn: psycopg.Connection, key_ids: Collection[str], *, now: datetime) -> dict[str, ApiKey]:
    """Those of the ids whose keys are valid at `now`."""
    with conn.cursor(row_factory=class_row(ApiKey)) as cur:
        found = cur.execute(f"SELECT {_COLUMNS} FROM api_keys WHERE key_id = ANY(%s)", [[*key_ids]]).fetchall()
    return {key.key_id: key for key in found if key.is_valid(now)}


def _digest(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _storable(key_id: str) -> str:
    return "".join(c for c in key_id if c.isascii() and c.isalnum())
