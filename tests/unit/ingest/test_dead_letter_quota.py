from services.ingest.batch.dead_letter_quota import DeadLetterQuota
from tests.unit.ingest.messages import NOW_US

HOUR = 3_600_000_000
MB = 1_000_000


def taken(quota: DeadLetterQuota, topic: str, letters: int, now_us: int = NOW_US) -> int:
    return sum(quota.take(topic, MB, now_us) for _ in range(letters))


def test_one_topic_gets_a_sixteenth_an_hour_and_the_others_have_theirs():
    quota = DeadLetterQuota(160 * MB)
    assert taken(quota, "plant/line/a/temperature", 20) == 9
    assert taken(quota, "plant/line/a/pressure", 20) == 0
    assert taken(quota, "plant/line/b/temperature", 20) == 9
    assert taken(quota, "plant/line/a/temperature", 20, NOW_US + HOUR) == 9


def test_a_letter_larger_than_a_share_is_kept_once_an_hour():
    quota = DeadLetterQuota(10 * MB)
    assert taken(quota, "a/b/c", 5) == 1


def test_what_is_stored_leaves_so_much_less():
    quota = DeadLetterQuota(160 * MB)
    quota.measured(156 * MB)
    assert [quota.take(f"a/b/{n}", MB, NOW_US) for n in range(5)] == [True, True, True, False, False]
    quota.measured(0)
    assert quota.take("a/b/9", MB, NOW_US)


def test_topics_beyond_a_thousand_share_one_share():
    quota = DeadLetterQuota(3_200 * MB)
    for n in range(1_000):
        assert quota.take(f"invented/{n}", 0, NOW_US)
    assert sum(quota.take(f"invented/{n}", MB, NOW_US) for n in range(1_000, 1_400)) == 199
