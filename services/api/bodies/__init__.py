"""What the API answers, as pydantic models: the source of the OpenAPI document.

Instants are RFC 3339 in UTC. Money always says its currency and basis. What is not known is null and never zero.
"""
