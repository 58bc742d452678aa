"""The first key to a stack, kept in a file that only its owner can read."""

import stat
from datetime import UTC, datetime

from deploy.local.access import ensure_key
from services.api.keys import find_key, revoke_key
from shared.database import connect
from tests.databases import Server

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_the_key_is_made_once_and_readable_by_its_owner_alone(conn, tmp_path):
    path = tmp_path / "api-key"
    key = ensure_key(conn, path, now=NOW)
    assert ensure_key(conn, path, now=NOW) == key == path.read_text().strip()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_second_database_answers_to_the_key_of_the_first(conn, database_server: Server, tmp_path):
    path = tmp_path / "api-key"
    key = ensure_key(conn, path, now=NOW)
    other = database_server.migrated()
    with connect(database_server.url_of(other), application="test") as second:
        assert ensure_key(second, path, now=NOW) == key
        assert find_key(second, key, now=NOW) is not None
    database_server.drop(other)
    assert find_key(conn, key, now=NOW) is not None


def test_a_revoked_key_is_replaced_and_never_comes_back(conn, tmp_path):
    path = tmp_path / "api-key"
    first = ensure_key(conn, path, now=NOW)
    revoke_key(conn, first.partition(".")[0], now=NOW)
    second = ensure_key(conn, path, now=NOW)
    assert second != first
    assert find_key(conn, first, now=NOW) is None
    assert find_key(conn, second, now=NOW) is not None
