import pytest

from services.ingest.sparkplug.host_role import HostRole, role_of


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
