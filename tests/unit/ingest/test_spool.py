import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import numpy as np
import pytest

from services.ingest.messages.readings import Decoded, Reading
from services.ingest.messages.size import FULL, Size
from services.ingest.spool.spool import Spool, SpoolFullError
from shared.errors import SetupError
from tests.unit.ingest.full_disk import no_room_on_disk
from tests.unit.ingest.messages import envelope

LIMIT = 100_000
ONE = Size(messages=1, samples=10**9, payload_bytes=10**9)


def message(number, *, samples=1, size=0):
    reading = Reading("s", "sparkplug_b", "d", number, False, ("m",) * samples, np.full(samples, float(number)))
    return Decoded(envelope("t", np.random.default_rng(number).bytes(size)), (reading,))


def messages(*numbers, **more):
    return [message(number, **more) for number in numbers]


def numbers(decoded):
    return [each.readings[0].observed_us for each in decoded]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "spool" / "sparkplug.sqlite3"


@contextmanager
def spool_at(path: Path, limit_bytes: int = LIMIT) -> Iterator[Spool]:
    spool = Spool(path, limit_bytes=limit_bytes)
    yield spool
    spool.close()


def drained(spool, enough=FULL):
    found = []
    while spool.messages:
        oldest = spool.oldest(enough)
        found.append(numbers(oldest.messages))
        spool.remove(oldest.through)
    return found


def test_the_oldest_come_first_and_are_there_until_they_are_removed(path):
    with spool_at(path) as spool:
        spool.append(messages(1, 2))
        last = spool.append(messages(3))
        for _ in range(2):
            oldest = spool.oldest(Size(100, 100, 10**6))
            assert (numbers(oldest.messages), oldest.through) == ([1, 2, 3], last)
        spool.remove(last)
        assert (spool.messages, spool.bytes, spool.fill) == (0, 0, 0.0)
        assert spool.oldest(Size(100, 100, 10**6)) == ([], None)


def test_so_many_are_given_as_make_a_batch(path):
    with spool_at(path) as spool:
        for number in range(5):
            spool.append(messages(number, samples=10))
        assert drained(spool, FULL._replace(samples=20)) == [[0, 1], [2, 3], [4]]
        for number in range(5):
            spool.append(messages(number))
        assert drained(spool, FULL._replace(messages=3)) == [[0, 1, 2], [3, 4]]


def test_a_great_batch_is_read_back_in_parts(path):
    with spool_at(path, 10_000_000) as spool:
        spool.append(messages(*range(1200)))
        spool.append(messages(*range(3), samples=15_000))
        assert [len(part) for part in drained(spool, ONE)] == [500, 500, 200, 2, 1]


def test_messages_without_samples_are_a_batch_by_their_bytes(path):
    with spool_at(path, 10**8) as spool:
        spool.append([message(number, samples=0, size=1_000_000) for number in range(40)])
        assert [len(part) for part in drained(spool)] == [16, 16, 8]
        spool.append([message(number, samples=0, size=1_000_000) for number in range(10)])
        assert [len(part) for part in drained(spool, ONE)] == [4, 4, 2]


def test_after_a_kill_everything_that_was_appended_is_there(path):
    spool = Spool(path, limit_bytes=LIMIT)
    spool.append(messages(1, 2))
    spool.append(messages(3))
    spool.remove(spool.oldest(ONE).through)
    as_left = path.parent.with_name("as-left")
    as_left.mkdir()
    for file in path.parent.iterdir():
        (as_left / file.name).write_bytes(file.read_bytes())
    with spool_at(as_left / path.name) as found:
        assert found.messages == 1
        found.append(messages(4))
        assert drained(found) == [[3, 4]]
    spool.close()


def test_beyond_the_bound_a_batch_is_refused_whole_and_those_before_it_stay(path):
    with spool_at(path) as spool:
        spool.append(messages(1, size=60_000))
        with pytest.raises(SpoolFullError, match="bytes are taken"):
            spool.append(messages(2, size=60_000))
        assert 0.6 < spool.fill < 0.7
        spool.append(messages(3))
        assert drained(spool) == [[1, 3]]


def test_what_was_removed_makes_room_in_the_same_file(path):
    with spool_at(path) as spool:
        for number in range(30):
            spool.append(messages(number, size=60_000))
            assert drained(spool) == [[number]]
    assert path.stat().st_size < 2 * LIMIT


