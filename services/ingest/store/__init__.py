"""What ingest writes into the database and reads from it."""
