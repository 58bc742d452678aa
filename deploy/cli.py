"""The one console command. Every sub-command imports what it needs when it runs, so `--help` is instant."""

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from deploy.local.access import running_addresses, running_spool, which_to_name
from services.ingest.commands.cli import conflicts_app, dead_letters_app, samples_command, sources_app
from shared.addresses import BrokerUrl, DatabaseUrl
from shared.errors import AddressMissingError, BellwetherError, SetupError

app = typer.Typer(
    help="Which customers are about to stop getting the value they bought, from what their machines report.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
keys_app = typer.Typer(help="API keys: create, list, revoke.", no_args_is_help=True)
app.add_typer(keys_app, name="keys")
app.add_typer(dead_letters_app, name="dead-letters")
app.add_typer(conflicts_app, name="conflicts")
app.add_typer(sources_app, name="sources")
app.command("samples")(samples_command)

_FOLDER = Path(".bellwether")
RecordSource = Annotated[
    str, typer.Option("--source", help="which system the ids come from, for example crm; ids are unique within it")
]
Mapping = Annotated[Path, typer.Option("--mapping", exists=True, dir_okay=False, help="what the columns mean (YAML)")]
DataFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV, plain or .gz")]


@app.command()
def up(
    directory: Annotated[Path, typer.Option(help="where data, logs and the key are kept")] = Path(".bellwether"),
    host: Annotated[str, typer.Option(help="address the API listens on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="port the API listens on", min=1, max=65535)] = 8000,
    broker: Annotated[str | None, typer.Option(help="your broker: mqtts://user:password@host:8883")] = None,
    database: Annotated[str | None, typer.Option(help="your database: postgresql://user:password@host/name")] = None,
    import_: Annotated[
        Path | None, typer.Option("--import", exists=True, file_okay=False, help="records to import first")
    ] = None,
    history_days: Annotated[
        int, typer.Option(help="days of history that the demo's plants tell before they go live", min=1, max=1096)
    ] = 1096,
) -> None:
    """Start everything; the demo with simulated plants unless a broker, a database or records are named."""
    from deploy.local.up import UpOptions
    from deploy.local.up import up as start

    options = UpOptions(
        directory=directory.resolve(),
        host=host,
        port=port,
        broker_url=broker,
        database_url=database,
        import_directory=import_,
        history_days=history_days,
    )
    start(options, Console(stderr=False, soft_wrap=True))


@app.command()
def ingest(
    database: DatabaseUrl,
    broker: BrokerUrl,
    check: Annotated[
        bool, typer.Option("--check", help="try broker, topics, database and spool, say what to mend, store nothing")
    ] = False,
) -> None:
    """Store what plants publish."""
    if check:
        from services.ingest.checking import check as run_check

        own_spool = "BELLWETHER_INGEST_SPOOL_DIRECTORY" in os.environ
        spool = None if own_spool else running_spool(_FOLDER, database)
        raise typer.Exit(run_check(database_url=database, broker_url=broker, spool_directory=spool))
    from services.ingest.__main__ import main as run

    os.environ |= {"BELLWETHER_DATABASE_URL": database, "BELLWETHER_BROKER_URL": broker}
    run()


@app.command()
def health(database: DatabaseUrl) -> None:
    """Assess machines and customers."""
    from services.health.__main__ import main as run

    os.environ["BELLWETHER_DATABASE_URL"] = database
    run()


@app.command()
def api(database: DatabaseUrl) -> None:
    """Answer account teams (settings: BELLWETHER_API_HOST, BELLWETHER_API_PORT)."""
    from services.api.__main__ import main as run

    os.environ["BELLWETHER_DATABASE_URL"] = database
    run()


@app.command()
def webhooks(database: DatabaseUrl) -> None:
    """Send changes to the webhooks that were asked for."""
    from services.webhooks.__main__ import main as run

    os.environ["BELLWETHER_DATABASE_URL"] = database
    run()


@app.command()
def migrate(database: DatabaseUrl) -> None:
    """Bring the database's schema up to date."""
    from shared.database import connect
    from shared.migrations import migrate as run
    from shared.public_url import store_public_url

    run(database)
    with connect(database, application="migrate") as conn:
        store_public_url(conn)
    typer.echo("The schema is up to date.")


@app.command("import")
def import_(
    directory: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="CSV and YAML files of records")],
    database: DatabaseUrl,
    source: RecordSource = "files",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="print the difference, store nothing")] = False,
) -> None:
    """Import records and events; importing twice changes nothing."""
    from shared.database import connect
    from shared.records import import_directory, list_unassigned, report_lines

    with connect(database, application="import") as conn:
        report = import_directory(conn, directory, record_source=source, dry_run=dry_run)
        unassigned = list_unassigned(conn)
    typer.echo("\n".join(report_lines(report)))
    for seen in unassigned:
        typer.echo(f"Heard but assigned to nobody: {seen.remedy}.")
    if report.errors:
        raise typer.Exit(1)


