"""What is the database's fault loses nothing: the same batch again, once the fault is gone, is stored once."""

import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from services.ingest.messages.readings import Decoded
from services.ingest.store.store import Store
from shared.database import connect
from shared.errors import StorageError
from tests.databases import wait_until_blocked
from tests.integration.ingest.cutting_proxy import cutting_proxy
from tests.integration.ingest.messages import NOW_US, SECOND, message, reading
from tests.integration.ingest.stores import store_on
from tests.unit.ingest.messages import envelope


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with connect(database_url, application="test") as connection:
        yield store_on(connection)


def batch(second: int, value: float = 1.0, *, metrics: int = 50) -> list[Decoded]:
    return [message(reading(NOW_US + second * SECOND, **{f"m{n}": value for n in range(metrics)}))]


def samples(conn: psycopg.Connection) -> int:
    (count,) = conn.execute("SELECT count(*) FROM samples").fetchone() or (0,)
    conn.commit()
    return count


def dead_letters(conn: psycopg.Connection) -> int:
    (count,) = conn.execute("SELECT count(*) FROM dead_letters").fetchone() or (0,)
    conn.commit()
    return count


def test_an_answer_to_commit_that_never_comes_is_a_fault_and_the_retry_stores_and_doubles_nothing(conn, database_url):
    with cutting_proxy(conn) as proxy:
        with connect(proxy.url, application="test") as connection:
            store = store_on(connection)
            store.write(batch(0))
            proxy.cut_next_commit.set()
            with pytest.raises(StorageError):
                store.write([*batch(1), *batch(1, 2.0)])
        assert proxy.has_cut.is_set()
    assert (store.stored, store.repeated, store.conflicts) == (50, 0, 0)
    assert samples(conn) == 100
    with connect(database_url, application="test") as connection:
        again = store_on(connection)
        again.write([*batch(1), *batch(1, 2.0)])
    assert (again.stored, again.repeated, again.conflicts) == (0, 100, 0)
    assert conn.execute("SELECT sum(conflicts) FROM sample_conflicts").fetchone() == (50,)
    assert samples(conn) == 100


def test_a_commit_that_the_server_dies_in_stores_nothing_and_says_so(store, conn):
    store.write(batch(0))
    conn.execute(
        "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END'"
    )
    conn.execute(
        "CREATE CONSTRAINT TRIGGER die AFTER INSERT ON changed_ranges DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION die()"
    )
    conn.commit()
    with pytest.raises(StorageError):
        store.write(batch(1))
    assert samples(conn) == 50
    assert (store.stored, store.repeated) == (50, 0)


def test_a_database_that_only_reads_keeps_the_batch_with_us(store, conn):
    store.write(batch(0))
    store.conn.execute("SET default_transaction_read_only = on")
    with pytest.raises(StorageError, match="read-only"):
        store.write(batch(1))
    store.conn.execute("SET default_transaction_read_only = off")
    store.write(batch(1))
    assert (samples(conn), dead_letters(conn)) == (100, 0)


@pytest.mark.parametrize(
    "sqlstate",
    ["40001", "40P01", "53100", "53200", "53300", "55P03", "57P01", "57P03", "58030", "25006", "42P01", "XX001"],
)
def test_no_fault_of_the_database_makes_dead_letters(store, conn, sqlstate):
    store.write(batch(0))
    conn.execute(
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS"
        f" 'BEGIN RAISE EXCEPTION ''no'' USING ERRCODE = ''{sqlstate}''; END'"
    )
    conn.execute("CREATE TRIGGER fail BEFORE INSERT ON changed_ranges FOR EACH ROW EXECUTE FUNCTION fail()")
    conn.commit()
    with pytest.raises(StorageError):
        store.write(batch(1))
    conn.execute("DROP TRIGGER fail ON changed_ranges")
    conn.commit()
    store.write(batch(1))
    assert (samples(conn), dead_letters(conn)) == (100, 0)


