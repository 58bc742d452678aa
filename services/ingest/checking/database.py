"""The database: reached, of our schema, ours to write; what it says about the broker's topics and about who is host."""

import time
from typing import NamedTuple

import psycopg
from alembic.script import ScriptDirectory
from psycopg.conninfo import make_conninfo

from services.ingest.checking.finding import Finding, clock_finding
from services.ingest.store.lease import host_lease
from services.ingest.store.mappings import load_mappings
from shared.database import connect, connection_settings
from shared.errors import BellwetherError, DatabaseMissingError
from shared.mappings import MappingSpecification
from shared.migrations.run import alembic_config
from shared.settings import DatabaseSettings

_WITHIN_S = 10
_WRITTEN = (
    "sources", "devices", "series", "samples", "samples_text", "sample_conflicts", "changed_ranges", "ticks",
    "ingest_sessions", "leases", "dead_letters",
)  # fmt: skip
_LACKING = """
SELECT name || ': ' || right_ FROM unnest(%s::text[]) AS name, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE']) AS right_
WHERE NOT has_table_privilege(name, right_)
UNION ALL
SELECT 'mappings: SELECT' WHERE NOT has_table_privilege('mappings', 'SELECT')
UNION ALL
SELECT 'temporary tables' WHERE NOT has_database_privilege(current_database(), 'TEMP')
ORDER BY 1
"""
_ENGINE = """
SELECT 'PostgreSQL ' || current_setting('server_version')
       || coalesce((SELECT ' with TimescaleDB ' || extversion FROM pg_extension WHERE extname = 'timescaledb'), '')
"""
_TRY = "INSERT INTO leases (name, holder, expires_at) VALUES ('check', 'check', clock_timestamp())"
_HOST = "SELECT holder FROM leases WHERE name = %s AND expires_at > clock_timestamp()"
_MAPPINGS = "SELECT count(*) FROM mappings WHERE enabled"


class Checked(NamedTuple):
    """What the database said: `findings`, and the mappings that can be used, as far as one got."""

    findings: tuple[Finding, ...]
    mappings: tuple[MappingSpecification, ...]


def check_database(settings: DatabaseSettings, *, host_id: str) -> Checked:
    """What it says to each question, up to the first that it cannot be asked."""
    findings: list[Finding] = []
    mappings: tuple[MappingSpecification, ...] = ()
    try:
        with connect(_impatient(settings), application="check") as conn:
            findings.append(_reached(conn))
            findings.append(schema := _schema(conn))
            if schema.ok:
                findings.extend(ask(conn) for ask in (_rights, _writable, _clock))
                mappings = load_mappings(conn)
                findings.append(_usable(len(mappings), int(str(_one(conn, _MAPPINGS)))))
                findings.append(_host(conn, host_id))
    except DatabaseMissingError as exc:
        findings.append(Finding("database", "the server has none of this name", exc.remedy))
    except BellwetherError as exc:
        findings.append(_failed(exc, "start the database, open the way to it, or correct BELLWETHER_DATABASE_URL"))
    except psycopg.Error as exc:
        findings.append(_failed(exc, "look at the database's log"))
    return Checked(tuple(findings), mappings)


def _failed(exc: Exception, remedy: str) -> Finding:
    return Finding("database", " ".join(str(exc).split()), remedy)


def _impatient(settings: DatabaseSettings) -> str:
    url = settings.database_url.get_secret_value()
    connection_settings(url)
    return make_conninfo(url, connect_timeout=_WITHIN_S)


def _reached(conn: psycopg.Connection) -> Finding:
    return Finding("database", f"{_one(conn, _ENGINE)} at {conn.info.host}:{conn.info.port}/{conn.info.dbname}")


def _schema(conn: psycopg.Connection) -> Finding:
    newest = ScriptDirectory.from_config(alembic_config()).get_current_head()
    found = _one(conn, "SELECT to_regclass('alembic_version')")
    version = _one(conn, "SELECT version_num FROM alembic_version") if found else None
    if version == newest:
        return Finding("schema", f"version {version}")
    return Finding("schema", f"version {version or 'none'}, not {newest}", "run `bellwether migrate`")


def _rights(conn: psycopg.Connection) -> Finding:
    lacking = [name for (name,) in conn.execute(_LACKING, [list(_WRITTEN)])]
    if not lacking:
        return Finding("rights", f"{conn.info.user} may read and write what ingest does")
    return Finding(
        "rights", f"{conn.info.user} lacks {', '.join(lacking)}", "grant them to this user, or use the owner"
    )


def _writable(conn: psycopg.Connection) -> Finding:
    """A row is written and taken back."""
    try:
        with conn.transaction(force_rollback=True):
            conn.execute(_TRY)
    except psycopg.Error as exc:
        told = str(exc).strip().splitlines()[0]
        return Finding("writing", told, "name the primary server, with free disk, and a user that may write")
    return Finding("writing", "a row was written and taken back")


def _clock(conn: psycopg.Connection) -> Finding:
    before = time.time()
    there = float(str(_one(conn, "SELECT extract(epoch FROM clock_timestamp())")))
    after = time.time()
    return clock_finding((before + after) / 2 - there, uncertain_s=(after - before) / 2)


def _usable(usable: int, enabled: int) -> Finding:
    if usable == enabled:
        return Finding("mappings", f"{enabled} enabled")
    return Finding("mappings", f"{enabled - usable} of {enabled} cannot be used", "import mappings.yaml again")


def _host(conn: psycopg.Connection, host_id: str) -> Finding:
    holder = conn.execute(_HOST, [host_lease(host_id)]).fetchone()
    return Finding("Sparkplug host", f"now {holder[0]}" if holder else "nobody now: ingest would take it")


def _one(conn: psycopg.Connection, query: str) -> object:
    row = conn.execute(query).fetchone()
    return row[0] if row else None
