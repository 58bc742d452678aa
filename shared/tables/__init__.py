"""The database's schema, the contract between the services.

records     what people say: customers, contracts, sites, assets, what metrics mean; and events
telemetry   what machines say: sources, devices, series, samples, rollups, dead letters
assessment  what follows: state intervals, times, signals, health, value, alerts, the change feed
value       what follows for the customer: value since the start, its outlook, effects of software releases
portfolio   what all customers together say, and reviews made for one
accounts    what follows for the account: findings a month and at the newest midnight
access      who may ask: API keys; and what this deployment is for
webhooks    who wants to be told of changes, and how each delivery stands
"""

from shared.tables.metadata import metadata

from . import access, accounts, assessment, portfolio, records, telemetry, value, webhooks

__all__ = ["access", "accounts", "assessment", "metadata", "portfolio", "records", "telemetry", "value", "webhooks"]
