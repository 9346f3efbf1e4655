"""The ways in which programs use v4, so that one test can show them all: blocking, and async on each event loop."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial, reduce
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from anyio.abc import ByteStream
from anyio.from_thread import BlockingPortal, start_blocking_portal
from msgspec import json
from wsproto.events import CloseConnection, TextMessage

from deepgram_anyio.sync import DeepgramClient, DeepgramClientOptions

from ..conftest import BACKENDS
from ..stand_in import Api
from ..transport.peers import ServerEnd

__all__ = ["AGENT", "Style", "soon", "style", "talking"]

AGENT: dict[str, Any] = {"think": {"provider": {"type": "open_ai", "model": "m"}}}


class Style:
    """One way; async clients are called from a thread beside their event loop.

    Attributes:
        is_async: whether it is not the blocking one.
    """

    def __init__(self, portal: BlockingPortal | None) -> None:
        self.is_async = portal is not None
        self._portal = portal

    def client(self, config: DeepgramClientOptions | DeepgramClient, path: str) -> Any:
        """Return the client that ``deepgram.<path>.v("1")`` gives, with ``async`` before the last name if need be."""
        deepgram = DeepgramClient(config=config) if isinstance(config, DeepgramClientOptions) else config
        *routers, last = path.split(".")
        name = f"async{last}" if self.is_async else last
        client = getattr(reduce(getattr, routers, deepgram), name).v("1")
        return client if self._portal is None else _Awaited(client, self._portal)

    def handler(self, function: Callable[[Any], None]) -> Callable[..., Any]:
        """Return a handler of what happened alone: a coroutine function for async clients."""
        if not self.is_async:
            return function

        async def handle(result: Any) -> None:
            await anyio.lowlevel.checkpoint()
            function(result)

        return handle


class _Awaited:
    def __init__(self, client: Any, portal: BlockingPortal) -> None:
        self._client = client
        self._portal = portal

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._client, name)
        if not inspect.iscoroutinefunction(value):
            return value
        return lambda *args, **kwargs: self._portal.call(partial(value, *args, **kwargs))


@pytest.fixture(params=[pytest.param(None, id="blocking"), *BACKENDS])
def style(request: pytest.FixtureRequest) -> Iterator[Style]:
    """Every way in turn."""
    with ExitStack() as stack:
        portal = None
        if request.param is not None:
            name, options = request.param
            portal = stack.enter_context(start_blocking_portal(name, options))
        yield Style(portal)


def soon(function: Callable[[], Any]) -> Any:
    """Return what a function does, which must not take 5 s; one that hangs is left behind."""
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(function()), daemon=True)
    thread.start()
    thread.join(5)
    assert not thread.is_alive(), "it hangs"
    return results[0]


def talking(**answers: list[dict[str, Any]]) -> Callable[[Api, ByteStream], Any]:
    """Return a server of any socket, which answers messages of a type as told, and ends when it is asked to.

    Its record's `messages` are the texts that came.
    """
    answers = {"Settings": [{"type": "SettingsApplied"}], **answers}

    async def serve(server: Api, stream: ByteStream) -> None:
        end = await ServerEnd.accept(stream, headers=[(b"dg-request-id", b"request-1")])
        server.target = end.request.target
        server.request_headers = {name.decode().lower(): value.decode() for name, value in end.request.extra_headers}
        if "/agent/" in server.target:
            await end.send(TextMessage('{"type":"Welcome","request_id":"r-1"}'))
        async for event in end:
            if isinstance(event, CloseConnection):
                return
            if not isinstance(event, TextMessage):
                continue
            server.messages.append(event.data)
            kind = json.decode(event.data)["type"]
            for message in answers.get(kind, []):
                await end.send(TextMessage(json.encode(message).decode()))
            if kind in {"CloseStream", "Close"}:
                await end.send(CloseConnection(1000))

    return serve
