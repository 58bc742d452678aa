"""Alembic's environment: runs on the connection that `run.py` or a test hands over, in that one's transaction."""

from alembic import context
from sqlalchemy import text

from shared.locks import AdvisoryLock
from shared.migrations.engines import TIME_TABLES
from shared.tables import metadata


def _ours(_object: object, name: str | None, kind: str, reflected: bool, _compared: object) -> bool:
    """Leave out partitions, which exist only in the database."""
    partition = any((name or "").startswith((f"{table}_p", f"{table}_default")) for table in TIME_TABLES)
    return not (kind == "table" and reflected and partition)


connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, include_object=_ours, compare_server_default=True)
with context.begin_transaction():
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": AdvisoryLock.MIGRATION})
    context.run_migrations()
