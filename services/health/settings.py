"""Settings of health, from BELLWETHER_HEALTH_*."""

from datetime import timedelta

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.health.data_manipulation.retention import Retention


class HealthSettings(BaseSettings):
    """How often health runs, where it tells of itself, and for how long what is kept; nothing said is for good."""

    model_config = SettingsConfigDict(env_prefix="BELLWETHER_HEALTH_", extra="ignore")

    interval_s: float = Field(default=5.0, gt=0, description="seconds between two cycles")
    metrics_port: int | None = Field(default=None, ge=1, le=65535, description="serve Prometheus metrics on this port")
    keep_raw_days: float | None = Field(default=90, ge=2, description="days of raw samples, in event time")
    keep_minutes_days: float | None = Field(default=730, ge=2, description="days of one-minute rollups")
    keep_hours_days: float | None = Field(default=None, ge=2, description="days of hourly rollups")
    keep_days_days: float | None = Field(default=None, ge=2, description="days of daily rollups")

    def retention(self) -> Retention:
        """How long to keep what."""
        return Retention(
            raw=_days(self.keep_raw_days),
            minutes=_days(self.keep_minutes_days),
            hours=_days(self.keep_hours_days),
            days=_days(self.keep_days_days),
        )


def _days(days: float | None) -> timedelta | None:
    return None if days is None else timedelta(days=days)
