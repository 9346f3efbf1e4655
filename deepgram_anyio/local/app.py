"""The ASGI application: routes, and what every answer has in common."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from .agent_socket import AgentSocket
from .answers import Refusal, request_id_of
from .asgi import RequestIds, refuse
from .flux_socket import FluxSocket
from .flux_speak_socket import FluxSpeakSocket
from .listen_socket import ListenSocket
from .misbehave import Misbehaving
from .page.app import Page
from .rest.call import Handler
from .rest.dispatch import HANDLERS, refuse_request, rest_routes
from .speak_socket import SpeakSocket
from .state import ServerState

__all__ = ["build_app"]


def build_app(state: ServerState, *, handlers: Mapping[str, Handler] = HANDLERS) -> ASGIApp:
    """Return the application that serves a state's engines.

    Args:
        state: what is served.
        handlers: what answers each REST call, by its name in `OPERATIONS`.
    """
    routes = [
        WebSocketRoute("/v1/listen", ListenSocket(state)),
        WebSocketRoute("/v2/listen", FluxSocket(state)),
        WebSocketRoute("/v1/agent/converse", AgentSocket(state)),
        WebSocketRoute("/v1/speak", SpeakSocket(state)),
        WebSocketRoute("/v2/speak", FluxSpeakSocket(state)),
        WebSocketRoute("/{path:path}", _NoSuchSocket()),
        *rest_routes(state, handlers),
        Route("/{path:path}", _NoSuchRoute()),
    ]
    app: ASGIApp = _RawPaths(Starlette(routes=routes))
    if state.settings.faults is not None:
        app = Misbehaving(app, state.settings.faults)
    if state.settings.middleware is not None:
        app = state.settings.middleware(app)
    if state.settings.page:
        app = Page(app, state)  # before the faults: it shows them, and has none
    return RequestIds(app, new_id=lambda: str(uuid.uuid4()))


class _RawPaths:
    """Middleware: routes see a request's path as it came, so that an encoded slash does not divide an identifier."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope.get("raw_path"):
            scope = {**scope, "path": scope["raw_path"].decode("latin-1").partition("?")[0]}
        await self._app(scope, receive, send)


class _NoSuchRoute:
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = Refusal(404, "NOT_FOUND", f"The local server has no route {scope['method']} {scope['path']}.")
        await refuse_request(refusal, scope, receive, send)


class _NoSuchSocket:
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = Refusal(404, "NOT_FOUND", f"The local server has no socket {scope['path']}.")
        await receive()
        await refuse(send, refusal.status, refusal.headers(), refusal.body(request_id_of(scope)))
