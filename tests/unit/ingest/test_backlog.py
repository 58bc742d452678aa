from itertools import chain

import numpy as np
import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from services.ingest.messages.readings import Decoded, Reading
from services.ingest.spool.backlog import Backlog, Destination, destination
from services.ingest.spool.spool import Spool
from tests.unit.ingest.full_disk import no_room_on_disk
from tests.unit.ingest.messages import envelope


def messages(*numbers, samples=1, size=0):
    reading = Reading("s", "sparkplug_b", "d", 0, False, ("m",) * samples, np.zeros(samples))
    return [
        Decoded(envelope("t", str(n).encode() + b" " + np.random.default_rng(n).bytes(size)), (reading,))
        for n in numbers
    ]


def numbers(decoded):
    return [int(each.envelope.payload.split()[0]) for each in decoded]


def damage(path):
    for file in (path, path.with_name(path.name + "-wal")):
        with file.open("r+b") as opened:
            opened.seek(4096)
            opened.write(b"\xff" * (file.stat().st_size - 4096))


class Holding:
    """A backlog whose clock stands still until it is moved; `after_a_kill` are those that the spool has kept."""

    def __init__(self, path, limit_bytes=1_000_000):
        self.path, self.limit_bytes = path, limit_bytes
        self.now = 0.0
        self.spool = Spool(path, limit_bytes=limit_bytes)
        self.backlog = Backlog(self.spool, clock=lambda: self.now)

    def put(self, *numbers, **more):
        self.backlog.put(messages(*numbers, **more))

    def take(self):
        return numbers(self.backlog.take(0.0))

    def stored(self):
        """Everything that can be taken, batch by batch."""
        found = []
        while batch := self.take():
            found.append(batch)
            self.backlog.done()
        return found

    def after_a_kill(self):
        self.spool.close()
        self.spool = Spool(self.path, limit_bytes=self.limit_bytes)
        self.backlog = Backlog(self.spool, clock=lambda: self.now)
        return list(chain.from_iterable(self.stored()))


@pytest.fixture
def holding(tmp_path):
    made = Holding(tmp_path / "s.sqlite3")
    yield made
    made.spool.close()


@pytest.fixture
def small(tmp_path):
    made = Holding(tmp_path / "s.sqlite3", limit_bytes=10_000)
    yield made
    made.spool.close()


@pytest.fixture
def great(tmp_path):
    made = Holding(tmp_path / "s.sqlite3", limit_bytes=10**8)
    yield made
    made.spool.close()


@pytest.mark.parametrize(
    ("memory_holds", "memory_has_room", "spool_holds", "writer_is_late", "expected"),
    [
        (False, True, False, False, Destination.MEMORY),
        (True, True, False, False, Destination.MEMORY),
        (False, True, True, False, Destination.SPOOL),
        (False, True, False, True, Destination.SPOOL),
        # The spool did not take all that memory held, or none of it: nothing may overtake the rest.
        (True, True, True, False, Destination.MEMORY),
        (True, True, False, True, Destination.MEMORY),
        (True, False, True, True, Destination.REFUSED),
        (True, False, False, False, Destination.REFUSED),
    ],
)
def test_new_messages_go_behind_what_came_before(memory_holds, memory_has_room, spool_holds, writer_is_late, expected):
    found = destination(
        memory_holds=memory_holds,
        memory_has_room=memory_has_room,
        spool_holds=spool_holds,
        writer_is_late=writer_is_late,
    )
    assert found is expected


def test_while_the_database_keeps_up_nothing_touches_the_disk(holding):
    holding.put(1, 2)
    holding.put(3)
    assert holding.stored() == [[1, 2, 3]]
    assert (holding.backlog.spooled, holding.backlog.settled) == (0, True)


def test_a_batch_is_given_again_until_it_is_done(holding):
    holding.put(1)
    assert holding.take() == [1]
    holding.put(2)
    assert holding.take() == [1]
    holding.backlog.done()
    assert holding.take() == [2]


def test_a_batch_is_no_greater_than_one_transaction_should_be(holding):
    for first in range(0, 6_000, 1_000):
        holding.put(*range(first, first + 1_000))
    assert [len(batch) for batch in holding.stored()] == [3_000, 3_000]
    for number in range(4):
        holding.put(number, samples=35_000)
    assert [len(batch) for batch in holding.stored()] == [2, 2]


def test_with_the_database_away_all_of_it_survives_a_kill_in_order(holding):
    holding.put(1)
    assert holding.take() == [1]
    holding.put(2)
    holding.backlog.failed()
    assert holding.backlog.settled
    holding.put(3)
    assert holding.after_a_kill() == [1, 2, 3]


