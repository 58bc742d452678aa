from threading import Thread

from services.ingest.mqtt.inbox import Inbox
from tests.unit.ingest.messages import envelope


def test_everything_comes_out_once_and_in_order():
    inbox = Inbox()
    sent = [envelope("t", str(n)) for n in range(5)]
    for one in sent:
        inbox.put(one)
    assert inbox.take(0) == sent
    assert inbox.take(0) == []


def test_a_full_inbox_makes_the_sender_wait_until_it_is_emptied():
    inbox = Inbox(messages=2)
    sent = [envelope("t", str(n)) for n in range(5)]
    sender = Thread(target=lambda: [inbox.put(one) for one in sent])
    sender.start()
    sender.join(0.05)
    assert sender.is_alive()
    taken = []
    while len(taken) < 5:
        part = inbox.take(1)
        assert len(part) <= 2
        taken += part
    sender.join(1)
    assert taken == sent


def test_bytes_are_bounded_too():
    inbox = Inbox(size=10)
    inbox.put(envelope("t", b"x" * 11))
    sender = Thread(target=inbox.put, args=(envelope("t", b"y"),))
    sender.start()
    sender.join(0.05)
    assert sender.is_alive()
    inbox.take(0)
    sender.join(1)
    assert not sender.is_alive()


def test_closing_lets_a_waiting_sender_go_and_keeps_what_waits():
    inbox = Inbox(messages=1)
    first = envelope("t", b"1")
    inbox.put(first)
    sender = Thread(target=inbox.put, args=(envelope("t", b"2"),))
    sender.start()
    inbox.close()
    sender.join(1)
    assert not sender.is_alive()
    assert inbox.take(0) == [first]
