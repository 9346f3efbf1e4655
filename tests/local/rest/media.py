"""The media routes without a network: the server's application, driven in process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
from starlette.types import ASGIApp

from deepgram_anyio.local.app import build_app
from deepgram_anyio.local.engines.base import Recognizer, Voice
from deepgram_anyio.local.engines.scripted import ScriptedRecognizer, ToneVoice
from deepgram_anyio.local.rest.callbacks import Callbacks
from deepgram_anyio.local.rest.fetch import Outbound
from deepgram_anyio.local.settings import ServerSettings
from deepgram_anyio.local.state import ServerState
from deepgram_anyio.transport.tasks import background_tasks

__all__ = ["Served", "media_server"]


class Served:
    """A running application."""

    def __init__(self, state: ServerState, app: ASGIApp, http: httpx.AsyncClient) -> None:
        self.state = state
        self.app = app
        self.http = http

    async def listen(self, content: Any, **query: Any) -> httpx.Response:
        return await self.http.post("/v1/listen", content=content, params=query)

    async def speak(self, text: str, version: str = "v1", **query: Any) -> httpx.Response:
        return await self.http.post(f"/{version}/speak", json={"text": text}, params=query)


@asynccontextmanager
async def media_server(
    *,
    script: Sequence[str] = ("one two three", "four five"),
    recognizer: Recognizer | None = None,
    voice: Voice | None = None,
    outbound: Outbound | None = None,
    **settings: Any,
) -> AsyncIterator[Served]:
    state = ServerState(
        ServerSettings(recognizer=recognizer or ScriptedRecognizer(script), voice=voice or ToneVoice(), **settings)
    )
    if outbound is not None:
        state.callbacks = Callbacks(outbound, waits_s=(0.0, 0.0))
    app = build_app(state)
    transport = httpx.ASGITransport(app)
    async with background_tasks() as tasks, httpx.AsyncClient(transport=transport, base_url="http://local") as http:
        await tasks.start(state.callbacks.run)
        yield Served(state, app, http)
