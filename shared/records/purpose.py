"""What a database is for: demo data and real customers never share one."""

from typing import Literal

import psycopg

from shared.errors import SetupError

Purpose = Literal["demo", "live"]

_HOLDS = {"demo": "demo data", "live": "real customers"}


def fix_purpose(conn: psycopg.Connection, purpose: Purpose) -> None:
    """Make this database one for `purpose`, for good; raise SetupError where it already serves the other.

    Runs in the caller's transaction.
    """
    conn.execute("INSERT INTO deployment (purpose) VALUES (%s) ON CONFLICT DO NOTHING", [purpose])
    row = conn.execute("SELECT purpose FROM deployment").fetchone()
    if row is not None and row[0] != purpose:
        raise SetupError(
            f"this database holds {_HOLDS[row[0]]}, and {_HOLDS[purpose]} never mix with that: "
            "name another, empty database"
        )
