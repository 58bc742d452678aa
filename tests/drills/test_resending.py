"""A device that says it all again: a day later, in any order, to another process, or with another value."""

from random import Random

import pytest

from tests.integration.ingest.rig import eventually, ingest_process, plant, publish, running_ingest, value

pytestmark = pytest.mark.needs_broker

_DAY_MS = 86_400_000
_YESTERDAY_MS = 1_779_900_000_000
_COUNT = "SELECT count(*) FROM samples"
_SUM = "SELECT sum(value) FROM samples"


def day(first_ms: int, *, plus: float = 0.0) -> list[tuple[str, object]]:
    """A thousand messages, one every 80 seconds."""
    return [
        ("bellwether/v1/mill/pump", {"timestamp": first_ms + 80_000 * n, "values": {"n": n + plus, "m": -n}})
        for n in range(1000)
    ]


def test_what_is_sent_again_a_day_later_in_any_order_and_to_another_process_is_stored_once(database_url, conn, broker):
    chance = Random(4)
    with plant(broker.url) as pump:
        with running_ingest(database_url, broker.url):
            publish(pump, day(_YESTERDAY_MS))
            eventually(conn, _COUNT, 2000)
        with ingest_process(database_url, broker.url, broker_shared_group="two", broker_client_id="another") as other:
            other.start("ingest")
            again = chance.sample(day(_YESTERDAY_MS), 1000) + day(_YESTERDAY_MS + _DAY_MS)
            publish(pump, [*again, *chance.sample(again, 500)], qos=2)
            eventually(conn, _COUNT, 4000)
    assert value(conn, _SUM) == 0
    assert value(conn, "SELECT count(*) FROM sample_conflicts") == 0


def test_what_is_sent_again_with_another_value_leaves_the_first_and_is_counted(database_url, conn, broker):
    with running_ingest(database_url, broker.url), plant(broker.url) as pump:
        publish(pump, day(_YESTERDAY_MS))
        eventually(conn, _COUNT, 2000)
        publish(pump, day(_YESTERDAY_MS, plus=0.5))
        eventually(conn, "SELECT sum(conflicts) FROM sample_conflicts", 1000)
    assert (value(conn, _COUNT), value(conn, _SUM)) == (2000, 0)
