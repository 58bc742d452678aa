"""A dashboard with its panels in rows of 24 columns, each with an id of its own."""

from collections.abc import Sequence

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.grafana.panels import Panel


def laid_out(board: builders.Dashboard, panels: Sequence[Panel]) -> Dashboard:
    """The dashboard as it is provisioned; panels follow each other from left to right and down."""
    for number, panel in enumerate(panels, start=1):
        board.with_panel(panel.id(number))
    return board.build()
