"""The OpenAPI document: committed, the application's, and true to what is answered."""

import json
from collections.abc import Callable
from importlib.resources import files
from typing import Any

import httpx
import psycopg
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from services.api import examples
from services.api.app import build_app, openapi_of
from services.api.database import Database
from tests.integration.api.conftest import SECRET, Clock
from tests.integration.api.plant import (
    NOW,
    TODAY,
    add_alert,
    add_asset,
    add_customer,
    add_stop,
    add_times,
    insert,
    record,
)

DOCUMENT: dict[str, Any] = json.loads(files("services.api").joinpath("openapi.json").read_text(encoding="utf-8"))
# A stream has no end to wait for.
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT).exclude(operation_id="stream_changes")


def test_the_committed_document_is_the_applications() -> None:
    app = build_app(Database("postgresql://nowhere"), secret=SECRET, clock=Clock())
    assert openapi_of(app) == DOCUMENT, "write it anew: python -m services.api.document > services/api/openapi.json"


def test_the_document_is_openapi_3_1_and_is_served(stranger: httpx.Client) -> None:
    assert DOCUMENT["openapi"] == "3.1.0"
    assert stranger.get("/openapi.json").json() == DOCUMENT


def test_every_operation_declares_its_errors_as_problems_and_shows_an_example() -> None:
    for path, operations in DOCUMENT["paths"].items():
        for method, operation in operations.items():
            responses = operation["responses"]
            assert {"401", "403", "422", "500", "503"} <= set(responses), (path, method)
            for status, response in responses.items():
                if status >= "400":
                    assert list(response["content"]) == ["application/problem+json"], (path, status)
            (shown,) = responses["200"]["content"].values()
            assert shown["example"], (path, method)
            assert operation["security"] == [{"ApiKey": []}], (path, method)


@pytest.fixture
def key(conn: psycopg.Connection, make_key: Callable[..., str]) -> str:
    """A key, in a world where ids 1 exist."""
    customer = add_customer(conn, "Northfield Foods")
    asset, site = add_asset(conn, customer, "Filler 2")
    add_times(conn, asset, TODAY)
    add_stop(conn, asset, NOW)
    insert(conn, "customer_health", customer_id=customer, day=TODAY, health=70.0, coverage=0.9, contributions={"a": 30})
    insert(conn, "contracts", **record("K-1"), customer_id=customer, valid_from=TODAY, starts_on=TODAY, annual_value=5)
    add_alert(
        conn,
        customer,
        alert_id=examples.ALERT["id"],
        scope_id=asset,
        stake_money=5.0,
        currency="EUR",
        expected_at=f"{TODAY}T00:00Z",
    )
    add_alert(conn, customer, scope_type="site", scope_id=site)
    return make_key()


@SCHEMA.parametrize()
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_is_asked_is_answered_as_the_document_says(case: schemathesis.Case, base_url: str, key: str) -> None:
    case.headers = {**case.headers, "If-Match": "*"}
    headers = {"Authorization": f"Bearer {key}"}
    # That a request has the right form does not say that its cursor is one of ours.
    case.call_and_validate(base_url=base_url, headers=headers, excluded_checks=[positive_data_acceptance])
