"""Data manipulation (ISO 13374): samples become time-weighted rollups, and old rows are forgotten."""
