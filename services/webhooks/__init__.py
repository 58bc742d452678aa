"""Delivers the change feed to whoever asked for it: signed, in its order, again until it is taken."""
