"""A stand-in for the live agent, on a raw socket: it welcomes, applies, and then does as the test says."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
from anyio.abc import ByteStream
from wsproto.events import BytesMessage, CloseConnection, TextMessage

from deepgram_anyio import ClientConfig, DeepgramClient
from deepgram_anyio.protocol import agent

from .transport.peers import Peer, ServerEnd, serving

__all__ = ["AgentPeer", "agent_peer", "request"]


class AgentPeer:
    """What the stand-in does, and what it saw.

    Attributes:
        audio: the audio that it got, over all connections.
        messages: the JSON messages that it got.
        targets: path and query of the requests.
        closes: the close frames that it got.
        on_message: called for each message, before the polite answer; returns whether it has dealt with it.
        closed: it has begun the closing handshake itself.
        peer: its listener.
    """

    def __init__(self) -> None:
        self.audio = b""
        self.messages: list[dict[str, Any]] = []
        self.targets: list[str] = []
        self.closes: list[int] = []
        self.on_message: Callable[[ServerEnd, dict[str, Any]], Awaitable[bool]] | None = None
        self.closed = False
        self.peer: Peer | None = None
        self._arrived = anyio.Event()

    def client(self, **config: Any) -> DeepgramClient:
        """A client of this agent alone: its API host leads nowhere."""
        assert self.peer is not None
        url = f"http://127.0.0.1:{self.peer.port}"
        return DeepgramClient("k", base_url="http://127.0.0.1:9", agent_url=url, config=ClientConfig(**config))

    async def got(self, kind: str, count: int = 1) -> list[dict[str, Any]]:
        """Wait for messages of a type, and return them."""
        with anyio.fail_after(5):
            while True:
                found = [message for message in self.messages if message["type"] == kind]
                if len(found) >= count:
                    return found
                self._arrived = anyio.Event()
                await self._arrived.wait()

    async def serve(self, stream: ByteStream) -> None:
        end = await ServerEnd.accept(stream, headers=[(b"dg-request-id", b"request-1")])
        self.targets.append(end.request.target)
        await self.say(end, agent.Welcome(request_id="request-1"))
        async for event in end:
            if isinstance(event, BytesMessage):
                self.audio += event.data
            elif isinstance(event, TextMessage):
                message = json.loads(event.data)
                self.messages.append(message)
                self._arrived.set()
                if self.on_message is not None and await self.on_message(end, message):
                    continue
                if message["type"] == "Settings":
                    await self.say(end, agent.SettingsApplied())
            elif isinstance(event, CloseConnection):
                self.closes.append(event.code)
                if not self.closed:
                    await end.send(event.response())
                return

    async def close(self, end: ServerEnd, code: int = 1000) -> None:
        """Close the connection."""
        self.closed = True
        await end.send(CloseConnection(code))

    @staticmethod
    async def say(end: ServerEnd, *messages: Any) -> None:
        """Send messages; bytes are audio."""
        for message in messages:
            event = BytesMessage(message) if isinstance(message, bytes) else TextMessage(message.to_json())
            await end.send(event)


@asynccontextmanager
async def agent_peer() -> AsyncIterator[AgentPeer]:
    """Run the stand-in."""
    stand_in = AgentPeer()
    async with serving(stand_in.serve) as peer:
        stand_in.peer = peer
        yield stand_in
        with anyio.fail_after(5):
            await peer.all_closed()


def request(name: str, arguments: str = "{}", *, call_id: str = "1", client_side: bool = True) -> Any:
    """A request to call one function."""
    call = agent.FunctionCall(id=call_id, name=name, arguments=arguments, client_side=client_side)
    return agent.FunctionCallRequest(functions=[call])
