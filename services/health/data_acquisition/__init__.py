"""Data acquisition (ISO 13374): what machines and people have said, read from the database as arrays."""
