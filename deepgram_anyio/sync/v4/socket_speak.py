"""Streaming text to speech, as in v4: ``deepgram.speak.websocket.v("1")``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ...errors import LocalProtocolError
from ...protocol.machine import Role
from ...protocol.timers import TimerSettings
from .bridge import wait_for
from .events import SpeakWebSocketMessage
from .handlers import EventKind
from .responses_common import CloseResponse, ErrorResponse, OpenResponse, UnhandledResponse
from .responses_speak import ClearedResponse, FlushedResponse, SpeakWSMetadataResponse, WarningResponse
from .socket_clients import AsyncSocketClient, SocketClient
from .socket_devices import speaker_of
from .socket_machines import AUDIO, RawSpeakMachine, audio_format
from .sockets import Devices, SocketKind, StartRequest

if TYPE_CHECKING:
    from .client_options import DeepgramClientOptions
    from .microphone import Microphone

__all__ = ["AsyncSpeakWSClient", "AsyncSpeakWebSocketClient", "SpeakWSClient", "SpeakWebSocketClient"]


def _machine(request: StartRequest, timers: TimerSettings, now: float) -> RawSpeakMachine:
    machine = RawSpeakMachine(Role.CLIENT, timers, now, audio=audio_format(request.fields))
    machine.flush_after_s = request.after_s("auto_flush_speak_delta")
    return machine


_KIND = SocketKind(
    path="/v1/speak",
    events={
        "Open": EventKind("open", OpenResponse, positional=True),
        AUDIO: EventKind("data"),
        "Metadata": EventKind("metadata", SpeakWSMetadataResponse),
        "Flushed": EventKind("flushed", FlushedResponse),
        "Cleared": EventKind("cleared", ClearedResponse),
        "Warning": EventKind("warning", WarningResponse),
        "Error": EventKind("error", ErrorResponse),
        "Unhandled": EventKind("unhandled", UnhandledResponse),
        "Close": EventKind("close", CloseResponse, positional=True),
    },
    machine=_machine,
)


def _control(kind: SpeakWebSocketMessage | str) -> str:
    return json.dumps({"type": str(kind)})


def _speak(text: str) -> str:
    return json.dumps({"type": "Speak", "text": text})


class SpeakWebSocketClient(SocketClient):
    """Text to speech on a socket, blocking.

    Audio comes as ``AudioData`` events, and is played on a `Speaker` where one is given to `delegate_listening` or the
    configuration has ``speaker_playback``.
    """

    _kind = _KIND

    def __init__(self, config: DeepgramClientOptions, microphone: Microphone | None = None) -> None:
        """
        Args:
            config: credentials, host and switches.
            microphone: muted while the loudspeaker plays.
        """
        super().__init__(config)
        self._microphone = microphone

    def send_text(self, text_input: str) -> bool:
        """Send text to be spoken. The server may wait for more until a `flush`. Returns as `SocketClient.send`."""
        return SocketClient.send(self, _speak(text_input) if text_input else "")

    def send(self, data: str | bytes | bytearray | memoryview) -> bool:
        """Send text to be spoken, as `send_text` does. Bytes are refused: the return value is False."""
        return isinstance(data, str) and self.send_text(data)

    def send_raw(self, msg: str) -> bool:
        """Send a JSON message as it is. Returns as `SocketClient.send`."""
        return SocketClient.send(self, msg)

    def send_control(self, msg_type: SpeakWebSocketMessage | str, data: str | None = "") -> bool:
        """Send a message that is nothing but its type. Returns as `SocketClient.send`.

        Args:
            msg_type: of `SpeakWebSocketMessage`.
            data: not used, as in v4.
        """
        return self.send_raw(_control(msg_type))

    def flush(self) -> bool:
        """Ask for the audio of all text so far. Returns as `SocketClient.send`."""
        return self.send_control(SpeakWebSocketMessage.Flush)

    def clear(self) -> bool:
        """Stop speaking: drop all text that was not spoken, and the audio under way. Returns as `SocketClient.send`."""
        return self.send_control(SpeakWebSocketMessage.Clear)

    def wait_for_complete(self) -> None:
        """Wait until all text that was flushed has been spoken: received, handled, and played on the loudspeaker.

        Raises:
            LocalProtocolError: not connected.
        """
        if self._connection is None:
            raise LocalProtocolError("not connected")
        connection = self._connection
        connection._loop.call(connection.wait_for_complete, handled=not connection.handling)

    def _devices(self) -> Devices:
        return Devices(speaker=self._delegate or speaker_of(self._config, self._microphone))


class AsyncSpeakWebSocketClient(AsyncSocketClient):
    """Text to speech on a socket, async; see `SpeakWebSocketClient`."""

    _kind = _KIND

    def __init__(self, config: DeepgramClientOptions, microphone: Microphone | None = None) -> None:
        """
        Args:
            config: credentials, host and switches.
            microphone: muted while the loudspeaker plays.
        """
        super().__init__(config)
        self._microphone = microphone

    async def send_text(self, text_input: str) -> bool:
        """Send text to be spoken. The server may wait for more of it until a `flush`."""
        return await AsyncSocketClient.send(self, _speak(text_input) if text_input else "")

    async def send(self, data: str | bytes | bytearray | memoryview) -> bool:
        """Send text to be spoken, as `send_text` does. Bytes are refused: the return value is False."""
        return isinstance(data, str) and await self.send_text(data)

    async def send_raw(self, msg: str) -> bool:
        """Send a JSON message as it is. Returns as `AsyncSocketClient.send`."""
        return await AsyncSocketClient.send(self, msg)

    async def send_control(self, msg_type: SpeakWebSocketMessage | str, data: str | None = "") -> bool:
        """Send a message that is nothing but its type.

        Args:
            msg_type: of `SpeakWebSocketMessage`.
            data: not used, as in v4.
        """
        return await self.send_raw(_control(msg_type))

    async def flush(self) -> bool:
        """Ask for the audio of all text so far."""
        return await self.send_control(SpeakWebSocketMessage.Flush)

    async def clear(self) -> bool:
        """Stop speaking: drop all text that was not spoken, and the audio under way."""
        return await self.send_control(SpeakWebSocketMessage.Clear)

    async def wait_for_complete(self) -> None:
        """Wait until all text that was flushed has been spoken; see `SpeakWebSocketClient.wait_for_complete`."""
        if self._connection is None:
            raise LocalProtocolError("not connected")
        connection = self._connection
        waiting = connection._loop.start_soon(connection.wait_for_complete, handled=not connection.handling)
        await wait_for(waiting)

    def _devices(self) -> Devices:
        return Devices(speaker=self._delegate or speaker_of(self._config, self._microphone))


SpeakWSClient = SpeakWebSocketClient
AsyncSpeakWSClient = AsyncSpeakWebSocketClient
