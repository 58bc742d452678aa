"""Access rules as an `authorization` block of nats-server, whose rules speak of subjects. Pure.

A topic becomes a subject thus: `/` → `.`, and a `.` within a level → `//`; `+` → `*` and a last `#` → `>`, which,
unlike `#`, needs at least one level. Empty levels have escapes of their own; no prefix has such.
"""

import json
import re

from deploy.broker_access.grants import Access, User

_HEAD = """\
# Who may publish and read what, from Bellwether's records. Written by `bellwether broker-acl`: do not edit it.
# nats-server's configuration takes it in with: include "./FILE"
# Passwords come from the environment, with quotes: NAME='"secret"', better as bcrypt. The server does not start where
# one is missing. With client certificates (verify_and_map true) the user names are the certificates' DNS names.
"""


def nats_block(access: Access) -> str:
    """The block's text."""
    users = "".join(_user(user) for user in access.users)
    left_out = "".join(f"# {json.dumps(prefix)}: {reason}\n" for prefix, reason in access.left_out)
    nobody = f"\n# Not granted to anybody:\n{left_out}" if left_out else ""
    return f"{_HEAD}\nauthorization {{\n  users = [\n{users}  ]\n}}\n{nobody}"


def nats_refuses(topic_prefix: str) -> str | None:
    """Why a prefix cannot be written as a subject: spaces have none, and `*` and `>` are wildcards there."""
    if re.search(r"[\s*>\x7f]", topic_prefix):
        return "nats-server's subjects have no space, * or >"
    return None


def subjects(topic_filter: str) -> tuple[str, ...]:
    """The subjects that a topic filter means."""
    levels = topic_filter.split("/")
    beginning = ".".join("*" if level == "+" else level.replace(".", "//") for level in levels if level != "#")
    if levels[-1] != "#":
        return (beginning,)
    return (beginning, f"{beginning}.>") if beginning else (">",)


def password_variable(user: str) -> str:
    """The environment variable that holds a user's password."""
    return "BROKER_PASSWORD_" + re.sub(r"[^A-Za-z0-9]", lambda odd: f"_{ord(odd[0]):X}_", user)


def _user(user: User) -> str:
    publish = [subject for each in user.publishes for subject in subjects(each)]
    subscribe = [subject for each in user.reads for subject in subjects(each)]
    return f"""\
    {{
      user: {_text(user.name)}
      password: ${password_variable(user.name)}
      allowed_connection_types: ["MQTT"]
      permissions: {{
        publish: {_allowed(publish)}
        subscribe: {_allowed(subscribe)}
      }}
    }}
"""


def _allowed(subjects: list[str]) -> str:
    """An empty list would allow everything."""
    if not subjects:
        return '{ deny: ">" }'
    return "{ allow: [" + ", ".join(_text(subject) for subject in subjects) + "] }"


def _text(text: str) -> str:
    """Quoted, so that nothing in it is a variable or a rule."""
    return json.dumps(text, ensure_ascii=False)
