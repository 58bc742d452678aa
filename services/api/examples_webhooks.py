"""Examples of webhooks in the OpenAPI document; a test holds them to the schemas."""

from typing import Any

WEBHOOK: dict[str, Any] = {
    "id": "wh_5b0f6f2c9a7e4d11",
    "url": "https://crm.example.com/bellwether",
    "state": "active",
    "reason": None,
    "key_id": "bw0a1b2c3d4e5f",
    "transitions": None,
    "tiers": ["act"],
    "kinds": None,
    "owner_roles": None,
    "customer_id": None,
    "cursor": "1207-5e1f0a9b3c7d",
    "created_at": "2026-09-21T06:01:12Z",
}
WEBHOOK_WITH_SECRET: dict[str, Any] = {
    **WEBHOOK,
    "secret": "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
    "old_secret_until": None,
}
DELIVERY: dict[str, Any] = {
    "id": "msg_0d6ab1a8e2c94f5b8f3c3b1f7e7c1c1d",
    "sequence": 1208,
    "state": "pending",
    "attempts": 2,
    "created_at": "2026-09-21T06:05:00Z",
    "last_attempt_at": "2026-09-21T06:05:06Z",
    "next_attempt_at": "2026-09-21T06:10:21Z",
    "status": 503,
    "problem": None,
}
_END = {"has_more": False, "next": None, "assessed_through": None}
WEBHOOKS: dict[str, Any] = {"data": [WEBHOOK], **_END}
DELIVERIES: dict[str, Any] = {"data": [DELIVERY], **_END}
