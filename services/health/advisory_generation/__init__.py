"""Advisory generation (ISO 13374): which conditions deserve an alert, and what it says. Pure."""
