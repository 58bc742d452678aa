"""Saving: conclusions become rows, alerts and feed entries, by difference and in one transaction."""