def test_what_is_blamed_on_a_message_once_is_not_blamed_on_it_again_without_a_second_look(store, conn):
    store.write(batch(0))
    conn.execute("TRUNCATE samples, changed_ranges, sources CASCADE")
    conn.commit()
    (told,) = store.write([message(reading(NOW_US, m0=1.0, new=1.0))])
    assert told.reason is None
    assert (samples(conn), dead_letters(conn)) == (2, 0)


def test_a_batch_that_is_taken_apart_takes_its_room_once_and_says_what_it_showed(conn, database_url):
    """The database refuses one of the messages in the last statements, when everything has been counted."""
    conn.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN RAISE EXCEPTION ''no'' USING ERRCODE = ''22000''; END'"
    )
    conn.execute(
        "CREATE TRIGGER refuse AFTER UPDATE ON sources FOR EACH ROW WHEN (NEW.topic_prefix = 'poison')"
        " EXECUTE FUNCTION refuse()"
    )
    conn.commit()
    letter = Decoded(envelope("plant/a/x", bytes(40_000)), reason="unreadable")
    ahead = message(reading(NOW_US + 60 * SECOND, m0=1.0))
    with connect(database_url, application="test") as connection:
        told = store_on(connection, dead_letters_mb=1).write([letter, ahead, message(reading(source="poison", a=1.0))])
    assert [one.reason is None for one in told] == [False, True, False]
    assert dead_letters(conn) == 2
    assert conn.execute("SELECT clock_offset_s FROM sources WHERE alive").fetchall() == [(60.0,)]


def test_a_deadlock_with_somebody_else_is_a_fault_and_loses_nothing(store, conn, database_url):
    store.write(batch(0))
    conn.execute("UPDATE sources SET credential = 'x'")
    with ThreadPoolExecutor(1) as pool:
        store.conn.execute("SET deadlock_timeout = '100ms'")
        written = pool.submit(store.write, batch(1))
        wait_until_blocked(database_url, store.conn, unless=written.done)
        conn.execute("SET deadlock_timeout = '1h'")
        conn.execute(
            "INSERT INTO samples (series_id, observed_at, received_at, value, quality, historical)"
            " SELECT series_id, observed_at + interval '1 s', received_at, 9, 192, false FROM samples LIMIT 1"
        )
        conn.commit()
        with pytest.raises(StorageError, match="deadlock"):
            written.result(timeout=20)
    store.write(batch(1))
    assert samples(conn) == 100
    assert store.conflicts == 1


@contextmanager
def small_disk(conn: psycopg.Connection, directory: Path) -> Iterator[Path]:
    """A file system of 1 MB that the server may write to."""
    ((data,),) = conn.execute("SHOW data_directory").fetchall()
    owner = Path(data).stat()
    for above in (directory, *directory.parents):
        above.chmod(above.stat().st_mode | 0o011)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", directory], check=True)
    try:
        os.chown(directory, owner.st_uid, owner.st_gid)
        directory.chmod(0o700)
        yield directory
    finally:
        subprocess.run(["umount", "-l", directory], check=True)


def fill(path: Path) -> None:
    """Write until the disk is full."""
    with suppress(OSError), path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: a small file system has to be mounted")
def test_a_full_disk_keeps_the_batch_with_us_until_there_is_room(postgres, tmp_path):
    name = postgres.migrated()
    url = postgres.url_of(name)
    with psycopg.connect(url, autocommit=True) as conn, small_disk(conn, tmp_path) as disk:
        conn.execute(f"CREATE TABLESPACE small LOCATION '{disk}'")
        conn.execute("ALTER TABLE changed_ranges SET TABLESPACE small")
        with connect(url, application="test") as connection:
            store = store_on(connection)
            store.write(batch(0))
            filler = disk / "filler"
            fill(filler)
            with pytest.raises(StorageError, match="No space left"):
                store.write(batch(1, metrics=2_000))
            assert samples(conn) == 50
            filler.unlink()
            store.write(batch(1, metrics=2_000))
        assert (samples(conn), dead_letters(conn)) == (2_050, 0)
        conn.execute("ALTER TABLE changed_ranges SET TABLESPACE pg_default")
        conn.execute("DROP TABLESPACE small")
    postgres.drop(name)
