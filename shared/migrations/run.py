"""Run the migrations without an ini file: the one argument is the database's URL."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import NullPool, create_engine

from shared.database import connect


def migrate(url: str) -> None:
    """Upgrade the database at `url` to the newest schema, in one transaction; do nothing if it is there already.

    Several processes may call it at once: they take turns. Raises StorageError when the database is away.
    """
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: connect(url, application="migrate"), poolclass=NullPool
    )
    with engine.begin() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def alembic_config() -> Config:
    """Alembic's configuration; `env.py` expects an open connection in its attributes."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config
