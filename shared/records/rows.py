"""Rows of a file: from text to typed values, with every error of the file and its line. Pure."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.errors import RecordError
from shared.records.fields import FieldError, text
from shared.records.vocabulary import suggestion

Values = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Field:
    """One column of a file.

    parse: text to value, raising FieldError. empty: the value of an empty field that is not required.
    refers_to: the noun whose external id stands here (`@scope_type`: the noun that the row's field of that name says).
    """

    name: str
    parse: Callable[[str], Any] = text
    required: bool = False
    empty: Any = None
    refers_to: str | None = None
    column: str = ""

    def __post_init__(self) -> None:
        if not self.column:
            object.__setattr__(self, "column", f"{self.refers_to}_id" if self.refers_to else self.name)


@dataclass(frozen=True)
class Row:
    """The values of one record and the line where it stands."""

    line: int | None
    values: dict[str, Any]


RowRule = Callable[[Values], None]
"""Raises FieldError where the fields of one row do not go together."""
FileRule = Callable[[Sequence[Row]], Iterator[tuple[Row, FieldError]]]
"""Yields the rows of one file that do not go with the others."""


@dataclass(frozen=True, kw_only=True)
class RecordKind:
    """One kind of record: its file, its table, its columns and what must hold among them.

    key: the fields that identify a record within its record source. customers: SQL that gives (external id, customer)
    for the customers whom records concern, from the parameters `record_source` and `keys` (external ids); empty where
    no assessment depends on them. since: the field that says from when on they do, always if empty.
    """

    file: str
    noun: str
    table: str
    fields: tuple[Field, ...]
    key: tuple[str, ...] = ("id",)
    of_record_source: bool = True
    row_rules: tuple[RowRule, ...] = ()
    file_rules: tuple[FileRule, ...] = ()
    customers: str = ""
    since: str = ""

    def key_of(self, values: Values) -> tuple[Any, ...]:
        """What identifies the record."""
        return tuple(values[name] for name in self.key)


@dataclass(frozen=True)
class Parsed:
    """The rows of a file that are right, and the errors of those that are not."""

    rows: list[Row]
    errors: list[RecordError]


def parse_csv(kind: RecordKind, file: str, content: str) -> Parsed:
    """Rows of a CSV file with a header; RecordErrors of every wrong line, in order."""
    errors: list[RecordError] = []
    lines = _csv_lines(file, content, errors)
    header = next(lines, None)
    if header is None:
        errors = errors or [RecordError(file, 1, "the file is empty", "write a header line: " + ",".join(_names(kind)))]
        return Parsed([], errors)
    names = [name.strip() for name in header[1]]
    errors.extend(_header_errors(kind, file, header[0], names))
    if errors:
        return Parsed([], errors)
    written: list[tuple[int, dict[str, str]]] = []
    for line, cells in lines:
        if len(cells) != len(names):
            errors.append(_width_error(file, line, len(cells), len(names)))
        else:
            written.append((line, dict(zip(names, cells, strict=True))))
    parsed = parse_rows(kind, file, written)
    return Parsed(parsed.rows, sorted(errors + parsed.errors, key=lambda error: error.line or 0))


def parse_rows(kind: RecordKind, file: str, written: Iterable[tuple[int | None, Mapping[str, str]]]) -> Parsed:
    """Typed rows from (line, column to text); a column that is left out counts as empty."""
    rows: list[Row] = []
    errors: list[RecordError] = []
    for line, cells in written:
        values, wrong = _parse_fields(kind, cells)
        for rule in kind.row_rules if not wrong else ():
            try:
                rule(values)
            except FieldError as exc:
                wrong.append(exc)
        errors.extend(RecordError(file, line, exc.problem, exc.remedy) for exc in wrong)
        if not wrong:
            rows.append(Row(line, values))
    unique, repeated = _without_repeats(kind, file, rows)
    errors.extend(repeated)
    for file_rule in kind.file_rules:
        errors.extend(RecordError(file, row.line, exc.problem, exc.remedy) for row, exc in file_rule(unique))
    return Parsed(unique, errors)


def _parse_fields(kind: RecordKind, cells: Mapping[str, str]) -> tuple[dict[str, Any], list[FieldError]]:
    values: dict[str, Any] = {}
    wrong: list[FieldError] = []
    for field in kind.fields:
        cell = cells.get(field.name, "").strip()
        if not cell:
            if field.required:
                wrong.append(FieldError(f"{field.name} is empty", f"every {kind.noun} needs a {field.name}"))
            values[field.name] = field.empty
            continue
        try:
            values[field.name] = field.parse(text(cell))
        except FieldError as exc:
            wrong.append(FieldError(f"{field.name}: {exc.problem}", exc.remedy))
    return values, wrong


def _without_repeats(kind: RecordKind, file: str, rows: Iterable[Row]) -> tuple[list[Row], list[RecordError]]:
    first: dict[tuple[Any, ...], Row] = {}
    errors = []
    for row in rows:
        key = kind.key_of(row.values)
        if key in first:
            shown = ", ".join(f"{name} '{value}'" for name, value in zip(kind.key, key, strict=True))
            problem = f"{shown} stands in line {first[key].line} already"
            errors.append(RecordError(file, row.line, problem, f"keep one row for each {' and '.join(kind.key)}"))
        else:
            first[key] = row
    return list(first.values()), errors


def _names(kind: RecordKind) -> list[str]:
    return [field.name for field in kind.fields]


def _csv_lines(file: str, content: str, errors: list[RecordError]) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(content, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as exc:
            errors.append(RecordError(file, line, f"not valid CSV ({exc})", 'double every " inside a quoted field'))
            return
        if any(cell.strip() for cell in cells):
            yield line, cells


def _header_errors(kind: RecordKind, file: str, line: int, names: list[str]) -> Iterator[RecordError]:
    known = _names(kind)
    if len(names) == 1 and len(known) > 1 and (";" in names[0] or "\t" in names[0]):
        yield RecordError(file, line, "the columns are not separated by commas", "save the file as CSV with commas")
        return
    for n, name in enumerate(names):
        if name in names[:n]:
            yield RecordError(file, line, f"column '{name}' stands there twice", "keep one of them")
        elif name not in known:
            remedy = suggestion(name, known, "the columns are " + ", ".join(known))
            yield RecordError(file, line, f"unknown column '{name}'", remedy)
    for field in kind.fields:
        if field.required and field.name not in names:
            yield RecordError(
                file,
                line,
                f"column '{field.name}' is missing",
                f"every {kind.noun} needs a {field.name}; add the column",
            )


def _width_error(file: str, line: int, cells: int, columns: int) -> RecordError:
    remedy = 'quote a field that contains a comma: "a, b"' if cells > columns else "leave a field empty between commas"
    fields = "1 field" if cells == 1 else f"{cells} fields"
    return RecordError(file, line, f"{fields} where the header has {columns}", remedy)
