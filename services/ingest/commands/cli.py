"""`bellwether dead-letters`, `conflicts`, `sources`, `samples`: sub-commands, mounted by the one console command."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from services.ingest.batch.device_clocks import ClockState
from services.ingest.commands.dead_letters import (
    DeadLetter,
    delete,
    list_dead_letters,
    numbers_left,
    replay,
    show,
    sparkplug_left,
)
from services.ingest.commands.samples import newest_samples
from services.ingest.commands.sources import Source, list_sources, require_source
from services.ingest.store.conflicts import list_conflicts
from shared.addresses import BrokerUrl, DatabaseUrl
from shared.database import connect
from shared.printing import columns, print_rows, printable
from shared.settings import BrokerSettings, read_settings

dead_letters_app = typer.Typer(help="Messages that were refused: list, show, replay, delete.", no_args_is_help=True)
conflicts_app = typer.Typer(help="Samples that came again with another value.", no_args_is_help=True)
sources_app = typer.Typer(help="Who publishes, how far each told its time, and its clock.", no_args_is_help=True)

_LETTERS = columns("number", "received", "topic", "bytes", "replayed", prose=("reason",))
_CONFLICTS = columns("source", "device", "metric", "conflicts", "last received", "of", prose=("stored", "refused"))
_SOURCES = columns("source", "protocol", "customer, site", "alive", "received", "told", "clock", "series", "conflicts")
_SAMPLES = columns("observed", "received", "device", "metric", "unit", "quality", prose=("value",))


@dead_letters_app.command("list")
def list_command(
    database: DatabaseUrl,
    limit: Annotated[int, typer.Option(min=1, help="how many")] = 50,
    before: Annotated[int | None, typer.Option(help="only those with a smaller number")] = None,
    all_: Annotated[bool, typer.Option("--all", help="also those that were replayed")] = False,
) -> None:
    """The newest dead letters, with the reason."""
    with connect(database, application="dead-letters") as conn:
        letters = list_dead_letters(conn, limit=limit, before=before, replayed=all_)
    if not letters:
        typer.echo("There are no dead letters.")
        return
    rows = [
        (
            str(letter.dead_letter_id),
            f"{letter.received_at:%F %T}",
            letter.topic,
            str(len(letter.payload)),
            "" if letter.replayed_at is None else f"{letter.replayed_at:%F %T}",
            letter.reason,
        )
        for letter in letters
    ]
    print_rows(_LETTERS, rows)


@dead_letters_app.command("show")
def show_command(
    number: Annotated[int, typer.Argument(help="number of the dead letter")], database: DatabaseUrl
) -> None:
    """One dead letter with its bytes, as text where they are text and in hexadecimal where not."""
    with connect(database, application="dead-letters") as conn:
        letter = show(conn, number)
    typer.echo("\n".join(_described(letter)))


@dead_letters_app.command("replay")
def replay_command(
    database: DatabaseUrl,
    broker: BrokerUrl,
    numbers: Annotated[list[int] | None, typer.Argument(help="numbers of the dead letters")] = None,
    all_: Annotated[bool, typer.Option("--all", help="every one that was not replayed yet")] = False,
) -> None:
    """Publish dead letters again, in the order in which they came."""
    if bool(numbers) == all_:
        raise typer.BadParameter("name the numbers of dead letters, or --all")
    settings = read_settings(BrokerSettings, broker_url=broker)
    with connect(database, application="dead-letters") as conn:
        ids = sorted(numbers) if numbers else numbers_left(conn)
        count = replay(conn, ids, settings, datetime.now(UTC))
        left = sparkplug_left(conn) if all_ else 0
    typer.echo(f"{count} published again; what is refused again becomes a new dead letter.")
    if left:
        typer.echo(
            f"{left} of Sparkplug left as they are: hosts would take the past for the present. Their nodes send anew;"
            " `bellwether dead-letters delete` takes the letters away."
        )


@dead_letters_app.command("delete")
def delete_command(
    database: DatabaseUrl,
    numbers: Annotated[list[int] | None, typer.Argument(help="numbers of the dead letters")] = None,
    replayed: Annotated[bool, typer.Option("--replayed", help="every one that was replayed")] = False,
) -> None:
    """Delete dead letters for good, which makes room for others."""
    if bool(numbers) == replayed:
        raise typer.BadParameter("name the numbers of dead letters, or --replayed")
    with connect(database, application="dead-letters") as conn:
        count = delete(conn, numbers or None)
    typer.echo(f"{count} deleted.")


@conflicts_app.command("list")
def list_conflicts_command(
    database: DatabaseUrl,
    source: Annotated[str | None, typer.Option(help="only those of this source")] = None,
    limit: Annotated[int, typer.Option(min=1, help="how many")] = 50,
) -> None:
    """Series of which samples came again with another value: the first is stored, the others are counted."""
    with connect(database, application="conflicts") as conn:
        if source is not None:
            require_source(conn, source)
        found = list_conflicts(conn, source=source, limit=limit)
    if not found:
        typer.echo("No sample came again with another value.")
        return
    rows = [
        (
            series.source,
            series.device,
            series.metric,
            str(series.conflicts),
            f"{series.last_at:%F %T}",
            f"{series.last_observed_at:%F %T}",
            "no value" if series.kept is None else series.kept,
            "no value" if series.offered is None else series.offered,
        )
        for series in found
    ]
    print_rows(_CONFLICTS, rows)


@sources_app.command("list")
def list_sources_command(database: DatabaseUrl) -> None:
    """Every source: whose it is, when it was heard, how far it told its time, its clock, its series."""
    with connect(database, application="sources") as conn:
        found = list_sources(conn)
    if not found:
        typer.echo("No source was ever heard.")
        return
    rows = [
        (
            source.topic_prefix,
            source.protocol or "",
            ", ".join(name for name in (source.customer, source.site) if name) or "nobody's",
            {True: "yes", False: "no", None: "?"}[source.alive],
            "never" if source.received_at is None else f"{source.received_at:%F %T}",
            "" if source.observed_through is None else f"{source.observed_through:%F %T}",
            _clock(source),
            str(source.series),
            str(source.conflicts),
        )
        for source in found
    ]
    print_rows(_SOURCES, rows)


def samples_command(
    source: Annotated[str, typer.Argument(help="topic prefix, as `bellwether sources list` shows it")],
    database: DatabaseUrl,
    device: Annotated[str | None, typer.Option(help="only those of this device")] = None,
    metric: Annotated[str | None, typer.Option(help="only those of this metric")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="how many")] = 20,
) -> None:
    """The newest samples of a source, as they are stored."""
    with connect(database, application="samples") as conn:
        require_source(conn, source)
        found = newest_samples(conn, source, device=device, metric=metric, limit=limit)
    if not found:
        typer.echo("No such sample is stored; `bellwether dead-letters list` shows what was refused.")
        return
    rows = [
        (
            f"{sample.observed_at:%F %T.%f}"[:-3],
            f"{sample.received_at:%F %T}",
            sample.device,
            sample.metric,
            sample.unit or "",
            sample.complaint,
            sample.value,
        )
        for sample in found
    ]
    print_rows(_SAMPLES, rows)


def _clock(source: Source) -> str:
    if source.clock_offset_s is None:
        return ""
    flag = "" if source.clock is ClockState.RIGHT else f" {str(source.clock).upper()}"
    return f"{source.clock_offset_s:+.1f} s{flag}"


def _described(letter: DeadLetter) -> list[str]:
    try:
        body = printable(letter.payload.decode(), keep="\n\t")
    except UnicodeDecodeError:
        body = letter.payload.hex(" ")
    return [
        f"number    {letter.dead_letter_id}",
        f"received  {letter.received_at.isoformat()}",
        f"topic     {printable(letter.topic)}",
        f"qos       {letter.qos}{', retained' if letter.retained else ''}",
        f"reason    {printable(letter.reason)}",
        f"replayed  {letter.replayed_at.isoformat() if letter.replayed_at else 'no'}",
        f"payload   {len(letter.payload)} bytes",
        body,
    ]
