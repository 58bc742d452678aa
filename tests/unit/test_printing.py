"""What a plant wrote reaches the screen as it is, whole, at any width."""

import re
from io import StringIO

import pytest
from rich.console import Console

from shared.printing import columns, print_rows, printable

COLUMNS = columns("number", "topic", prose=("reason",))
TOPIC = "bellwether/v1/line[/b]/dev[/x]"
REASON = "the topic's third level is none of [/{device}], [red] among them, so nothing can be made of it"
ROWS = [("7", TOPIC, REASON), ("10", "t", "short")]


def printed(width: int, *, terminal: bool = True, head=COLUMNS, rows=ROWS) -> list[str]:
    file = StringIO()
    print_rows(head, rows, Console(file=file, width=width, force_terminal=terminal, color_system=None))
    return [re.sub(r"\x1b\[\d*m", "", line).rstrip() for line in file.getvalue().splitlines()]


def test_a_pipe_gets_each_row_whole_in_one_line():
    assert printed(20, terminal=False) == [
        f"number  {'topic':30}  reason",
        f"7       {TOPIC}  {REASON}",
        f"10      {'t':30}  short",
    ]


@pytest.mark.parametrize("width", [66, 80, 120])
def test_on_a_terminal_only_prose_goes_on_below_itself(width):
    lines = printed(width)
    assert lines[1].startswith(f"7       {TOPIC}  the topic's")
    assert max(map(len, lines)) <= width
    assert "".join(line[40:] for line in lines[1:-1]).replace(" ", "") == REASON.replace(" ", "")


@pytest.mark.parametrize("width", [20, 40, 60])
def test_what_does_not_fit_beside_its_prose_becomes_a_block_of_lines(width):
    lines = printed(width)
    assert lines[0] == "number  7"
    assert max(map(len, lines)) <= width
    assert TOPIC + REASON.replace(" ", "") in "".join(line[8:].replace(" ", "") for line in lines)
    assert "" in lines


def test_a_column_that_says_nothing_takes_no_room_of_a_terminal():
    said = {"head": columns("a", "b", "c"), "rows": [("1", "", "3"), ("4", "", "6")]}
    assert printed(80, **said) == ["a  c", "1  3", "4  6"]
    assert printed(80, terminal=False, **said)[0] == "a  b  c"


def test_a_control_character_is_written_out():
    assert printable("a\x1b[31m\nö\U0010ffff") == "a\\x1b[31m\\nö\\U0010ffff"
    assert printable("a\nb\x07", keep="\n") == "a\nb\\x07"