@app.command()
def discover(
    directory: Annotated[Path, typer.Argument(file_okay=False, help="where to write the drafts")], database: DatabaseUrl
) -> None:
    """Draft asset types, assets and bindings from what has been seen, for a person to confirm."""
    from shared.database import connect
    from shared.records import discover as run

    with connect(database, application="discover") as conn:
        for path in run(conn, directory):
            typer.echo(f"wrote {path}")


@app.command("broker-acl")
def broker_acl(
    database: DatabaseUrl,
    broker: Annotated[Literal["mosquitto", "nats"], typer.Option(help="whose rules to write")] = "mosquitto",
    output: Annotated[Path | None, typer.Option(dir_okay=False, help="where to write them, else on stdout")] = None,
    ingest_user: Annotated[str, typer.Option(help="the name by which ingest logs in")] = "ingest",
    replay_user: Annotated[
        str | None, typer.Option(help="a user who may publish all telemetry, to replay dead letters; none if not given")
    ] = None,
    host_id: Annotated[
        str, typer.Option(envvar="BELLWETHER_SPARKPLUG_HOST_ID", help="our Sparkplug host id, whose STATE nodes read")
    ] = "bellwether",
) -> None:
    """Write the broker's access rules: who may publish what, from the records."""
    from deploy.broker_access.write import write_rules

    warnings = write_rules(
        database,
        broker=broker,
        output=output,
        ingest_name=ingest_user,
        replay_name=replay_user,
        host_id=host_id,
    )
    for line in warnings:
        typer.echo(line, err=True)


@app.command()
def replay(
    file: DataFile,
    mapping: Mapping,
    broker: BrokerUrl,
    speed: Annotated[float, typer.Option(help="times real time; 0 is as fast as the broker acknowledges", min=0)] = 0.0,
) -> None:
    """Publish a CSV through the broker, as a plant would."""
    from deploy.replay.publisher import replay as run

    run(file, mapping, broker, speed=speed, console=Console(stderr=True))


@app.command()
def backfill(file: DataFile, mapping: Mapping, database: DatabaseUrl) -> None:
    """Load history behind live data, in any order, with the result of having lived it."""
    from deploy.replay.backfill import backfill as run

    run(file, mapping, database, console=Console(stderr=True))


@app.command()
def backtest(
    database: DatabaseUrl,
    since: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="first day (UTC)")],
    until: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="the day after the last (UTC)")],
    customer: Annotated[
        list[str] | None, typer.Option(help="only this customer, by its external id; may be repeated")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
    plot: Annotated[
        Path | None, typer.Option(dir_okay=False, help="an SVG to draw: what was told against what happened")
    ] = None,
) -> None:
    """Replay stored history through the engine and say how often its alerts would have been right."""
    from services.health.backtest.command import backtest as run

    run(database, since.replace(tzinfo=UTC), until.replace(tzinfo=UTC), customer, as_json=as_json, plot=plot)


@app.command()
def learn(
    database: DatabaseUrl,
    through: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="learn from what was known before this day (UTC); default: all"),
    ] = None,
) -> None:
    """Learn from the fleet's own failures how long each type of machine has left."""
    from services.health.fleet_learning.command import learn_command

    learn_command(database, None if through is None else through.replace(tzinfo=UTC))


@app.command()
def review(
    customer: Annotated[str, typer.Argument(help="the customer's id in customers.csv")],
    database: DatabaseUrl,
    since: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="the first day of a month")],
    until: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="the last day of a month")],
    output: Annotated[
        Path | None, typer.Option(dir_okay=False, help="where to write it: FILE.html to print, or FILE.json")
    ] = None,
) -> None:
    """Make the review of a period that a customer may read: promised, realized, what changed, what we propose."""
    from services.api.review.command import review_command

    typer.echo(review_command(database, customer, since.date(), until.date(), output=output))


