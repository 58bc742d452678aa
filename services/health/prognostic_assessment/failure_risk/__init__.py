"""Failure risk learned from the fleet: P(failure within a horizon), by a discrete-time hazard model."""
