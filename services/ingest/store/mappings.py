"""The declared mappings that the database holds."""

import psycopg
import structlog

from shared.mappings import MappingError, MappingSpecification, parse_mapping, subscription

log = structlog.get_logger()


def load_mappings(conn: psycopg.Connection) -> tuple[MappingSpecification, ...]:
    """Enabled mappings in the order in which they were entered; one that cannot be used is left out and logged."""
    mappings = []
    rows = conn.execute("SELECT external_id, specification FROM mappings WHERE enabled ORDER BY mapping_id")
    for external_id, specification in rows.fetchall():
        try:
            mappings.append(parse_mapping(specification))
        except MappingError as exc:
            log.warning("a mapping cannot be used", mapping=external_id, error=str(exc))
    return tuple(mappings)


def disabled_subscriptions(conn: psycopg.Connection) -> list[str]:
    """Topic filters of mappings that are in force no more."""
    rows = conn.execute("SELECT topic_pattern FROM mappings WHERE NOT enabled").fetchall()
    return [subscription(pattern) for (pattern,) in rows]
