"""The demo's simulated plants: who they are, what they measure, how they publish, and what was planted in them."""