@app.command("replay-records")
def replay_records(
    file: DataFile,
    mapping: Mapping,
    directory: Annotated[Path, typer.Argument(file_okay=False, help="where to write the records")],
) -> None:
    """Write the records (customers, sites, assets, …) that a mapping implies for a CSV, ready to import."""
    from deploy.replay.fleet import write_records

    write_records(file, mapping, directory)
    typer.echo(f"wrote {directory}; import it with: bellwether import {directory}")


@app.command("grafana-login")
def grafana_login(
    database: DatabaseUrl,
    password: Annotated[
        str | None,
        typer.Option(envvar="BELLWETHER_GRAFANA_DATABASE_PASSWORD", help="one is made and printed if not given"),
    ] = None,
) -> None:
    """Make the database login that Grafana reads the dashboards' views with, or change its password."""
    import secrets

    from deploy.grafana.login import LOGIN, make_login
    from shared.database import connect

    with connect(database, application="grafana-login") as conn:
        make_login(conn, password or (made := secrets.token_urlsafe(24)))
    typer.echo(f"{LOGIN} may read bellwether_views." + ("" if password else f" Its password: {made}"))


@keys_app.command("create")
def create_key(
    database: DatabaseUrl,
    name: Annotated[str, typer.Argument(help="who or what will use it")],
    scope: Annotated[
        str, typer.Option(help="comma-separated: read, act (on alerts), admin, or customer (what a plant may see)")
    ] = "read,act",
    customer: Annotated[
        list[int] | None, typer.Option(help="id of a customer that it may see; may be repeated; all if not given")
    ] = None,
    days: Annotated[int | None, typer.Option(help="how long it is valid; for good if not given", min=1)] = None,
) -> None:
    """Make a key and print it once; only its hash is stored."""
    from services.api.keys import create_key as run
    from shared.database import connect

    with connect(database, application="keys") as conn:
        now = datetime.now(UTC)
        expires_at = None if days is None else now + timedelta(days=days)
        typer.echo(
            run(
                conn,
                name=name,
                now=now,
                scopes=[part.strip() for part in scope.split(",")],
                customers=customer or None,
                expires_at=expires_at,
            )
        )


@keys_app.command("list")
def list_keys(database: DatabaseUrl) -> None:
    """List keys, without their secrets."""
    from services.api.keys import list_keys as run
    from shared.database import connect

    with connect(database, application="keys") as conn:
        for key in run(conn):
            revoked = f"  revoked {key.revoked_at:%Y-%m-%d %H:%M}" if key.revoked_at else ""
            until = f"  until {key.expires_at:%Y-%m-%d}" if key.expires_at else ""
            made = f"made {key.created_at:%Y-%m-%d %H:%M}"
            sees = "" if key.customers is None else f"  customers {','.join(map(str, key.customers))}"
            used = f"  used {key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else ""
            typer.echo(f"{key.key_id}  {key.name}  {','.join(key.scopes)}{sees}  {made}{used}{until}{revoked}")


@keys_app.command("revoke")
def revoke_key(database: DatabaseUrl, key_id: Annotated[str, typer.Argument(help="the part before the dot")]) -> None:
    """End a key's life now."""
    from services.api.keys import revoke_key as run
    from shared.database import connect

    with connect(database, application="keys") as conn:
        run(conn, key_id, now=datetime.now(UTC))
    typer.echo(f"{key_id} is revoked.")


def main() -> None:
    """Run the command; a mistake of the caller's is one sentence on stderr, never a traceback.

    Where an embedded stack runs in this directory, other commands find its database and broker by themselves.
    """
    if sys.argv[1:2] != ["up"]:
        for name, address in running_addresses(_FOLDER).items():
            os.environ.setdefault(name, address)
    try:
        app()
    except AddressMissingError as exc:
        _complain(which_to_name(_FOLDER, exc))
        sys.exit(2)
    except BellwetherError as exc:
        _complain(str(exc))
        sys.exit(2 if isinstance(exc, SetupError) else 1)


def _complain(text: str) -> None:
    style = "bold red" if sys.stderr.isatty() and "NO_COLOR" not in os.environ else ""
    Console(stderr=True, soft_wrap=True).print(text, style=style, markup=False, highlight=False)


if __name__ == "__main__":
    main()
