"""What waits for the database, in memory and on the disk."""
