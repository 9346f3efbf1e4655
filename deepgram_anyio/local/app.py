"""The ASGI application: routes, and what every answer has in common."""

from __future__ import annotations

import uuid

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from .agent_socket import AgentSocket
from .answers import Refusal, request_id_of
from .asgi import RequestIds, refuse
from .flux_socket import FluxSocket
from .flux_speak_socket import FluxSpeakSocket
from .listen_socket import ListenSocket
from .speak_socket import SpeakSocket
from .state import ServerState

__all__ = ["build_app"]


def build_app(state: ServerState) -> ASGIApp:
    """Return the application that serves a state's engines."""
    routes = [
        WebSocketRoute("/v1/listen", ListenSocket(state)),
        WebSocketRoute("/v2/listen", FluxSocket(state)),
        WebSocketRoute("/v1/agent/converse", AgentSocket(state)),
        WebSocketRoute("/v1/speak", SpeakSocket(state)),
        WebSocketRoute("/v2/speak", FluxSpeakSocket(state)),
        WebSocketRoute("/{path:path}", _no_such_socket),
        Route("/{path:path}", _no_such_route, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
    ]
    return RequestIds(Starlette(routes=routes), new_id=lambda: str(uuid.uuid4()))


async def _no_such_route(request: Request) -> Response:
    refusal = Refusal(404, "NOT_FOUND", f"The local server has no route {request.method} {request.url.path}.")
    return Response(refusal.body(request_id_of(request.scope)), refusal.status, dict(refusal.headers()))


class _NoSuchSocket:
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = Refusal(404, "NOT_FOUND", f"The local server has no socket {scope['path']}.")
        await receive()
        await refuse(send, refusal.status, refusal.headers(), refusal.body(request_id_of(scope)))


_no_such_socket = _NoSuchSocket()
