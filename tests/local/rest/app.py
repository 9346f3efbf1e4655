"""The embedded server's application without a socket: httpx calls it in the same task tree."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta, timezone
from typing import Any

import httpx

from deepgram_anyio.local.app import build_app
from deepgram_anyio.local.rest.call import Handler, RestCall
from deepgram_anyio.local.rest.dispatch import HANDLERS
from deepgram_anyio.local.settings import ServerSettings
from deepgram_anyio.local.state import ServerState
from deepgram_anyio.protocol.rest.base import Confirmation, Record

__all__ = ["Clock", "LocalApp", "echo", "local_app"]


class Clock:
    """A time of day that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2025, 3, 1, 12, 0, tzinfo=timezone.utc)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **amount: float) -> None:
        self.now += timedelta(**amount)


async def echo(call: RestCall) -> Record:
    """Stands in for speech and text: uses a fixed amount."""
    if call.body is None:
        call.used.audio_s = float(len(await call.request.body()))
    else:
        speaks = call.operation.call.startswith("speak")
        call.used.characters = len(call.body.text) if speaks else 0
        call.used.tokens_in, call.used.tokens_out = (0, 0) if speaks else (5, 2)
    call.used.callback = call.query.callback
    return Confirmation(message=type(call.body).__name__)


MEDIA = dict.fromkeys(("listen.v1.transcribe_file", "speak.v1.generate", "speak.v2.generate", "read.v1.analyze"), echo)


class LocalApp:
    """A client of the application, with the parts of the server that a test may look at."""

    def __init__(self, http: httpx.AsyncClient, state: ServerState, clock: Clock) -> None:
        self.http = http
        self.state = state
        self.clock = clock
        self.accounts = state.store.accounts
        self.project_id = self.accounts.default_project_id
        self.path = f"/v1/projects/{self.project_id}"

    async def ask(self, method: str, path: str, key: str | None = None, **request: Any) -> httpx.Response:
        """Make a request; a path without a leading slash is below the project."""
        headers = {"authorization": f"Token {key}"} if key else {}
        headers.update(request.pop("headers", {}))
        url = path if path.startswith("/") else f"{self.path}/{path}" if path else self.path
        response = await self.http.request(method, url, headers=headers, **request)
        assert response.headers["dg-request-id"]
        assert ("dg-error" in response.headers) == (response.status_code >= 400)
        return response

    async def json(self, method: str, path: str, key: str | None = None, **request: Any) -> Any:
        """Make a request that succeeds, and return its answer."""
        response = await self.ask(method, path, key, **request)
        assert response.status_code == 200, response.text
        assert response.headers["content-type"] == "application/json"
        return response.json()

    async def refused(self, status: int, method: str, path: str, key: str | None = None, **request: Any) -> Any:
        """Make a request that is refused with a status, and return the error."""
        response = await self.ask(method, path, key, **request)
        assert response.status_code == status, response.text
        assert response.json()["request_id"] == response.headers["dg-request-id"]
        return response.json()

    async def new_key(self, *scopes: str, key: str | None = None, **fields: Any) -> str:
        """Make a key, and return its secret."""
        body = {"comment": "test", "scopes": list(scopes or ("member",)), **fields}
        secret: str = (await self.json("POST", "keys", key, json=body))["key"]
        return secret


@asynccontextmanager
async def local_app(*, handlers: Mapping[str, Handler] | None = None, **settings: Any) -> AsyncIterator[LocalApp]:
    """Run the application; speech and text are answered by `echo`."""
    clock = Clock()
    state = ServerState(ServerSettings(**settings), clock=clock)
    app = build_app(state, handlers={**HANDLERS, **MEDIA, **(handlers or {})})
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://local") as http:
        yield LocalApp(http, state, clock)
