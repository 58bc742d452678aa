"""What the fleet's own failures teach: read, learned, stored, and learned again with every quarter of event time."""
