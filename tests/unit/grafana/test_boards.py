"""The dashboards as they are committed and provisioned: made by the code beside them, and breaking no rule."""

import copy
import json
import re
from typing import Any

import pytest
import yaml

from deploy.grafana.login import LOGIN
from deploy.grafana.query import PROVISIONED, SOURCE_TYPE
from deploy.grafana.rules import complaints
from deploy.grafana.write import FOLDER, files

PROVISIONING = FOLDER.parent / "provisioning"
MADE = {name: json.loads(text) for name, text in files().items()}
BOARDS = pytest.mark.parametrize("board", MADE.values(), ids=list(MADE))
SOURCE = yaml.safe_load((PROVISIONING / "datasources" / "bellwether.yaml").read_text())["datasources"][0]


def test_the_committed_dashboards_are_those_that_the_code_makes() -> None:
    assert {path.name: path.read_text() for path in FOLDER.glob("*.json")} == files(), "run `make dashboards`"


@BOARDS
def test_a_dashboard_breaks_no_rule(board: dict[str, Any]) -> None:
    assert complaints(board) == []


@BOARDS
def test_panels_have_ids_and_places_of_their_own_and_fill_the_width(board: dict[str, Any]) -> None:
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in board["panels"])
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells)) == 24 * len({y for _, y in cells})
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


@BOARDS
def test_links_lead_to_dashboards_and_variables_that_exist_and_keep_the_time(board: dict[str, Any]) -> None:
    variables = {each["uid"]: {one["name"] for one in each["templating"]["list"]} for each in MADE.values()}
    for url in re.findall(r'"url": "([^"]+)"', json.dumps(board)):
        uid, chosen = re.fullmatch(r"/d/([\w-]+)\?(.*)", url).groups()  # type: ignore[union-attr]
        assert set(re.findall(r"var-(\w+)=", chosen)) <= variables[uid]
        assert "${__url_time_range}" in chosen
    (others,) = board["links"]
    assert (others["includeVars"], others["keepTime"], others["tags"]) == (True, True, ["bellwether"])
    assert "bellwether" in board["tags"]


def broken(board: dict[str, Any], rule: str) -> dict[str, Any]:
    """A copy that breaks this rule."""
    board = copy.deepcopy(board)
    panel, variables = board["panels"][0], board["templating"]["list"]
    match rule:
        case "template-datasource":
            variables[:] = [each for each in variables if each["type"] != "datasource"]
        case "panel-datasource":
            panel["targets"][0]["datasource"] = {"type": SOURCE_TYPE, "uid": "another"}
        case "panel-title-description":
            panel["description"] = ""
        case "panel-units":
            panel["fieldConfig"]["defaults"]["unit"] = "furlong"
        case "panel-no-targets":
            panel["targets"] = []
        case "template-on-time-change-reload":
            next(each for each in variables if each["type"] == "query")["refresh"] = 1
        case "uneditable":
            board["editable"] = True
    return board


@pytest.mark.parametrize(
    "rule",
    [
        "template-datasource",
        "panel-datasource",
        "panel-title-description",
        "panel-units",
        "panel-no-targets",
        "template-on-time-change-reload",
        "uneditable",
    ],
)
def test_a_dashboard_that_breaks_a_rule_is_told_which_and_no_other(rule: str) -> None:
    assert [each.split(":")[0] for each in complaints(broken(MADE["fleet.json"], rule))] == [rule]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT $__timeGroupAlias(time, '1d') FROM bellwether_views.alerts",
        "SELECT 1 FROM bellwether_views.alerts WHERE customer_id IN ($customer)",
        "SELECT 1 FROM bellwether_views.alerts WHERE customer_id = ${customer}",
        "SELECT 1 FROM customers",
    ],
)
def test_sql_that_one_engine_or_the_role_would_refuse_is_told(sql: str) -> None:
    board = copy.deepcopy(MADE["fleet.json"])
    board["panels"][0]["targets"][0]["rawSql"] = sql
    (complaint,) = complaints(board)
    assert complaint.startswith("portable-sql: panel Customers")


def test_the_provisioned_source_is_the_one_that_dashboards_use() -> None:
    assert (SOURCE["uid"], SOURCE["type"], SOURCE["user"]) == (PROVISIONED, SOURCE_TYPE, LOGIN)
    for board in MADE.values():
        (chosen,) = [each["current"] for each in board["templating"]["list"] if each["type"] == "datasource"]
        assert (chosen["value"], chosen["text"]) == (SOURCE["uid"], SOURCE["name"])


def test_the_database_is_named_where_grafana_looks_for_it() -> None:
    assert "database" not in SOURCE
    assert {"database", "sslmode", "timescaledb", "postgresVersion"} <= set(SOURCE["jsonData"])
    assert SOURCE["jsonData"]["timescaledb"] is True
    assert SOURCE["secureJsonData"]["password"] == "${BELLWETHER_GRAFANA_DATABASE_PASSWORD}"
    assert SOURCE["editable"] is False


def test_what_differs_between_deployments_stands_in_values_alone() -> None:
    for path in PROVISIONING.rglob("*.yaml"):
        for line in path.read_text().splitlines():
            assert "${" not in line.split(":", 1)[0], path


def test_dashboards_are_provisioned_from_where_they_lie_and_cannot_be_changed_there() -> None:
    (provider,) = yaml.safe_load((PROVISIONING / "dashboards" / "bellwether.yaml").read_text())["providers"]
    assert (provider["options"]["path"], provider["allowUiUpdates"]) == ("/etc/grafana/dashboards", False)
