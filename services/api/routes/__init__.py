"""The routers, one a subject: parse, ask one query, answer."""
