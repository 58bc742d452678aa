"""What ingest tells about itself: Prometheus metrics and logs."""
