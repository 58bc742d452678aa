"""What came from a broker, and what was read from it."""