def test_when_the_database_is_back_the_spool_drains_before_what_is_new(holding):
    holding.put(1)
    holding.take()
    holding.backlog.failed()
    holding.put(2)
    assert holding.take() == [1]
    holding.backlog.done()
    holding.put(3)
    assert holding.stored() == [[2, 3]]
    assert holding.backlog.spooled == 0
    holding.put(4)
    assert holding.backlog.spooled == 0
    assert holding.stored() == [[4]]


def test_a_writer_that_does_not_answer_is_waited_for_no_longer(holding):
    holding.put(1)
    assert holding.take() == [1]
    holding.now = 2.1
    holding.put(2)
    assert holding.backlog.spooled == 2
    holding.backlog.done()
    assert holding.backlog.spooled == 1
    assert holding.stored() == [[2]]


def test_silence_does_not_keep_what_a_stuck_writer_has_from_the_spool(holding):
    holding.put(1)
    holding.take()
    holding.now = 2.1
    holding.put()
    assert holding.after_a_kill() == [1]


def test_more_than_memory_may_hold_goes_to_the_spool_in_order(holding):
    holding.put(*range(3_000))
    holding.take()
    holding.put(*range(3_000, 6_000))
    holding.put(*range(6_000, 9_000))
    holding.put(*range(9_000, 9_010))
    assert holding.backlog.spooled > 0
    assert list(chain.from_iterable(holding.stored())) == list(range(9_010))


def test_memory_is_full_of_great_messages_though_they_have_no_samples(great):
    for number in range(3):
        great.put(number, samples=0, size=9_000_000)
    assert great.backlog.spooled == 3
    assert great.stored() == [[0, 1], [2]]


def test_closing_spools_what_is_not_committed(holding):
    holding.put(1)
    holding.take()
    holding.put(2)
    assert not holding.backlog.settled
    holding.backlog.close()
    assert holding.after_a_kill() == [1, 2]


def test_a_commit_that_ends_after_the_closing_leaves_the_spool_alone(holding):
    holding.put(1)
    holding.backlog.failed()
    assert holding.take() == [1]
    holding.backlog.close()
    holding.backlog.done()
    holding.backlog.failed()
    assert (holding.take(), holding.backlog.settled) == ([], True)
    assert [file.name for file in holding.path.parent.iterdir()] == [holding.path.name]
    assert holding.after_a_kill() == [1]


def test_a_spool_that_is_damaged_while_a_batch_is_in_hand_keeps_what_comes_after(great):
    great.backlog.failed()
    for number in range(100):
        great.put(number, samples=1_500, size=100_000)
        great.backlog.failed()
    assert great.take() == list(range(40))
    damage(great.path)
    for number in range(100, 105):
        great.put(number)
    great.backlog.done()
    assert great.stored() == [[100, 101, 102, 103, 104]]
    assert great.backlog.spooled == 0


def test_beyond_the_bound_the_newest_is_refused_counted_and_told_once_a_minute(small):
    before = REGISTRY.get_sample_value("bellwether_ingest_spool_refused_total")
    small.put(1)
    small.take()
    small.backlog.failed()
    with capture_logs() as logs:
        for number in (2, 3):
            small.put(number, size=20_000)
        assert [log["log_level"] for log in logs] == ["critical"]
        small.now += 60
        small.put(4, size=20_000)
    assert [log["messages_since_the_start"] for log in logs] == [1, 3]
    assert REGISTRY.get_sample_value("bellwether_ingest_spool_refused_total") == before + 3
    small.put(5)
    assert small.stored() == [[1], [5]]


def test_a_disk_that_was_full_is_tried_again_every_second_though_the_database_takes_all_from_memory(holding):
    holding.put(1)
    holding.take()
    with no_room_on_disk(holding.path):
        holding.backlog.failed()
        assert holding.backlog.fill == 1.0
        holding.put()
    assert holding.stored() == [[1]]
    holding.put()
    assert holding.backlog.fill == 1.0
    holding.now += 1
    holding.put()
    assert holding.backlog.fill == 0.0


def test_what_memory_holds_waits_there_while_the_spool_takes_nothing(small):
    small.put(1, size=20_000)
    assert small.take() == [1]
    small.put(2, size=20_000)
    small.backlog.failed()
    small.put(3)
    assert not small.backlog.settled
    assert small.stored() == [[1], [2, 3]]


def test_what_the_writer_has_is_never_spooled_behind_what_is_newer(small):
    """Else its commit would remove what is newer and not committed."""
    small.put(1, size=20_000)
    assert small.take() == [1]
    small.backlog.failed()
    small.put(2)
    small.backlog.failed()
    small.backlog.done()
    assert small.stored() == [[2]]
