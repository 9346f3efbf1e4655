"""The page as an ASGI application in front of the API: ``/``, and what is below ``/_page/``.

| path | what it is |
|---|---|
| ``/``, ``/_page/*.css``, ``*.js``, ``*.svg`` | the files; they hold nothing about anybody |
| ``/_page/access`` | what a key, or none, is good for |
| ``/_page/events`` | a WebSocket: what happens on the server, see `events` |
"""

from __future__ import annotations

import msgspec
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from ..._version import __version__
from ..answers import Refusal, authorize
from ..rest.accounts import Caller
from ..rest.dispatch import refuse_request
from ..rest.scopes import ROLES, TOKEN_SCOPE, permissions
from ..state import ServerState
from .files import FILES, read_file
from .guard import HEADERS, check_host, check_origin
from .watch import EventSocket

__all__ = ["Access", "Page", "may_watch", "require_watching"]

_ACCESS = "/_page/access"
_EVENTS = "/_page/events"


class Access(msgspec.Struct, kw_only=True, frozen=True):
    """What a key is good for.

    Attributes:
        watch: to see all connections and captions.
        speak: to use the microphone.
        version: of the server.
    """

    watch: bool
    speak: bool
    version: str = __version__


def may_watch(caller: Caller) -> bool:
    """Whether a caller may read what others say: a member of the project may, a token and a key for speech may not."""
    return not caller.is_token and ROLES["member"] <= permissions(caller.scopes)


def require_watching(caller: Caller) -> None:
    """See to it that a caller may read what others say.

    Raises:
        Refusal: 403.
    """
    if not may_watch(caller):
        raise Refusal(403, "INSUFFICIENT_PERMISSIONS", "To watch connections takes a key with the role of a member.")


class Page:
    """Serves the page, and leaves all else to the application behind it."""

    def __init__(self, app: ASGIApp, state: ServerState) -> None:
        """
        Args:
            app: the API.
            state: what is watched.
        """
        self._app = app
        self._state = state
        self._events = EventSocket(state, require_watching)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] == "http" and (path in FILES or path == _ACCESS):
            await self._answer(scope, receive, send)
        elif scope["type"] == "websocket" and path == _EVENTS:
            await self._events(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            response = self._respond(scope)
        except Refusal as refusal:
            refusal.extra_headers += HEADERS
            await refuse_request(refusal, scope, receive, send)
        else:
            await response(scope, receive, send)

    def _respond(self, scope: Scope) -> Response:
        if scope["method"] not in ("GET", "HEAD"):
            raise Refusal(405, "METHOD_NOT_ALLOWED", "This route takes GET.", extra_headers=(("allow", "GET, HEAD"),))
        check_host(scope, self._state.settings.host)
        if scope["path"] in FILES:
            name, media_type = FILES[scope["path"]]
            return Response(read_file(name), headers={"content-type": media_type, **dict(HEADERS)})
        check_origin(scope, required=False)
        caller, _ = authorize(scope, self._state.store.accounts)
        access = Access(watch=may_watch(caller), speak=TOKEN_SCOPE in permissions(caller.scopes))
        headers = {"content-type": "application/json", **dict(HEADERS), "cache-control": "no-store"}
        return Response(msgspec.json.encode(access), headers=headers)
