"""Import a directory of records: the order of effects and nothing else.

One transaction. Files are taken in the order in which they refer to each other; a wrong line refuses its whole file,
and files that need nothing of it are stored all the same. Rows that the files no longer name stay as they are.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

import psycopg

from shared.database import storage_errors
from shared.errors import RecordError
from shared.locks import AdvisoryLock
from shared.records import kinds
from shared.records.differences import Changes, Names, changes, file_report
from shared.records.engineering import ASSET_TYPES, MAPPINGS, METRICS, parse_asset_types, parse_mappings, undated
from shared.records.guards import GUARDS, Ground
from shared.records.purpose import Purpose, fix_purpose
from shared.records.reopening import Reopening
from shared.records.report import FileReport, ImportReport
from shared.records.rows import Parsed, RecordKind, parse_csv
from shared.records.store import load_names, reload_names, stored, write

Part = tuple[RecordKind, Parsed]


def _csv(kind: RecordKind) -> Callable[[str, str], Sequence[Part]]:
    return lambda file, content: [(kind, parse_csv(kind, file, content))]


def _asset_types(file: str, content: str) -> Sequence[Part]:
    return list(zip((ASSET_TYPES, METRICS), parse_asset_types(file, content), strict=True))


def _mappings(file: str, content: str) -> Sequence[Part]:
    return [(MAPPINGS, parse_mappings(file, content))]


FILES: dict[str, Callable[[str, str], Sequence[Part]]] = {
    "customers.csv": _csv(kinds.CUSTOMERS),
    "sites.csv": _csv(kinds.SITES),
    "contracts.csv": _csv(kinds.CONTRACTS),
    "lines.csv": _csv(kinds.LINES),
    "shifts.csv": _csv(kinds.SHIFTS),
    "planned_stops.csv": _csv(kinds.PLANNED_STOPS),
    "economics.csv": _csv(kinds.ECONOMICS),
    "asset_types.yaml": _asset_types,
    "assets.csv": _csv(kinds.ASSETS),
    "placements.csv": _csv(kinds.PLACEMENTS),
    "owners.csv": _csv(kinds.OWNERS),
    "objectives.csv": _csv(kinds.OBJECTIVES),
    "entitlements.csv": _csv(kinds.ENTITLEMENTS),
    "mappings.yaml": _mappings,
    "sources.csv": _csv(kinds.SOURCES),
    "bindings.csv": _csv(kinds.BINDINGS),
    "events.csv": _csv(kinds.EVENTS),
}
"""Every file of an import, in the order in which they refer to each other."""


def import_directory(
    conn: psycopg.Connection,
    directory: Path,
    *,
    record_source: str = "files",
    dry_run: bool = False,
    purpose: Purpose = "live",
) -> ImportReport:
    """Store what the files of `directory` say; with `dry_run` only tell what that would change.

    Importing the same files again changes nothing. Wrong files are in the report, not raised. Commits by itself where
    the caller has no transaction open, else that one decides. Raises RecordError where there is no such directory or
    nothing in it, SetupError where the database serves the other purpose, StorageError where it is away.
    """
    contents, reports = _read(directory)
    with storage_errors(), conn.transaction(force_rollback=dry_run) as transaction:
        conn.execute("SELECT pg_advisory_xact_lock(%s)", [AdvisoryLock.IMPORT])
        fix_purpose(conn, purpose)
        session = Session(conn, record_source, load_names(conn, record_source), Reopening())
        for file, parse in FILES.items():
            if file in contents:
                reports.append(session.take(file, parse(file, contents[file])))
        session.reopening.write(conn)
        if all(report.errors for report in reports):
            raise psycopg.Rollback(transaction)
    return ImportReport(files=tuple(reports), dry_run=dry_run)


@dataclass(frozen=True)
class Session:
    """One import inside a transaction: what is known so far, and what must be assessed again."""

    conn: psycopg.Connection
    record_source: str
    names: Names
    reopening: Reopening

    def take(self, file: str, parts: Sequence[Part]) -> FileReport:
        """Store the parsed records of one file, all or none."""
        errors: list[RecordError] = []
        found: list[tuple[RecordKind, Changes]] = []
        reopening = Reopening()
        with self.conn.transaction() as savepoint:
            for kind, parsed in parts:
                wrong, differing = self._compare(file, kind, parsed)
                errors.extend(wrong)
                self._store(kind, differing, reopening)
                found.append((kind, differing))
            if errors:
                raise psycopg.Rollback(savepoint)
        if errors:
            for kind, _ in parts:
                reload_names(self.conn, self.record_source, self.names, kind.noun)
                self.names.refused.add(kind.noun)
            return FileReport(file=file, errors=tuple(sorted(errors, key=lambda error: error.line or 0)))
        self.reopening.add(reopening)
        notes = tuple(note for kind, parsed in parts if kind is MAPPINGS for note in undated(parsed.rows))
        return replace(file_report(file, found, self.names), notes=notes)

    def _compare(self, file: str, kind: RecordKind, parsed: Parsed) -> tuple[list[RecordError], Changes]:
        resolved = self.names.resolve(kind, file, parsed.rows)
        before = stored(self.conn, kind, self.record_source)
        ground = Ground(conn=self.conn, names=self.names, stored=before)
        refused = [
            RecordError(file, row.line, exc.problem, exc.remedy)
            for guard in GUARDS.get(kind.table, ())
            for row, exc in guard(ground, resolved.rows)
        ]
        return parsed.errors + resolved.errors + refused, changes(kind, resolved.rows, before)

    def _store(self, kind: RecordKind, found: Changes, reopening: Reopening) -> None:
        reopening.note(self.conn, kind, self.record_source, found, self.names)
        write(self.conn, kind, self.record_source, found)
        reload_names(self.conn, self.record_source, self.names, kind.noun)
        reopening.note(self.conn, kind, self.record_source, found, self.names)


def _read(directory: Path) -> tuple[dict[str, str], list[FileReport]]:
    if not directory.is_dir():
        raise RecordError(str(directory), None, "there is no such directory", "name the directory that holds the files")
    contents: dict[str, str] = {}
    strange: list[FileReport] = []
    for path in sorted(directory.iterdir()):
        if path.suffix.lower() not in (".csv", ".yaml", ".yml"):
            continue
        try:
            contents[path.name] = _text(path)
        except RecordError as exc:
            strange.append(FileReport(file=path.name, errors=(exc,)))
    if not contents and not strange:
        remedy = "write customers.csv, sites.csv, asset_types.yaml and assets.csv to begin with"
        raise RecordError(str(directory), None, "there are no records in it", remedy)
    return contents, strange


def _text(path: Path) -> str:
    if path.name not in FILES:
        stems = {Path(name).stem: name for name in FILES}
        near = get_close_matches(path.stem, stems, n=1)
        remedy = f"did you mean '{stems[near[0]]}'?" if near else "docs/records.md lists the files"
        raise RecordError(path.name, None, "this is no file of records", remedy)
    raw = path.read_bytes()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = raw[: exc.start].count(b"\n") + 1
        raise RecordError(path.name, line, "this is not UTF-8", "save the file as UTF-8") from None
