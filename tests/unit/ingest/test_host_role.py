import pytest

from services.ingest.sparkplug.host_role import Part, part_of


@pytest.mark.parametrize(
    ("lease_held", "spool_fill", "before", "expected"),
    [
        (None, 0.0, Part.SILENT, Part.LISTENER),
        (False, 0.0, Part.HOST, Part.SILENT),
        (False, 1.0, Part.LISTENER, Part.SILENT),
        (True, 0.0, Part.LISTENER, Part.HOST),
        (True, 0.79, Part.HOST, Part.HOST),
        (True, 0.8, Part.HOST, Part.LISTENER),
        (True, 0.5, Part.LISTENER, Part.LISTENER),
        (True, 0.49, Part.LISTENER, Part.HOST),
        (True, 0.6, Part.SILENT, Part.HOST),
    ],
)
def test_a_host_goes_at_four_fifths_of_the_spool_and_comes_back_under_half(lease_held, spool_fill, before, expected):
    assert part_of(lease_held=lease_held, spool_fill=spool_fill, before=before) is expected
