"""What every dashboard keeps to. Pure: a dashboard's JSON in, complaints out.

Those of grafana/dashboard-linter that apply to SQL, by their names there: template-datasource, panel-datasource,
panel-title-description, panel-units, panel-no-targets, template-on-time-change-reload, uneditable. And portable-sql:
no macro that Grafana expands to functions of TimescaleDB, since the same dashboards run on PostgreSQL, no variable that
is not quoted, and nothing but the views.
"""

import re
from collections.abc import Iterator
from typing import Any

from grafana_foundation_sdk.models import units

from deploy.grafana.query import SOURCE, SOURCE_TYPE

UNITS = {value for name, value in vars(units).items() if not name.startswith("_") and isinstance(value, str)}
_ON_TIME_CHANGE = 2
_MACROS = {"__timeFilter", "__timeFrom", "__timeTo"}


def complaints(dashboard: dict[str, Any]) -> list[str]:
    """Every rule that the dashboard breaks, with where; empty where it breaks none."""
    found = [*_of_dashboard(dashboard), *_of_variables(dashboard)]
    for panel in dashboard["panels"]:
        found += [f"{rule}: panel {panel['id']} {panel.get('title', '')}" for rule in _of_panel(panel)]
    for where, sql in queries(dashboard):
        found += [f"portable-sql: {where}: {what}" for what in _of_sql(sql)]
    return found


def queries(dashboard: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Where each query stands, and its SQL: variables in their order, annotations, panels."""
    for variable in _query_variables(dashboard):
        yield f"variable {variable['name']}", variable["query"]
    for annotation in dashboard["annotations"].get("list", []):
        yield f"annotation {annotation['name']}", annotation["target"]["rawSql"]
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield f"panel {panel['title']}", target["rawSql"]


def _query_variables(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    return [variable for variable in dashboard["templating"]["list"] if variable["type"] == "query"]


def _of_dashboard(dashboard: dict[str, Any]) -> Iterator[str]:
    if dashboard.get("editable") is not False:
        yield "uneditable"
    sources = [each for each in dashboard["templating"]["list"] if each["type"] == "datasource"]
    if [(each["name"], each["label"], each["query"]) for each in sources] != [
        ("datasource", "Data source", SOURCE_TYPE)
    ]:
        yield "template-datasource"
    for annotation in dashboard["annotations"].get("list", []):
        if annotation["datasource"] != SOURCE.to_json():
            yield f"panel-datasource: annotation {annotation['name']}"


def _of_variables(dashboard: dict[str, Any]) -> Iterator[str]:
    for variable in _query_variables(dashboard):
        if variable.get("refresh") != _ON_TIME_CHANGE:
            yield f"template-on-time-change-reload: {variable['name']}"
        if variable.get("datasource") != SOURCE.to_json():
            yield f"panel-datasource: variable {variable['name']}"


def _of_panel(panel: dict[str, Any]) -> Iterator[str]:
    sources = [panel.get("datasource"), *(target.get("datasource") for target in panel.get("targets", []))]
    if any(source != SOURCE.to_json() for source in sources):
        yield "panel-datasource"
    if not (panel.get("title") and panel.get("description")):
        yield "panel-title-description"
    if panel["fieldConfig"]["defaults"].get("unit") not in UNITS:
        yield "panel-units"
    if not panel.get("targets"):
        yield "panel-no-targets"


def _of_sql(sql: str) -> Iterator[str]:
    for macro in re.findall(r"\$(__\w+)", sql):
        if macro not in _MACROS:
            yield f"${macro} is not the same on both engines"
    for variable in re.findall(r"\$\{?[a-z]\w*[^}\s)]*\}?", sql):
        if not re.fullmatch(r"\$\{\w+:sqlstring\}", variable):
            yield f"{variable} is not quoted"
    for source in re.findall(r"(?<!epoch )(?<!DISTINCT )\b(?:FROM|JOIN)\s+(\w+\.?\w*)", sql):
        if not source.startswith("bellwether_views."):
            yield f"{source} is no view for dashboards"
