"""The schema that migrations make is the schema of `shared.tables`."""

import subprocess
import sys

from alembic import command
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from shared.database import connect
from shared.migrations import migrate
from shared.migrations.run import alembic_config
from tests.databases import Server


def test_the_migrated_schema_is_that_of_the_tables(database_url: str) -> None:
    engine = create_engine(make_url(database_url).set(drivername="postgresql+psycopg"))
    with engine.begin() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.check(config)


def test_migrating_twice_changes_nothing(database_url: str) -> None:
    migrate(database_url)


def test_services_that_start_together_migrate_in_turn(database_server: Server) -> None:
    name = database_server.empty()
    url = database_server.url_of(name)
    program = "import sys; from shared.migrations import migrate; migrate(sys.argv[1])"
    services = [subprocess.Popen([sys.executable, "-c", program, url]) for _ in range(3)]
    assert [service.wait() for service in services] == [0, 0, 0]
    with connect(url, application="test") as conn:
        assert conn.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)
    database_server.drop(name)