def test_a_file_that_has_grown_great_is_given_back(path):
    with spool_at(path, 10**9) as spool:
        for number in range(14):
            spool.append(messages(number, size=1_500_000))
        assert list(chain.from_iterable(drained(spool))) == list(range(14))
        spool.append(messages(14))
        assert drained(spool) == [[14]]
    assert path.stat().st_size < 1_000_000


def test_a_second_process_is_told_that_the_file_is_taken(path):
    with spool_at(path), pytest.raises(SetupError, match="BELLWETHER_INGEST_SPOOL_DIRECTORY of its own"):
        Spool(path, limit_bytes=LIMIT)


def test_a_directory_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match=r"directory .*file/spool cannot be made"):
        Spool(tmp_path / "file" / "spool" / "s.sqlite3", limit_bytes=LIMIT)


@pytest.mark.parametrize("damage", ["no database", "torn"])
def test_a_damaged_file_is_moved_aside_and_never_deleted(path, damage):
    with spool_at(path) as spool:
        spool.append(messages(*range(100), size=500))
    whole = path.read_bytes()
    damaged = (
        b"not a database at all" * 1000 if damage == "no database" else whole[:8192] + b"\xff" * 8192 + whole[16384:]
    )
    path.write_bytes(damaged)
    with spool_at(path) as spool:
        assert spool.messages == 0
        spool.append(messages(7))
        assert drained(spool) == [[7]]
    (aside,) = path.parent.glob("*.unreadable-*")
    assert aside.read_bytes() == damaged


def test_a_file_that_is_damaged_while_it_is_open_is_moved_aside_too(path):
    with spool_at(path, 10**8) as spool:
        for number in range(100):
            spool.append(messages(number, size=100_000))
        with path.open("r+b") as file:
            file.seek(4096)
            file.write(b"\xff" * (path.stat().st_size - 4096))
        while spool.messages:
            oldest = spool.oldest(ONE)
            if oldest.through is not None:
                spool.remove(oldest.through)
        spool.append(messages(7))
        assert drained(spool) == [[7]]
    assert len([one for one in path.parent.glob("*.unreadable-*") if not one.name.endswith("-wal")]) == 1


def test_a_row_that_cannot_be_understood_is_set_aside_and_the_others_go_on(path):
    with spool_at(path) as spool:
        for number in range(3):
            spool.append(messages(number))
    with sqlite3.connect(path) as conn:
        conn.execute("UPDATE batches SET packed = x'00' WHERE position = 2")
    conn.close()
    with spool_at(path) as spool:
        assert drained(spool) == [[0, 2]]
        assert (spool.messages, spool.bytes) == (0, 0)
    with sqlite3.connect(path) as conn:
        assert conn.execute("SELECT position, messages, packed FROM unreadable").fetchall() == [(2, 1, b"\x00")]
    conn.close()
    with spool_at(path) as spool:
        assert spool.append(messages(3)) > 2


def test_a_full_disk_is_like_the_bound_until_there_is_room_again(path):
    with spool_at(path, 10**8) as spool:
        spool.append(messages(1, size=300_000))
        with no_room_on_disk(path):
            with pytest.raises(SpoolFullError, match="the disk takes nothing"):
                spool.append(messages(2, size=6_000_000))
            assert (spool.fill, spool.messages) == (1.0, 1)
        spool.append(messages(3))
        assert spool.fill < 0.1
        assert drained(spool) == [[1, 3]]


def test_room_on_a_disk_that_was_full_is_found_though_nothing_is_spooled_any_more(path):
    with spool_at(path, 10**8) as spool:
        with no_room_on_disk(path):
            with pytest.raises(SpoolFullError, match="the disk takes nothing"):
                spool.append(messages(1, size=6_000_000))
            spool.probe()
            assert spool.fill == 1.0
        spool.probe()
        assert (spool.fill, spool.messages) == (0.0, 0)
        spool.append(messages(2))
        assert drained(spool) == [[2]]


def test_a_full_disk_does_not_keep_what_waits_from_the_database(path):
    with spool_at(path, 10**8) as spool:
        for number in range(60):
            spool.append(messages(number, size=100_000))
        with no_room_on_disk(path):
            assert list(chain.from_iterable(drained(spool, ONE))) == list(range(60))
        spool.append(messages(60))
        assert drained(spool) == [[60]]
