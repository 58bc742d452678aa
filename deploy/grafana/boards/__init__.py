"""All dashboards, by the name of their file."""

from collections.abc import Callable

from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana.boards.asset import asset
from deploy.grafana.boards.customer import customer
from deploy.grafana.boards.fleet import fleet
from deploy.grafana.boards.guarantees import guarantees
from deploy.grafana.boards.ingest import ingest
from deploy.grafana.boards.record import record
from deploy.grafana.boards.site import site

BOARDS: dict[str, Callable[[], Dashboard]] = {
    "fleet": fleet,
    "customer": customer,
    "site": site,
    "asset": asset,
    "guarantees": guarantees,
    "ingest": ingest,
    "record": record,
}
