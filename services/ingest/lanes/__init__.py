"""The two ways from the broker to the database: with a session that the broker keeps, and Sparkplug's without."""
