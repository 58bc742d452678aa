"""Guarantees: the window in force, its error budget, how fast it burns, and whether it will last."""
