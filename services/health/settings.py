"""Settings of health, from BELLWETHER_HEALTH_*."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class HealthSettings(BaseSettings):
    """How often health runs and where it tells of itself."""

    model_config = SettingsConfigDict(env_prefix="BELLWETHER_HEALTH_", extra="ignore")

    interval_s: float = Field(default=5.0, gt=0, description="seconds between two cycles")
    metrics_port: int | None = Field(default=None, ge=1, le=65535, description="serve Prometheus metrics on this port")
