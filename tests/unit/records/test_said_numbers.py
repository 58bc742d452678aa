"""Numbers in attributes: what the import takes for one is read as the same one everywhere, and nothing else is."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.records.fields import FieldError, number
from shared.records.said_numbers import said_number


@given(st.floats() | st.integers() | st.text(max_size=8) | st.decimals().map(str))
@example("12")
@example(" 1e3 ")
@example("12 h")
@example("1e400")
@example("sNaN")
@example("1e-500")
def test_what_the_import_takes_for_a_number_is_read_as_that_number_and_nothing_else(said):
    try:
        taken = number()(str(said))
    except FieldError:
        taken = None
    assert said_number(said) == taken


@pytest.mark.parametrize("said", [None, True, False, [], {}, ""])
def test_what_is_no_number_is_none(said):
    assert said_number(said) is None


@pytest.mark.parametrize(("said", "meant"), [("900", 900.0), (900, 900.0), ("4.50", 4.5)])
def test_text_counts_like_figures(said, meant):
    assert said_number(said) == meant
