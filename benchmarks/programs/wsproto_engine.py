"""A WebSocket server where there is no picows, for the tests: wsproto on an asyncio transport. Slow, and correct."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, BytesMessage, CloseConnection, Request, TextMessage

from .conversation import Conversation

__all__ = ["Protocol"]


class Protocol(asyncio.Protocol):
    """One connection."""

    def __init__(self, model_of: Callable[[str], str]) -> None:
        """
        Args:
            model_of: finds in the target of the request what the client asks for.
        """
        self._model_of = model_of
        self._socket = WSConnection(ConnectionType.SERVER)
        self._message = b""
        self._text = ""
        self._conversation: Conversation | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._socket.receive_data(data)
        for event in self._socket.events():
            if isinstance(event, Request):
                self._accept(event)
            elif isinstance(event, BytesMessage) and self._conversation is not None:
                self._message += event.data
                if event.message_finished:
                    self._conversation.binary(self._message[:8], len(self._message))
                    self._message = b""
            elif isinstance(event, TextMessage) and self._conversation is not None:
                self._text += event.data
                if event.message_finished:
                    self._conversation.text(self._text.encode())
                    self._text = ""
            elif isinstance(event, CloseConnection):
                if self._conversation is not None and not self._conversation.closing:
                    self._transport.write(self._socket.send(event.response()))
                self._transport.close()

    def _accept(self, request: Request) -> None:
        self._transport.write(self._socket.send(AcceptConnection()))
        self._conversation = Conversation(self._model_of(request.target), self._transport.write, self._transport.abort)
        self._conversation.connected()

    def pause_writing(self) -> None:
        if self._conversation is not None:
            self._conversation.pause()

    def resume_writing(self) -> None:
        if self._conversation is not None:
            self._conversation.resume()
