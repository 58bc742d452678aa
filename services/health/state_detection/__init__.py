"""State detection (ISO 13374): what a machine did when, and how far it has moved from its own normal. Pure."""
