"""References to database ids, and the difference between what files say and what is stored. Pure."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from shared.errors import RecordError
from shared.records.fields import ALWAYS, ALWAYS_INSTANT
from shared.records.report import Difference, FileReport
from shared.records.rows import Field, Parsed, RecordKind, Row, Values
from shared.records.vocabulary import suggestion

FILE_OF_NOUN = {
    "customer": "customers.csv",
    "site": "sites.csv",
    "line": "lines.csv",
    "asset_type": "asset_types.yaml",
    "asset": "assets.csv",
    "source": "sources.csv",
}


@dataclass
class Names:
    """Which external id is which row of the database, by noun, for one record source.

    refused: nouns whose file was refused, so that a reference to what may stand in it can say so.
    """

    ids: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))
    refused: set[str] = field(default_factory=set)

    def name_of(self, noun: str, number: int | None) -> str | None:
        """The external id of a row, for people."""
        if number is None:
            return None
        known = (name for name, there in self.ids[noun].items() if there == number)
        return next(known, f"#{number} of another record source")

    def resolve(self, kind: RecordKind, file: str, rows: Iterable[Row]) -> Parsed:
        """The rows with database ids in place of references, and an error for every unknown one."""
        resolved: list[Row] = []
        errors: list[RecordError] = []
        for row in rows:
            values = dict(row.values)
            wrong = []
            for reference in kind.fields:
                said = values[reference.name]
                if reference.refers_to is None or said is None:
                    continue
                noun = noun_of(reference, row.values)
                values[reference.name] = self.ids[noun].get(said)
                if values[reference.name] is None:
                    wrong.append(self._unknown(file, row.line, noun, said))
            errors.extend(wrong)
            if not wrong:
                resolved.append(Row(row.line, values))
        return Parsed(resolved, errors)

    def _unknown(self, file: str, line: int | None, noun: str, said: str) -> RecordError:
        home = FILE_OF_NOUN[noun]
        remedy = suggestion(said, self.ids[noun], f"add it to {home} or correct the reference")
        if noun in self.refused:
            remedy = f"{home} is refused: correct that first"
        return RecordError(file, line, f"unknown {noun} '{said}'", remedy)


def noun_of(reference: Field, values: Values) -> str:
    """The noun that a reference of this row refers to."""
    noun = reference.refers_to
    if noun is None:
        raise ValueError(f"{reference.name} is no reference")
    return str(values[noun[1:]]) if noun.startswith("@") else noun


@dataclass(frozen=True, kw_only=True)
class Changes:
    """Rows to insert, and rows to update with the stored values that they replace."""

    added: list[Row]
    changed: list[tuple[Row, Values]]
    unchanged: int


def changes(kind: RecordKind, rows: Iterable[Row], stored: Mapping[tuple[Any, ...], Values]) -> Changes:
    """What `rows` add to or change in what is stored; a stored record that no row names is left alone."""
    added: list[Row] = []
    changed: list[tuple[Row, Values]] = []
    unchanged = 0
    for row in rows:
        before = stored.get(kind.key_of(row.values))
        if before is None:
            added.append(row)
        elif all(_same(row.values[name], before[name]) for name in row.values):
            unchanged += 1
        else:
            changed.append((row, before))
    return Changes(added=added, changed=changed, unchanged=unchanged)


def _same(said: object, stored: object) -> bool:
    if isinstance(said, dict):
        return json.dumps(said, sort_keys=True) == json.dumps(stored, sort_keys=True)
    return said == stored


def file_report(file: str, found: Iterable[tuple[RecordKind, Changes]], names: Names) -> FileReport:
    """The changes of one file (of one kind of record or more) as people read them."""
    parts = list(found)
    return FileReport(
        file=file,
        added=tuple(Difference(_shown_record(kind, row.values, names)) for kind, part in parts for row in part.added),
        changed=tuple(
            Difference(_shown_record(kind, row.values, names), _shown_fields(kind, row.values, before, names))
            for kind, part in parts
            for row, before in part.changed
        ),
        unchanged=sum(part.unchanged for _, part in parts),
    )


def _shown_record(kind: RecordKind, values: Values, names: Names) -> str:
    shown = {field.name: _shown(field, values, names) for field in kind.fields if field.name in kind.key}
    label = "/".join(str(shown[name]) for name in kind.key if name != "valid_from")
    if values.get("valid_from", ALWAYS) in (ALWAYS, ALWAYS_INSTANT) or "valid_from" not in kind.key:
        return f"{kind.noun} '{label}'"
    return f"{kind.noun} '{label}' from {shown['valid_from']}"


def _shown_fields(kind: RecordKind, values: Values, before: Values, names: Names) -> dict[str, tuple[object, object]]:
    return {
        field.name: (_shown(field, before, names), _shown(field, values, names))
        for field in kind.fields
        if values[field.name] != before[field.name]
    }


def _shown(field: Field, values: Values, names: Names) -> object:
    value = values[field.name]
    if field.refers_to is not None:
        return names.name_of(noun_of(field, values), value)
    if isinstance(value, list):
        return ";".join(str(part) for part in value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value
