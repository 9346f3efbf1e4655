"""What the two text-to-speech connections have in common: sending text, and getting the audio of one text."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from ..protocol.speech_machine import Speech, SpeechMachine
from ..protocol.text import fitting_texts
from ..transport.session import Session
from .connection import Connection

__all__ = ["SpeakStats", "SpeechAudio", "SpeechConnection"]

M = TypeVar("M", bound=SpeechMachine[Any])
E = TypeVar("E", covariant=True)


class SpeakStats(msgspec.Struct, frozen=True, kw_only=True):
    """A text-to-speech connection's figures at one moment.

    Attributes:
        text_chars_sent: characters of text sent.
        audio_bytes: audio received, in bytes.
        audio_s: the same in seconds; None when the format does not tell.
        first_audio_s: how long the last text took from its flush, or from its first piece when the server began before
            that, to its first audio, in seconds; None before there was any.
        events: messages received, audio included.
        reconnects: how often the connection was made anew.
    """

    text_chars_sent: int
    audio_bytes: int
    audio_s: float | None
    first_audio_s: float | None
    events: int
    reconnects: int = 0


class SpeechAudio(AsyncIterator[bytes]):
    """The audio of one text, chunk by chunk, in the format of the connection.

    The text is sent when it is first iterated. It ends with the last audio of the text; after `interrupted` it ends
    early. To leave it before its end needs nothing: what is still to come is dropped when this object is, or at
    `aclose`. Cancelling an iteration loses nothing; it may go on.

    When the connection breaks and there is another, the text is spoken again, and as many bytes as came before are left
    out: a voice that speaks a text not quite alike each time may be heard to jump there.
    """

    def __init__(self, session: Session[Any], texts: Sequence[str]) -> None:
        self._session = session
        self._texts = texts
        self._speech: Speech | None = None

    @property
    def interrupted(self) -> bool:
        """Whether it ended before its time, because speaking was stopped (``clear``, ``interrupt``) or at `aclose`."""
        return self._speech is not None and self._speech.cut

    def __aiter__(self) -> SpeechAudio:
        return self

    async def __anext__(self) -> bytes:
        """Return the next chunk.

        Raises:
            LocalProtocolError: after the end of the stream.
            ConnectionClosed, TimeoutError: the connection ended before the audio did.
        """
        speech = self._speech or await self._begin()
        if not speech.chunks and not speech.ended:
            await self._session.wait_until(lambda: bool(speech.chunks) or speech.ended)
        if speech.chunks:
            return speech.take()
        self._session.machine.release(speech)
        raise StopAsyncIteration

    async def collect(self) -> bytes:
        """Return all the rest at once. Cancelled, it loses what it had read."""
        return b"".join([chunk async for chunk in self])

    async def aclose(self) -> None:
        """Drop what is still to come; harmless when repeated."""
        self._drop()

    async def _begin(self) -> Speech:
        speeches: list[Speech] = []
        await self._session.call(lambda now: speeches.append(self._session.machine.synthesize(self._texts, now)))
        if self._speech is None:
            self._speech = speeches[0]
        else:
            self._session.machine.release(speeches[0])  # two tasks began at once
        return self._speech

    def _drop(self) -> None:
        if self._speech is None:
            self._speech = Speech()
        self._session.machine.release(self._speech)

    def __del__(self) -> None:
        if self._speech is not None:
            self._drop()


class SpeechConnection(Connection[M, E]):
    """A text-to-speech stream.

    Iterating it yields all messages of the server, and the audio of text sent with `send_text` as `Audio`.

    When the connection breaks and there is another, it yields a `Reconnected`, and the audio of the text that was being
    spoken comes again from its start: the last `Reconnected.repeated_bytes` of it are those to drop where they were not
    played yet.
    """

    def __init__(self, session: Session[M], response_headers: Mapping[str, str], *, split_long_text: bool) -> None:
        super().__init__(session, response_headers)
        self._split = split_long_text

    async def send_text(self, text: str | Iterable[str] | AsyncIterable[str]) -> None:
        """Send text to be spoken. The server may wait for more of it until a `flush`. Empty text is left out.

        Waits while more than `Limits.max_unsent_bytes` wait to be sent. Cancelled, it has sent nothing of a string, and
        of an iterable whole pieces.

        Args:
            text: a text of up to 2,000 characters, or such pieces, as a language model makes them.

        Raises:
            ConfigError: a text is too long, and the connection was not opened with ``split_long_text``.
            LocalProtocolError: after `close_stream`.
            ConnectionClosed: the connection is gone for good.
            TimeoutError: the server stopped taking or sending data.
        """
        if isinstance(text, AsyncIterable):
            async for piece in text:
                await self._send_piece(piece)
        elif isinstance(text, str) or not isinstance(text, Iterable):
            await self._send_piece(text)
        else:
            for piece in text:
                await self._send_piece(piece)

    async def _send_piece(self, piece: str) -> None:
        texts = fitting_texts(piece, split=self._split)
        await self._session.call(lambda now: self._session.machine.speak(texts, now))

    async def flush(self) -> None:
        """Ask for the audio of all text so far."""
        await self._session.call(lambda now: self._session.machine.flush(now))

    def synthesize(self, text: str) -> SpeechAudio:
        """Speak a text, and get its audio and no other.

        ```python
        async for chunk in connection.synthesize("Hello."):
            ...
        ```

        Texts are spoken one after another, in the order in which their iterations began; text that was sent before and
        not flushed is flushed first. The other messages go to those who iterate the connection.

        Args:
            text: up to 2,000 characters, or of any length with ``split_long_text``. An empty one has no audio.

        Returns:
            an iterator over the audio.

        Raises:
            ConfigError: the text is too long.
        """
        return SpeechAudio(self._session, fitting_texts(text, split=self._split))

    async def close_stream(self) -> None:
        """Say that no more text comes. What was sent is flushed; when all audio has come, the iteration ends."""
        await self._session.call(lambda now: self._session.machine.close_stream(now))

    async def _finish(self) -> None:
        await self.close_stream()

    @property
    def stats(self) -> SpeakStats:
        """The connection's figures now."""
        machine = self._session.machine
        rate = machine.audio.byte_rate
        return SpeakStats(
            text_chars_sent=machine.text_chars,
            audio_bytes=machine.audio_bytes,
            audio_s=machine.audio_bytes / rate if rate else None,
            first_audio_s=machine.first_audio_s,
            events=self._session.events_received,
            reconnects=self._session.reconnects,
        )
