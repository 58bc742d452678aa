import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ingest.sparkplug import SparkplugHost
from shared.sparkplug.sparkplug_b_pb2 import Payload
from tests.sparkplug_edge import lost, repeated, swapped
from tests.unit.ingest.messages import NOW_US, envelope
from tests.unit.ingest.sparkplug_hosting import (
    SECOND_US,
    asked,
    edge_node,
    hear,
    in_session,
    reasons,
    samples,
    silences,
    values,
)


def data(edge, count, first=1):
    return [edge.data(value=float(first + n)) for n in range(count)]


def test_what_comes_in_order_comes_out_at_once():
    host, edge = in_session()
    assert values(hear(host, data(edge, 300))) == [float(n) for n in range(1, 301)]


def test_a_message_that_was_overtaken_comes_out_first():
    host, edge = in_session()
    out = hear(host, swapped(data(edge, 4), 1))
    assert values(out) == [1.0, 2.0, 3.0, 4.0]
    assert asked(out) == 0
    assert host.due(NOW_US + 60 * SECOND_US) == []


def test_after_a_lost_message_the_others_wait_for_the_time_out_and_then_births_are_asked_for():
    host, edge = in_session()
    assert values(hear(host, lost(data(edge, 4), 1))) == [1.0]
    assert host.messages_held == 2
    assert host.due(NOW_US + 5 * SECOND_US - 1) == []
    out = host.due(NOW_US + 5 * SECOND_US)
    assert values(out) == [3.0, 4.0]
    assert [each.rebirth for each in out] == [("g", "edge"), None]
    assert (host.messages_held, host.counts.gaps) == (0, 1)


def test_the_time_out_is_a_setting_and_0_waits_for_nothing():
    host, edge = in_session(reorder_timeout_us=0)
    out = hear(host, lost(data(edge, 4), 1))
    assert values(out) == [1.0, 3.0, 4.0]
    assert asked(out) == 1


def test_only_what_has_waited_long_enough_is_given_up():
    host, edge = in_session()
    first = data(edge, 5)
    hear(host, [first[1]])
    hear(host, [first[3]], at_us=NOW_US + 4 * SECOND_US)
    assert values(host.due(NOW_US + 5 * SECOND_US)) == [2.0]
    assert values(hear(host, [first[2]], at_us=NOW_US + 6 * SECOND_US)) == [3.0, 4.0]


def test_what_comes_after_it_was_given_up_is_taken_and_moves_nothing():
    host, edge = in_session()
    messages = data(edge, 5)
    hear(host, messages[1:4])
    host.due(NOW_US + 5 * SECOND_US)
    late = hear(host, [messages[0]], at_us=NOW_US + 6 * SECOND_US)
    assert values(late) == [1.0]
    assert values(hear(host, [messages[4]], at_us=NOW_US + 7 * SECOND_US)) == [5.0]


def test_a_number_that_was_given_up_once_is_like_any_other_the_next_time_round():
    host, edge = in_session()
    messages = data(edge, 300)
    hear(host, messages[1:3])
    host.due(NOW_US + 5 * SECOND_US)
    hear(host, [messages[0], *messages[3:255]], at_us=NOW_US + 6 * SECOND_US)
    out = hear(host, swapped(messages[255:], 0), at_us=NOW_US + 7 * SECOND_US)
    assert values(out) == [float(n) for n in range(256, 301)]
    assert host.messages_held == 0


def test_a_clock_that_is_set_back_prolongs_no_waiting():
    host, edge = in_session()
    hear(host, lost(data(edge, 3), 0))
    host.due(NOW_US + SECOND_US)
    assert values(host.due(NOW_US - 3600 * SECOND_US)) == [2.0, 3.0]


@pytest.mark.parametrize("place", range(3))
def test_a_repeated_message_is_dropped_and_no_gap(place):
    host, edge = in_session()
    out = hear(host, repeated(data(edge, 3), place))
    assert values(out) == [1.0, 2.0, 3.0]
    assert (asked(out), host.messages_held, host.counts.repeated) == (0, 0, 1)


def test_everything_twice_as_from_two_subscriptions_is_everything_once():
    host, edge = SparkplugHost(), edge_node()
    messages = [*edge.birth(), *data(edge, 5), edge.death()]
    out = hear(host, [each for message in messages for each in (message, message)])
    once = hear(SparkplugHost(), messages)
    assert samples(out) == samples(once)
    assert silences(out) == silences(once)


def test_a_repeated_message_that_waits_waits_once():
    host, edge = in_session()
    messages = data(edge, 2)
    hear(host, [messages[1], messages[1]])
    assert host.messages_held == 1
    assert values(hear(host, [messages[0]])) == [1.0, 2.0]


def test_a_message_without_a_number_is_taken_as_it_comes():
    host, edge = in_session()
    message = edge.data(value=1.0)
    raw = Payload.FromString(message.payload)
    raw.ClearField("seq")
    edge.seq -= 1
    assert values(hear(host, [message._replace(payload=raw.SerializeToString())])) == [1.0]
    assert values(hear(host, data(edge, 1, first=2))) == [2.0]


