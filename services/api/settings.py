"""Settings of the API, read once at its start from the environment."""

from pydantic import Field, SecretStr

from shared.settings import DatabaseSettings


class ApiSettings(DatabaseSettings):
    """Where to listen, and what signs cursors and sign-ins."""

    api_host: str = Field(default="127.0.0.1", description="address to listen on")
    api_port: int = Field(default=8000, ge=0, le=65535, description="port to listen on")
    api_secret: SecretStr | None = Field(
        default=None,
        min_length=32,
        description="signs page cursors and sign-ins, at least 32 characters; the same for every copy of the API. "
        "Without it one is made at each start, and cursors and sign-ins end with the process",
    )
    api_requests_a_minute: int = Field(
        default=1200, ge=1, description="how often one key may ask in a minute; answers without a change do not count"
    )
    api_connections: int = Field(default=8, ge=1, description="the most connections to the database")
