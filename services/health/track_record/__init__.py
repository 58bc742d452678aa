"""The record of alerts: how often they were right, known only from what had happened by then. Pure."""