def test_more_than_a_node_may_hold_is_released_with_a_question():
    host, edge = in_session()
    out = hear(host, lost(data(edge, 129), 0))
    assert values(out) == [float(n) for n in range(2, 130)]
    assert asked(out) == 1
    assert host.messages_held == 0


def test_large_messages_do_not_wait():
    host, edge = in_session()
    edge.data()
    big = edge.data(value=2.0)
    body = Payload(body=bytes(4 * 1024 * 1024)).SerializeToString()
    out = hear(host, [big._replace(payload=big.payload + body)])
    assert values(out) == [2.0]
    assert asked(out) == 1


def test_many_nodes_together_hold_no_more_than_the_bound():
    host = SparkplugHost()
    for number in range(200):
        edge = edge_node()
        edge.edge = f"edge {number}"
        hear(host, [*edge.birth(), *lost(data(edge, 61), 0)])
        assert host.messages_held <= 10_000


def test_the_bytes_of_all_that_waits_are_bounded_and_given_back():
    host = SparkplugHost()
    three_mib = Payload(body=bytes(3 * 1024 * 1024)).SerializeToString()
    for turn in range(2):
        held = []
        for number in range(6):
            edge = edge_node()
            edge.edge = f"edge {turn} {number}"
            hear(host, edge.birth())
            edge.data()
            message = edge.data()
            hear(host, [message._replace(payload=message.payload + three_mib)])
            held.append(host.messages_held)
        assert held == [1, 2, 3, 4, 5, 5]
        host.due(NOW_US + 5 * SECOND_US)
        assert host.messages_held == 0


def test_after_a_long_loss_the_numbering_goes_on_where_the_node_is():
    host, edge = in_session()
    messages = data(edge, 203)
    hear(host, messages[200:202])
    host.due(NOW_US + 5 * SECOND_US)
    assert values(hear(host, messages[202:])) == [203.0]


@settings(deadline=None)
@given(st.permutations(range(8)), st.booleans())
def test_any_order_within_the_time_out_stores_the_same(order, from_the_birth):
    edge = edge_node()
    birth = edge.birth()
    messages = [*birth, *data(edge, 2), edge.data("pump", 7.0), edge.device_death("pump"), edge.named_data(value=9.0)]
    messages.append(edge.data(value=10.0))
    host = SparkplugHost()
    out = hear(host, [*messages[:from_the_birth], *(messages[place] for place in order)])
    in_order = hear(SparkplugHost(), messages)
    assert sorted(samples(out)) == sorted(samples(in_order))
    assert [s for each in out for s in each.silences] == [s for each in in_order for s in each.silences]
    assert reasons(out) == []
    assert host.messages_held == 0


@settings(max_examples=50, deadline=None)
@given(st.permutations(range(10)))
def test_any_order_across_a_rebirth_stores_the_same_though_it_gives_aliases_to_other_metrics(order):
    edge = edge_node()
    before = [*edge.birth(), *data(edge, 30)]
    messages = [*data(edge, 3), edge.data("pump", 4.0)]
    edge.renumber()
    messages += [*edge.birth(), *data(edge, 2, first=5), edge.data("pump", 8.0), edge.data("pump", 9.0)]
    host = SparkplugHost()
    out = hear(host, [*before, *(messages[place] for place in order)])
    assert sorted(samples(out)) == sorted(samples(hear(SparkplugHost(), [*before, *messages])))
    assert reasons(out) == []
    assert host.due(NOW_US + 60 * SECOND_US) == []


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_losing_delaying_and_repeating_loses_only_what_was_lost(draw):
    edge = edge_node()
    birth, messages = edge.birth(), data(edge, 20)
    kept = [m for m in messages if draw.draw(st.booleans())]
    repeats = [m for m in kept for _ in range(draw.draw(st.integers(1, 2)))]
    arrived = draw.draw(st.permutations(repeats))
    host = SparkplugHost()
    out = [*hear(host, [*birth, *arrived]), *host.due(NOW_US + 5 * SECOND_US)]
    assert sorted(samples(out)) == sorted(samples(hear(SparkplugHost(reorder_timeout_us=0), [*birth, *kept])))
    assert asked(out) == (0 if kept == messages[: len(kept)] else 1)


@given(st.sampled_from(["NBIRTH", "NDATA", "NDEATH", "XDATA", "NCMD"]), st.lists(st.binary(max_size=60), max_size=6))
def test_any_bytes_end_as_readings_or_as_a_reason(kind, bodies):
    host = SparkplugHost()
    out = [d for raw in bodies for d in host.receive(envelope(f"spBv1.0/g/{kind}/e", raw))] + host.due(2**62)
    assert all(decoded.reason is None or decoded.readings == () for decoded in out)


@given(st.text(max_size=40), st.binary(max_size=40))
def test_any_topic_is_taken_or_refused(text, raw):
    host = SparkplugHost()
    host.receive(envelope(f"spBv1.0/{text}", raw))
    host.receive(envelope(text, raw))
