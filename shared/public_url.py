"""Where people find this deployment in their browser: one row, so that every service writes the same deep links."""

import psycopg
from pydantic import Field, HttpUrl
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.settings import read_settings

_KEEP = """
INSERT INTO public_address (url) VALUES (%s) ON CONFLICT (only_row) DO UPDATE SET url = excluded.url
"""


class PublicSettings(BaseSettings):
    """Where people reach the API and its page from outside."""

    model_config = SettingsConfigDict(env_prefix="BELLWETHER_", env_ignore_empty=True, extra="ignore")

    public_url: HttpUrl | None = Field(
        default=None,
        description="where people open the page, for example https://bellwether.example.com: alerts link to it. "
        "`bellwether migrate` and `bellwether up` store it",
    )


def store_public_url(conn: psycopg.Connection) -> None:
    """Keep what BELLWETHER_PUBLIC_URL says, or forget it where it says nothing, and commit."""
    url = read_settings(PublicSettings).public_url
    if url is None:
        conn.execute("DELETE FROM public_address")
    else:
        conn.execute(_KEEP, [str(url).rstrip("/")])
    conn.commit()
