"""Access rules as mosquitto's acl_file. Pure.

One rule a line, so nothing may hold a line break; a rule's topic runs to the end of its line, blanks at its edges cut.
"""

import json

from deploy.broker_access.grants import Access, User

_HEAD = """\
# Who may publish and read what, from Bellwether's records. Written by `bellwether broker-acl`: do not edit it.
# What is not granted here is refused. mosquitto takes it up on SIGHUP.
# User names are those of password_file, or with client certificates their common names (use_identity_as_username true).
"""


def mosquitto_file(access: Access) -> str:
    """The file's text."""
    parts = [_HEAD, *(_user(user) for user in access.users)]
    if access.left_out:
        parts.append("# Not granted to anybody:\n" + "".join(f"# {_quoted(*each)}\n" for each in access.left_out))
    return "\n".join(parts)


def mosquitto_refuses(_topic_prefix: str) -> None:
    """Nothing: a rule's topic may be any that can be printed."""


def _user(user: User) -> str:
    rules = [f"topic write {each}" for each in user.publishes] + [f"topic read {each}" for each in user.reads]
    return "\n".join([f"user {user.name}", *rules]) + "\n"


def _quoted(topic_prefix: str, reason: str) -> str:
    """On one line whatever the prefix, which may be anything that a stranger published."""
    return f"{json.dumps(topic_prefix)}: {reason}"
