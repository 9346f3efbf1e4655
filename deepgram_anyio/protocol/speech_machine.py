"""What the two text-to-speech sockets have in common: which audio belongs to which text.

Binary messages carry no name, so everything goes by order. Texts are answered in the order in which they were flushed,
and a cut (``Clear``, ``Interrupt``) is answered behind everything that it cut off. So one queue of what is awaited
says whose the next audio is.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Sequence
from typing import Any, ClassVar, TypeVar

from ..errors import LocalProtocolError
from .ledger import AudioFormat
from .machine import Machine, Resumption, Role
from .measures import Measure
from .messages import Audio, Message
from .timers import TimerSettings

__all__ = ["Speech", "SpeechMachine"]

S = TypeVar("S", bound=enum.Enum)


class Speech:
    """The audio of one text: what came so far, and whether there will be more.

    Attributes:
        texts: the text so far, in pieces that fit into a message each.
        wanted: it has a consumer of its own; the audio of other text is an event.
        chunks: audio that came and waits for the consumer, oldest first.
        held_bytes: how much that is.
        ended: nothing more comes.
        cut: it ended before its time, because speaking was stopped.
        received_bytes: audio of it that came, but for what comes for the second time.
    """

    __slots__ = ("_repeated", "chunks", "cut", "ended", "held_bytes", "received_bytes", "since", "texts", "wanted")

    def __init__(self, texts: Sequence[str] = (), *, wanted: bool = False) -> None:
        self.texts: list[str] = list(texts)
        self.wanted: bool = wanted
        self.chunks: deque[bytes] = deque()
        self.held_bytes: int = 0
        self.ended: bool = False
        self.cut: bool = False
        self.received_bytes: int = 0
        self.since: float | None = None  # when the server could begin
        self._repeated = 0  # bytes that came before, and now come again

    @property
    def heard(self) -> bool:
        """Whether audio of it came."""
        return self.received_bytes > 0

    @property
    def chars(self) -> int:
        """Characters of its text."""
        return sum(map(len, self.texts))

    def add(self, data: bytes | memoryview) -> int:
        """Take in audio for the consumer; return how much of it came before, and is left out."""
        new = data[self._repeated :]
        skipped = len(data) - len(new)
        self._repeated -= skipped
        if new:
            self.received_bytes += len(new)
            self.chunks.append(bytes(new))
            self.held_bytes += len(new)
        return skipped

    def repeat(self) -> int:
        """It is spoken again from its start; return how much of its audio comes for the second time as an event."""
        if self.wanted:
            self._repeated = self.received_bytes
            return 0
        repeated, self.received_bytes = self.received_bytes, 0
        return repeated

    def take(self) -> bytes:
        """Hand out the oldest audio."""
        data = self.chunks.popleft()
        self.held_bytes -= len(data)
        return data

    def end(self, *, cut: bool = False) -> None:
        """Nothing more comes; of a speech that is cut off, what came and was not taken is dropped, too."""
        if cut and (self.chunks or not self.ended):
            self.cut = True
            self.chunks.clear()
            self.held_bytes = 0
        self.ended = True


class _Cut:
    """Stands in the queue where a ``Clear`` or an ``Interrupt`` was sent."""


class SpeechMachine(Machine[S]):
    """One end of a text-to-speech stream.

    A client's end lets one `synthesize` at a time out on the wire: when its audio has come, the next one goes. That
    costs a round trip, and makes it certain what a cut cuts off.

    Attributes:
        audio: the format of the audio.
        text_chars: characters of text sent.
        audio_bytes: audio received.
        first_audio_s: from the flush of the last text that was heard, or from its beginning when the server did not
            wait for that, to its first audio; None before there was any.
    """

    flush_message: ClassVar[Message]
    """What a client says at the end of a text."""

    close_message: ClassVar[Message]
    """What a client says at the end of the stream."""

    flushes_nothing: ClassVar[bool]
    """Whether a flush with no text before it is sent, and answered like others."""

    def __init__(self, role: Role, timers: TimerSettings, now: float, *, audio: AudioFormat | None = None) -> None:
        """
        Args:
            role: which end this is.
            timers: the intervals to keep.
            now: the time, in seconds.
            audio: the format of the audio, for the accounts.
        """
        super().__init__(role, timers, now)
        self.audio: AudioFormat = audio or AudioFormat()
        self.text_chars: int = 0
        self.audio_bytes: int = 0
        self.first_audio_s: float | None = None
        self._awaited: deque[Speech | _Cut] = deque()
        self._cuts = 0
        self._open: Speech | None = None  # text that was sent, and not flushed
        self._queue: deque[Speech] = deque()  # not sent yet
        self._current: Speech | None = None  # the one of them that was sent last
        self._held: set[Speech] = set()  # not consumed yet
        self._finishing = False
        self._paced = False
        self._replayed_chars = self._repeated_bytes = 0
        self._skipped_bytes = 0  # audio that came before, and that no consumer got again
        self._origin_bytes = 0  # where on the consumers' timeline this connection began

    def speak_message(self, text: str) -> Message:
        """Hook: the message that carries text."""
        raise NotImplementedError

    def flush_allowed_at(self) -> float | None:
        """Hook: when the server takes the next flush; None for any time."""
        return None

    @property
    def paced(self) -> bool:
        """Whether something waits for leave to flush: then silence is this side's own doing."""
        return self._paced

    # The client speaks.

    def speak(self, texts: Sequence[str], now: float) -> None:
        """Send text; its audio comes when the server has enough of it, or at the next `flush`."""
        self._refuse_when_finishing()
        self._speak(texts, now)

    def flush(self, now: float) -> None:
        """Ask for the audio of all text so far. Where a flush without text would be a mistake, it is left out."""
        self._refuse_when_finishing()
        self._flush(now)

    def synthesize(self, texts: Sequence[str], now: float) -> Speech:
        """Queue a text whose audio is for one consumer alone. It is sent when its turn comes.

        Args:
            texts: the text in pieces, none of them empty.
            now: the time, in seconds.
        """
        if self.ended or self.state in self.kind.draining:
            self._refuse(type(self.flush_message))
        self._refuse_when_finishing()
        speech = Speech(texts, wanted=True)
        if texts:
            self._queue.append(speech)
            self._held.add(speech)
            self._proceed(now)
        else:
            speech.end()
        return speech

    def release(self, speech: Speech) -> None:
        """Nobody wants a speech any more: what is still to come of it will be dropped."""
        self._held.discard(speech)
        if speech in self._queue:
            self._queue.remove(speech)
        speech.end(cut=True)

    def close_stream(self, now: float) -> None:
        """Say that no more text comes: flush, wait for all audio, and close; saying it again does nothing.

        The message that ends the stream goes out when all audio has come.
        """
        if self.state is self.kind.failed:
            self._refuse(type(self.close_message))
        if self._finishing or self.state in self.kind.draining or self.ended:
            return
        self._finishing = True
        self.note_retimed()
        self._sent_at = now  # the server's silence counts from here
        self._proceed(now)

    def cut(self, message: Message, now: float) -> None:
        """Stop speaking: every text so far ends here, and its audio that is still under way is dropped."""
        self.send(message, now)
        self._awaited.append(_Cut())
        self._cuts += 1
        for speech in (*self._awaited, *self._held):
            if isinstance(speech, Speech):
                speech.end(cut=True)
        self._held.clear()
        self._queue.clear()
        self._open = self._current = None
        self._replayed_chars = self._repeated_bytes = 0

    def on_flush(self, now: float) -> None:
        """Hook for what a socket kind keeps count of; called when a flush was sent."""

    def _speak(self, texts: Sequence[str], now: float) -> None:
        for text in filter(None, texts):
            self.send(self.speak_message(text), now)
            self.text_chars += len(text)
            self._open = self._open or Speech()
            self._open.texts.append(text)
            if self._open.since is None:
                self._open.since = now

    def _speak_whole(self, speech: Speech, now: float) -> None:
        """Send all of a text at once, as the one that is open."""
        texts, speech.texts = speech.texts, []
        self._open = speech
        self._speak(texts, now)

    def _flush(self, now: float) -> None:
        if self._open is None and not self.flushes_nothing and not self.ended:
            return
        self.send(self.flush_message, now)
        self.on_flush(now)
        speech, self._open = self._open or Speech(), None
        if not speech.heard:
            speech.since = now
        self._awaited.append(speech)

    def _proceed(self, now: float) -> None:
        """Send what may be sent now: the next text, and at last the end of the stream."""
        if self.ended or self.state in self.kind.draining:
            return
        self._paced = False
        while (self._queue and self._current is None) or (self._finishing and self._open is not None):
            due = self.flush_allowed_at()
            if due is not None and due > now:
                self._paced = True
                self.note_retimed()
                return
            if self._open is None:
                self._current = self._queue.popleft()
                self._speak_whole(self._current, now)
            # Else it is text sent by hand, of which nothing may get into the next one's audio.
            self._flush(now)
        if self._finishing and not self._awaited and not self._queue:
            self.send(self.close_message, now)

    def _refuse_when_finishing(self) -> None:
        if self._finishing and not self.ended:
            raise LocalProtocolError(f"{self.kind.name}: nothing can be said after the end of the stream")

    # The client hears.

    @property
    def draining(self) -> bool:
        return (self._finishing and not self.paced) or super().draining

    @property
    def held_bytes(self) -> int:
        return sum(speech.held_bytes for speech in self._held)

    def hand_on(self, event: Any) -> None:
        if type(event) is not Audio or self.role is Role.SERVER:
            super().hand_on(event)
        elif not self._cuts:  # else it is of a text that was cut off
            speech = self._speaker()
            if speech is None or not (speech.wanted or speech.ended):
                super().hand_on(event)
            elif not speech.ended:
                self._skipped_bytes += speech.add(event.data)

    def on_event(self, event: Any, now: float) -> None:
        if type(event) is Audio and self.role is Role.CLIENT:
            self.audio_bytes += len(event.data)
            speech = None if self._cuts else self._speaker()
            if speech is None:
                return
            if not speech.heard:
                self.first_audio_s = None if speech.since is None else now - speech.since
                if self.first_audio_s is not None and self.measured is not None:
                    self.measured(Measure.FIRST_AUDIO, self.first_audio_s)
            if not speech.wanted or speech.ended:
                speech.received_bytes += len(event.data)

    def _speaker(self) -> Speech | None:
        """The text whose audio comes next; only meaningful when no cut is awaited."""
        head = self._awaited[0] if self._awaited else self._open
        return head if isinstance(head, Speech) else None

    def on_spoken(self, now: float) -> None:
        """All audio of the oldest text has come. The socket kind calls it."""
        if self._awaited and isinstance(self._awaited[0], Speech):
            self._done(self._awaited[0])
            self._awaited.popleft()
        self._proceed(now)

    def on_cut(self, now: float) -> None:
        """A cut was answered: nothing comes of what was sent before it. The socket kind calls it."""
        if self._cuts:
            while isinstance(head := self._awaited.popleft(), Speech):
                self._done(head)
            self._cuts -= 1
        self._proceed(now)

    def on_cut_refused(self, now: float, *, newest: bool) -> None:
        """A cut did not happen: the server goes on with what was sent before it. The socket kind calls it."""
        marks = [index for index, item in enumerate(self._awaited) if isinstance(item, _Cut)]
        if marks:
            del self._awaited[marks[-1 if newest else 0]]
            self._cuts -= 1
        self._proceed(now)

    # One connection follows another.

    def take_over(self, broken: Any, now: float) -> None:
        """Go on where a machine failed: text that was not spoken to its end is spoken again, from its start."""
        super().take_over(broken, now)
        self.text_chars, self.audio_bytes = broken.text_chars, broken.audio_bytes
        self.first_audio_s = broken.first_audio_s
        self._repeated_bytes = broken._repeated_bytes  # nobody was told of those yet
        self._skipped_bytes = broken._skipped_bytes
        self._origin_bytes = broken.audio_bytes - broken._skipped_bytes
        self._queue, self._held, self._finishing = broken._queue, broken._held, broken._finishing
        # What was cut off has ended, and a new connection has nothing to cut.
        unspoken = [speech for speech in broken._awaited if isinstance(speech, Speech) and not speech.ended]
        for speech in unspoken:
            self._again(speech, now)
            self._flush(now)
            if speech is broken._current:
                self._current = speech
        if broken._open is not None:
            self._again(broken._open, now)
        self.text_chars = broken.text_chars
        self._proceed(now)

    def _again(self, speech: Speech, now: float) -> None:
        self._replayed_chars += speech.chars
        if speech.wanted:
            self._origin_bytes -= speech.received_bytes
        self._repeated_bytes += speech.repeat()
        self._speak_whole(speech, now)

    def resumption(self) -> Resumption:
        made_up = Resumption(replayed_chars=self._replayed_chars, repeated_bytes=self._repeated_bytes)
        self._replayed_chars = self._repeated_bytes = 0
        return made_up

    def _done(self, speech: Speech) -> None:
        speech.end()
        self.note_progress()
        if speech is self._current:
            self._current = None
