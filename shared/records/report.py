"""What an import did or would do, file by file. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from shared.errors import RecordError


@dataclass(frozen=True)
class Difference:
    """One record that is added (no fields) or changed (field to old and new, as they are written in files)."""

    record: str
    fields: dict[str, tuple[object, object]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class FileReport:
    """One file: counts of its records, or the errors for which all of it was refused.

    notes: what is right, and should be known all the same.
    """

    file: str
    added: tuple[Difference, ...] = ()
    changed: tuple[Difference, ...] = ()
    unchanged: int = 0
    notes: tuple[str, ...] = ()
    errors: tuple[RecordError, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ImportReport:
    """All files of one import, in the order in which they were taken."""

    files: tuple[FileReport, ...]
    dry_run: bool

    @property
    def errors(self) -> tuple[RecordError, ...]:
        """Every error of every file."""
        return tuple(error for file in self.files for error in file.errors)

    @property
    def ok(self) -> bool:
        """No file was refused."""
        return not self.errors


def report_lines(report: ImportReport) -> list[str]:
    """The report for a terminal: a line a file, its errors, and with `dry_run` each difference."""
    lines = [line for file in report.files for line in _file_lines(file, details=report.dry_run)]
    refused = sum(bool(file.errors) for file in report.files)
    if refused:
        files = "1 file was" if refused == 1 else f"{refused} files were"
        lines.append(f"{files} refused as a whole; correct the lines above and import again.")
    if report.dry_run:
        lines.append("Dry run: nothing was written.")
    return lines


def _file_lines(report: FileReport, *, details: bool) -> Iterator[str]:
    if report.errors:
        count = "1 error" if len(report.errors) == 1 else f"{len(report.errors)} errors"
        yield f"{report.file}: refused, {count}"
        yield from (f"  {error}" for error in report.errors)
        return
    yield f"{report.file}: {len(report.added)} added, {len(report.changed)} changed, {report.unchanged} unchanged"
    yield from (f"  {note}" for note in report.notes)
    if details:
        yield from (f"  + {difference.record}" for difference in report.added)
        for difference in report.changed:
            said = (f"{name}: {_shown(old)} → {_shown(new)}" for name, (old, new) in difference.fields.items())
            yield f"  ~ {difference.record}: {', '.join(said)}"


def _shown(value: object) -> str:
    return "(empty)" if value is None or value == "" else str(value)
