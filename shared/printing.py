"""Rows on the screen or in a pipe: all of them literally, and nothing cut.

A pipe gets one line a row. A terminal gets a table while everything fits beside its prose, which may go on below
itself, and without columns that say nothing; where it does not fit, each row becomes a block of lines.
"""

from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

_LEAST_PROSE = 24
_GAP = 2


class Column(NamedTuple):
    """A column's name; `prose` may be broken into several lines, anything else may not."""

    name: str
    prose: bool = False


def columns(*names: str, prose: Sequence[str] = ()) -> tuple[Column, ...]:
    """Columns of these names, those of prose last."""
    return tuple(Column(name) for name in names) + tuple(Column(name, prose=True) for name in prose)


def print_rows(head: Sequence[Column], rows: Sequence[Sequence[str]], console: Console | None = None) -> None:
    """Print the rows under the names of their columns, as wide as the console (None: stdout) is."""
    console = console or Console()
    cells = [[printable(cell) for cell in row] for row in rows]
    if console.is_terminal:
        told = [place for place in range(len(head)) if any(row[place] for row in cells)]
        head, cells = [head[place] for place in told], [[row[place] for place in told] for row in cells]
    names = [each.name for each in head]
    widths = [max(map(cell_len, column)) for column in zip(names, *cells, strict=True)]
    if not console.is_terminal:
        for row in [names, *cells]:
            console.file.write(_line(row, widths) + "\n")
    elif _least_width(head, widths) <= console.width:
        console.print(_table(head, cells))
    else:
        _print_blocks(head, cells, console)


def printable(text: str, *, keep: str = "") -> str:
    """The text with its control characters written out, all but `keep`: what a plant sends steers no terminal."""
    return "".join(
        each if each.isprintable() or each in keep else each.encode("unicode_escape").decode() for each in text
    )


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [cell + " " * (width - cell_len(cell)) for cell, width in zip(cells, widths, strict=True)]
    return (" " * _GAP).join(padded).rstrip()


def _least_width(head: Sequence[Column], widths: Sequence[int]) -> int:
    least = [min(width, _LEAST_PROSE) if each.prose else width for each, width in zip(head, widths, strict=True)]
    return sum(least) + _GAP * (len(head) - 1)


def _table(head: Sequence[Column], rows: Sequence[Sequence[str]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0))
    for each in head:
        table.add_column(each.name, no_wrap=not each.prose, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def _print_blocks(head: Sequence[Column], rows: Sequence[Sequence[str]], console: Console) -> None:
    for place, row in enumerate(rows):
        if place:
            console.print()
        block = Table.grid(padding=(0, _GAP, 0, 0))
        block.add_column(no_wrap=True, style="bold")
        block.add_column(overflow="fold")
        for column, cell in zip(head, row, strict=True):
            if cell:
                block.add_row(column.name, Text(cell))
        console.print(block)
