"""Real files as if plants had sent them: through the broker (`replay`) or behind live data (`backfill`)."""
