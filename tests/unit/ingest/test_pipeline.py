import numpy as np
import pytest

from services.ingest.lanes.pipeline import Pipeline
from services.ingest.messages.readings import Decoded, Reading
from shared.errors import StorageError
from tests.unit.ingest.messages import envelope


class Edges:
    """Records what the pipeline does at its edges, in order; `failures` writes fail before one succeeds."""

    def __init__(self, *batches, failures=0):
        self.batches = list(batches)
        self.failures = failures
        self.events = []

    def take(self, _timeout_s):
        return self.batches.pop(0) if self.batches else []

    def write(self, batch):
        if self.failures:
            self.failures -= 1
            self.events.append("failed")
            raise StorageError("away")
        self.events.append(("written", [int(d.envelope.payload) for d in batch]))
        return batch

    def acknowledge(self, envelopes):
        self.events.append(("acknowledged", [int(e.payload) for e in envelopes]))

    def run(self, *, readings=(), stopping=None):
        Pipeline(
            take=self.take,
            decode=lambda one: Decoded(one, readings),
            write=self.write,
            acknowledge=self.acknowledge,
            between=lambda: None,
        ).run(stopping or (lambda: not self.batches))


def messages(*numbers):
    return [envelope("t", str(number)) for number in numbers]


def test_acknowledges_after_the_write_and_in_the_order_of_receipt():
    edges = Edges(messages(1, 2), [], messages(3), [])
    edges.run()
    assert edges.events == [
        ("written", [1, 2]), ("acknowledged", [1, 2]), ("written", [3]), ("acknowledged", [3]),
    ]  # fmt: skip


def test_what_comes_without_a_pause_is_one_batch():
    edges = Edges(messages(1), messages(2), [])
    edges.run()
    assert edges.events == [("written", [1, 2]), ("acknowledged", [1, 2])]


@pytest.mark.parametrize(("metrics", "texts"), [(80_000, 0), (0, 80_000)])
def test_a_burst_of_great_messages_is_stored_in_parts_and_in_order(metrics, texts):
    reading = Reading("s", "json", "d", 0, True, ("m",) * metrics, np.zeros(metrics), (("t", "x"),) * texts)
    edges = Edges(messages(1, 2, 3, 4, 5), [], messages(6), [])
    edges.run(readings=(reading,))
    assert edges.events == [
        ("written", [1, 2, 3]), ("acknowledged", [1, 2, 3]), ("written", [4, 5]), ("acknowledged", [4, 5]),
        ("written", [6]), ("acknowledged", [6]),
    ]  # fmt: skip


def test_while_the_database_is_away_the_batch_is_kept_and_nothing_acknowledged():
    edges = Edges(messages(1), [], failures=2)
    edges.run(stopping=lambda: len(edges.events) == 4)
    assert edges.events == ["failed", "failed", ("written", [1]), ("acknowledged", [1])]


def test_stopping_with_the_database_away_gives_up_without_acknowledging():
    edges = Edges(messages(1), [], failures=10_000)
    stops = iter([False])
    edges.run(stopping=lambda: next(stops, True))
    assert set(edges.events) == {"failed"}


def test_what_was_taken_before_the_stop_is_finished():
    edges = Edges(messages(1), [])
    edges.run(stopping=lambda: True)
    assert edges.events == [("written", [1]), ("acknowledged", [1])]
