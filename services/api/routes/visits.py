"""Who looks at the page: the session of the request; and forms, taken only from our own pages."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import parse_qs, urlsplit

from fastapi import Depends
from starlette.requests import Request
from starlette.responses import HTMLResponse

from services.api.access import Serving
from services.api.database import NOBODY
from services.api.keys import ACT, READ, ApiKey, valid_key
from services.api.page.rendering import render
from services.api.problems import ForbiddenError
from services.api.queries.customers import is_demo
from services.api.sessions import key_of_session
from shared.errors import PermanentError

COOKIE = "bellwether_session"
PRIVATE = {"Cache-Control": "no-store"}
_LONGEST_FORM = 4000


class SignInError(PermanentError):
    """Nobody has signed in, or whose key may read no longer."""

    def __init__(self, *, demo: bool) -> None:
        super().__init__("nobody has signed in")
        self.demo = demo


@dataclass(frozen=True, kw_only=True)
class Visit:
    """A key that has signed in and may read."""

    key: ApiKey
    demo: bool

    @property
    def may_act(self) -> bool:
        """Whether it may move alerts on."""
        return ACT in self.key.scopes


def _visit(request: Request, serving: Serving) -> Visit:
    now = serving.clock()
    key_id = key_of_session(serving.secret, request.cookies.get(COOKIE, ""), now)
    with serving.database.reading(NOBODY) as conn:
        key = None if key_id is None else valid_key(conn, key_id, now=now)
        demo = is_demo(conn)
    if key is None or READ not in key.scopes:
        raise SignInError(demo=demo)
    return Visit(key=key, demo=demo)


Visitor = Annotated[Visit, Depends(_visit)]
"""The visit of the request; SignInError without one."""


def _visit_to_act(request: Request, visit: Visitor) -> Visit:
    require_our_own_page(request)
    if not visit.may_act:
        raise ForbiddenError("this key lacks the scope 'act'")
    return visit


ActingVisitor = Annotated[Visit, Depends(_visit_to_act)]
"""Who may move alerts on, from a form of ours; ForbiddenError otherwise."""


def require_our_own_page(request: Request) -> None:
    """Raise ForbiddenError where the browser says that another site's page sent the form."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None and site not in ("same-origin", "none"):
        raise ForbiddenError("the form was sent from another site")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise ForbiddenError("the form was sent from another site")


async def _form(request: Request) -> dict[str, str]:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST_FORM:
            return {}
    return {name: given[0] for name, given in parse_qs(body.decode("utf-8", "replace")).items()}


Form = Annotated[dict[str, str], Depends(_form)]
"""The fields of a form; none of one that is too long."""


def sign_in_page(*, demo: bool, wrong: str | None = None, following: str = "/", status: int = 200) -> HTMLResponse:
    """One field for the key, what was wrong with the one before, and where to go on."""
    content = render("sign_in.html", wrong=wrong, demo=demo, following=following)
    return HTMLResponse(content, status_code=status, headers=PRIVATE)
