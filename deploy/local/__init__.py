"""The embedded stack: everything on one machine, without Docker, packages of the system or accounts."""
