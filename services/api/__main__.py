"""Composition root of the API: settings, database, application, server."""

import secrets
import socket
import sys
from datetime import UTC, datetime

import structlog
import uvicorn

from services.api.app import build_app
from services.api.database import Database
from services.api.server import Server
from services.api.settings import ApiSettings
from services.api.versions import Listener
from shared.errors import BellwetherError
from shared.logs import configure_logs
from shared.settings import WebhookSettings, read_settings

_GRACE_S = 5


def main() -> None:
    """Serve until SIGTERM or Ctrl-C; requests under way get five seconds to end."""
    configure_logs("api")
    log = structlog.get_logger()
    try:
        settings = read_settings(ApiSettings)
        networks = read_settings(WebhookSettings).allowed()
        url = settings.database_url.get_secret_value()
        database = Database(url, size=settings.api_connections)
    except BellwetherError as exc:
        sys.exit(f"the API cannot start: {exc}")
    if settings.api_secret is None:
        secret = secrets.token_bytes(32)
        log.warning("secret_made", hint="set BELLWETHER_API_SECRET to keep cursors and sign-ins over restarts")
    else:
        secret = settings.api_secret.get_secret_value().encode()
    app = build_app(
        database,
        secret=secret,
        clock=lambda: datetime.now(UTC),
        listener=Listener(url),
        webhook_networks=networks,
        requests_a_minute=settings.api_requests_a_minute,
    )
    with _listening(settings.api_host, settings.api_port) as listener:
        log.info("listening", host=settings.api_host, port=listener.getsockname()[1])
        config = uvicorn.Config(
            app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=_GRACE_S
        )
        Server(config, app).run(sockets=[listener])


def _listening(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as exc:
        sys.exit(f"the API cannot listen on {host} port {port}: {exc.strerror}; set BELLWETHER_API_HOST and _PORT")


if __name__ == "__main__":
    main()
