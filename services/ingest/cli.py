"""`bellwether dead-letters`: the sub-commands, to be mounted by the one console command."""

from datetime import UTC, datetime
from typing import Annotated

import psycopg
import typer
from rich.console import Console
from rich.table import Table

from services.ingest.dead_letters import DeadLetter, list_dead_letters, replay, show
from shared.database import connect
from shared.settings import BrokerSettings, DatabaseSettings, read_settings

dead_letters_app = typer.Typer(help="Messages that could not be decoded: list, show, replay.", no_args_is_help=True)

DatabaseUrl = Annotated[
    str | None, typer.Option("--database", envvar="BELLWETHER_DATABASE_URL", help="postgresql:// URL", metavar="URL")
]
BrokerUrl = Annotated[
    str | None, typer.Option("--broker", envvar="BELLWETHER_BROKER_URL", help="mqtt:// URL", metavar="URL")
]


@dead_letters_app.command("list")
def list_command(
    database: DatabaseUrl = None,
    limit: Annotated[int, typer.Option(min=1, help="how many")] = 50,
    before: Annotated[int | None, typer.Option(help="only those with a smaller number")] = None,
    all_: Annotated[bool, typer.Option("--all", help="also those that were replayed")] = False,
) -> None:
    """The newest dead letters, with the reason."""
    with _database(database) as conn:
        letters = list_dead_letters(conn, limit=limit, before=before, replayed=all_)
    table = Table("number", "received", "topic", "bytes", "reason", "replayed")
    for letter in letters:
        replayed = "" if letter.replayed_at is None else f"{letter.replayed_at:%F %T}"
        table.add_row(
            str(letter.dead_letter_id),
            f"{letter.received_at:%F %T}",
            letter.topic,
            str(len(letter.payload)),
            letter.reason,
            replayed,
        )
    Console().print(table if letters else "There are no dead letters.")


@dead_letters_app.command("show")
def show_command(
    number: Annotated[int, typer.Argument(help="number of the dead letter")], database: DatabaseUrl = None
) -> None:
    """One dead letter with its bytes, as text where they are text and in hexadecimal where not."""
    with _database(database) as conn:
        letter = show(conn, number)
    typer.echo("\n".join(_described(letter)))


@dead_letters_app.command("replay")
def replay_command(
    numbers: Annotated[list[int] | None, typer.Argument(help="numbers of the dead letters")] = None,
    all_: Annotated[bool, typer.Option("--all", help="every one that was not replayed yet")] = False,
    database: DatabaseUrl = None,
    broker: BrokerUrl = None,
) -> None:
    """Publish dead letters again, in the order in which they came."""
    if bool(numbers) == all_:
        raise typer.BadParameter("name the numbers of dead letters, or --all")
    settings = read_settings(BrokerSettings, **({} if broker is None else {"broker_url": broker}))
    with _database(database) as conn:
        ids = sorted(numbers or (letter.dead_letter_id for letter in list_dead_letters(conn, limit=1_000_000)))
        count = replay(conn, ids, settings, datetime.now(UTC))
    typer.echo(f"{count} published again; what is refused again becomes a new dead letter.")


def _database(url: str | None) -> psycopg.Connection:
    given = url if url is not None else read_settings(DatabaseSettings).database_url.get_secret_value()
    return connect(given, application="dead-letters")


def _described(letter: DeadLetter) -> list[str]:
    try:
        body = letter.payload.decode()
    except UnicodeDecodeError:
        body = letter.payload.hex(" ")
    return [
        f"number    {letter.dead_letter_id}",
        f"received  {letter.received_at.isoformat()}",
        f"topic     {letter.topic}",
        f"qos       {letter.qos}{', retained' if letter.retained else ''}",
        f"reason    {letter.reason}",
        f"replayed  {letter.replayed_at.isoformat() if letter.replayed_at else 'no'}",
        f"payload   {len(letter.payload)} bytes",
        body,
    ]
