"""What `bellwether` does for ingest's operators."""
