"""JSON and mappings: a message's bytes and topic in, readings or a reason out."""
