"""The database's schema, brought up to date: `migrate(url)`."""

from shared.migrations.engines import engine_of, ensure_partitions, ensure_partitions_for
from shared.migrations.run import migrate

__all__ = ["engine_of", "ensure_partitions", "ensure_partitions_for", "migrate"]
