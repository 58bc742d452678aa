"""Health assessment (ISO 13374): what is known of each asset and of the customer as a whole. Pure."""
