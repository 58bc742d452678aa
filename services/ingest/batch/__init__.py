"""Many messages as the arrays and decisions that one transaction needs."""
