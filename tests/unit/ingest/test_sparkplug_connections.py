"""What a host makes of a new connection: nothing that was said before is still in force."""

import pytest

from tests.unit.ingest.messages import NOW_US
from tests.unit.ingest.sparkplug_hosting import (
    SECOND_US,
    asked,
    hear,
    in_session,
    values,
)


def test_after_a_new_connection_aliases_are_unknown_and_births_are_asked_for_at_once():
    host, edge = in_session(rebirth_every_us=3600 * SECOND_US)
    edge.data()
    hear(host, [edge.data()])
    host.due(NOW_US + 5 * SECOND_US)
    host.forget()
    assert asked(hear(host, [edge.data()])) == 1
    assert host.nodes_born == 0


@pytest.mark.parametrize("next_call", ["receive", "due"])
def test_what_waited_when_the_connection_was_lost_comes_out_next_read_with_the_births_of_its_time(next_call):
    host, edge = in_session()
    edge.data()
    hear(host, [edge.data(value=2.0)])
    host.forget()
    out = host.due(NOW_US) if next_call == "due" else hear(host, [edge.named_data()])
    assert values(out) == [2.0]
    assert host.due(NOW_US) == []


def test_after_a_new_connection_no_device_is_ended_for_births_that_nobody_could_hear():
    host, edge = in_session()
    hear(host, edge.birth(without="pump"))
    host.forget()
    assert host.due(NOW_US + 60 * SECOND_US) == []
