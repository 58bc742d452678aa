import tracemalloc

from services.ingest.decoding.bellwether_json import decode_json
from services.ingest.decoding.bounded_caches import StorableNames, kept_by_topic
from tests.unit.ingest.messages import NOW_MS, envelope


def test_names_are_storable_whether_they_were_seen_before_or_not():
    names = StorableNames()
    assert names.include(("a", "b"))
    assert names.include(("a", "b"))
    for unstorable in ("", "x" * 513, "no\x00name", "half\ud800"):
        assert not names.include(("a", unstorable))
        assert not names.include(("a", unstorable))
    assert names.include(("a", "c"))


def test_names_without_end_take_no_memory_without_end():
    names = StorableNames(limit_bytes=100_000)
    for number in range(100):
        assert names.include(tuple(f"invented {number} {metric}" for metric in range(100)))
        assert names.bytes < 110_000


def test_messages_that_invent_names_and_topics_take_no_memory_without_end():
    tracemalloc.start()
    try:
        for number in range(300):
            values = {f"{number} {metric} {'x' * 400}": 1.0 for metric in range(100)}
            topic = f"bellwether/v1/{'p' * 500}/{number}"
            assert len(decode_json(envelope(topic, {"timestamp": NOW_MS, "values": values}))) == 1
        current, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert current < 10_000_000


def test_a_topic_is_parsed_once_unless_it_is_long():
    parsed = []

    @kept_by_topic
    def parse(topic: str, separator: str) -> list[str]:
        parsed.append(topic)
        return topic.split(separator)

    for _ in range(2):
        assert parse("a/b", "/") == ["a", "b"]
        assert parse("x" * 300, "/") == ["x" * 300]
    assert parsed == ["a/b", "x" * 300, "x" * 300]
