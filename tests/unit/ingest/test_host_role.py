import pytest

from services.ingest.sparkplug.host_role import Deafness, HostRole, role_of


@pytest.mark.parametrize(
    ("lease_held", "spool_fill", "before", "expected"),
    [
        (None, 0.0, HostRole.STANDBY, HostRole.LISTENER),
        (False, 0.0, HostRole.HOST, HostRole.STANDBY),
        (False, 1.0, HostRole.LISTENER, HostRole.STANDBY),
        (True, 0.0, HostRole.LISTENER, HostRole.HOST),
        (True, 0.79, HostRole.HOST, HostRole.HOST),
        (True, 0.8, HostRole.HOST, HostRole.LISTENER),
        (True, 0.5, HostRole.LISTENER, HostRole.LISTENER),
        (True, 0.49, HostRole.LISTENER, HostRole.HOST),
        (True, 0.6, HostRole.STANDBY, HostRole.HOST),
    ],
)
def test_a_host_goes_at_four_fifths_of_the_spool_and_comes_back_under_half(lease_held, spool_fill, before, expected):
    assert role_of(lease_held=lease_held, spool_fill=spool_fill, before=before) is expected


def test_a_host_is_deaf_after_ten_seconds_without_the_broker_and_until_it_hears_again():
    deafness = Deafness()

    def deaf(now_s: float, *, is_host: bool = True, listening: bool = False) -> bool:
        return deafness.now(is_host=is_host, listening=listening, now_s=now_s)

    assert [deaf(0.0), deaf(9.9), deaf(10.0)] == [False, False, True]
    assert deaf(11.0, is_host=False)
    assert not deaf(12.0, is_host=False, listening=True)
    assert not deaf(13.0)
    assert not deaf(22.9, listening=True)
    assert not deaf(23.0)


def test_who_was_never_host_is_not_deaf():
    deafness = Deafness()
    assert not any(deafness.now(is_host=False, listening=False, now_s=float(now_s)) for now_s in range(60))
