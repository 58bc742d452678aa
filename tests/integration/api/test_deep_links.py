"""Every alert has a link that a person can open, once the deployment was told its address."""

import httpx
import psycopg
import pytest

from shared.public_url import store_public_url
from tests.integration.api.plant import add_alert, add_customer


def test_an_alert_links_to_its_page_where_the_deployment_knows_its_address_and_nowhere_before(
    conn: psycopg.Connection, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    alert = add_alert(conn, add_customer(conn, "Northfield Foods"))
    conn.commit()
    assert client.get(f"/v1/alerts/{alert}").json()["url"] is None
    monkeypatch.setenv("BELLWETHER_PUBLIC_URL", "https://bellwether.example.com/")
    store_public_url(conn)
    assert client.get(f"/v1/alerts/{alert}").json()["url"] == f"https://bellwether.example.com/alerts/{alert}"
    monkeypatch.setenv("BELLWETHER_PUBLIC_URL", "")
    store_public_url(conn)
    assert client.get(f"/v1/alerts/{alert}").json()["url"] is None
