"""The API as it is deployed: a real uvicorn on a free port, the real database, httpx."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import httpx
import psycopg
import pytest

from services.api.app import build_app
from services.api.database import Database
from services.api.keys import create_key
from tests.integration.api.plant import NOW
from tests.integration.api.serving import serve

SECRET = b"0123456789abcdef0123456789abcdef"


class Clock:
    """Wall time that a test moves."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def base_url(database_url: str, clock: Clock) -> Iterator[str]:
    app = build_app(Database(database_url, size=4), secret=SECRET, clock=clock)
    with serve(app) as url:
        yield url


@pytest.fixture
def make_key(conn: psycopg.Connection) -> Callable[..., str]:
    def make(*scopes: str, name: str = "crm", **more: Any) -> str:
        key = create_key(conn, name=name, now=NOW, scopes=scopes or ("read", "act"), **more)
        conn.commit()
        return key

    return make


@pytest.fixture
def client(base_url: str, make_key: Callable[..., str]) -> Iterator[httpx.Client]:
    """A client whose key may do everything."""
    headers = {"Authorization": f"Bearer {make_key()}"}
    with httpx.Client(base_url=base_url, headers=headers, timeout=30) as session:
        yield session


@pytest.fixture
def stranger(base_url: str) -> Iterator[httpx.Client]:
    """A client without a key."""
    with httpx.Client(base_url=base_url, timeout=30) as session:
        yield session
