"""Speaking for a socket: texts into sentences, sentences into a voice, its samples into wire audio, piece by piece."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from typing import Any

import anyio
import anyio.to_thread

from ..protocol.ledger import AudioFormat
from ..transport.session import Session
from .engines.base import Voice
from .engines.conversion import Encoder, pcm_encoder
from .socket_app import bad_request

__all__ = ["Narrator", "Turn", "check_speech_format"]

_RATES = {
    "linear16": (8000, 16000, 24000, 32000, 44100, 48000),
    "mulaw": (8000, 16000),
    "alaw": (8000, 16000),
}

_PIECE_S = 0.1
_CHARS_PER_S = 15
# Shorter ones are spoken with what follows: most dots within the first words belong to abbreviations.
_MIN_SENTENCE_CHARS = 40
_SENTENCE_END = re.compile(r"[.!?…]+[\"')\]’”]*\s+(?=\S)")  # noqa: RUF001 - quotation marks of prose
_JOINED = re.compile(r"[.!?…][\"')\]’”]*\Z")  # noqa: RUF001 - likewise


def check_speech_format(audio: AudioFormat, *, without: tuple[int, ...] = ()) -> None:
    """Check the format that a request asks for.

    Args:
        audio: the format.
        without: sample rates that this route does not have.

    Raises:
        Refusal: it cannot be had.
    """
    rates = _RATES.get(audio.encoding or "")
    if rates is None:
        raise bad_request(f"unsupported encoding for streaming text to speech: {audio.encoding}")
    if audio.sample_rate not in rates or audio.sample_rate in without:
        raise bad_request(f"unsupported sample_rate {audio.sample_rate} for encoding {audio.encoding}")


def _speakable(text: str) -> bool:
    return any(map(str.isalnum, text))


class Turn:
    """A text that grows until it is ended, and how far it has been spoken.

    Attributes:
        id: its identifier.
        text: all of it so far.
        chars: how many characters of that the client sent.
        announced: its beginning was told to the client.
        ended: no more text comes.
        dropped: nothing of it may be sent any more.
        start_bytes: where its audio begins in the stream.
        audio_bytes: audio sent of it.
        marks: up to which character, at which byte of its audio, it was spoken.
    """

    def __init__(self, turn_id: str) -> None:
        self.id = turn_id
        self.text: str = ""
        self.chars: int = 0
        self.ended = False
        self.dropped = False
        self.start_bytes = 0
        self.audio_bytes = 0
        self.marks: list[tuple[int, int]] = [(0, 0)]
        self._begun = 0
        self.announced = False

    def add(self, text: str) -> None:
        """Put more text behind the text. Sentences that came apart stay apart."""
        if _JOINED.search(self.text) and text[:1].isalpha():
            self.text += " "
        self.text += text
        self.chars += len(text)

    def next_sentence(self) -> str:
        """Return text to speak now; empty when there is none yet."""
        begun, self._begun = self._begun, self._next_end()
        return self.text[begun : self._begun]

    @property
    def waits(self) -> bool:
        """Whether there is nothing to do before more text, or its end, comes."""
        return not self.ended and self._next_end() == self._begun

    @property
    def speakable(self) -> bool:
        """Whether there is anything in it to be heard."""
        return _speakable(self.text)

    def spoken_at(self, played_bytes: int, byte_rate: int) -> int:
        """Return up to which character it was heard when so much of its audio was played, going by time."""
        marks = self.marks
        if self._begun > marks[-1][0]:
            # A sentence is being spoken, and how long it will be is not known yet.
            rest = self._begun - marks[-1][0]
            marks = [*marks, (self._begun, marks[-1][1] + round(rest / _CHARS_PER_S * byte_rate))]
        for (start, at), (end, until) in pairwise(marks):
            if played_bytes < until:
                cut = start + round((end - start) * max(0, played_bytes - at) / (until - at))
                # What was heard of half is not heard.
                while start < cut < end and not self.text[cut - 1].isspace():
                    cut -= 1
                return cut
        return marks[-1][0]

    def mark(self) -> None:
        """Note that everything up to where speaking began last has been spoken."""
        self.marks.append((self._begun, self.audio_bytes))

    def _next_end(self) -> int:
        found = _SENTENCE_END.search(self.text, min(len(self.text), self._begun + _MIN_SENTENCE_CHARS))
        if found is not None:
            return found.end()
        return len(self.text) if self.ended else self._begun


class Narrator(ABC):
    """Speaks turns one after another, in a worker thread, while its owner goes on listening to the client.

    Attributes:
        sent_bytes: audio sent on the stream.
        turn: the turn that is being spoken; None when there is none.
    """

    def __init__(self, session: Session[Any], voice: Voice, audio: AudioFormat, limiter: anyio.CapacityLimiter) -> None:
        """
        Args:
            session: where the audio goes.
            voice: speaks.
            audio: the format of the audio.
            limiter: bounds the worker threads.
        """
        assert audio.encoding is not None
        assert audio.sample_rate is not None
        assert audio.byte_rate is not None
        assert audio.frame_bytes is not None
        self.session = session
        self.audio = audio
        self.byte_rate: int = audio.byte_rate
        self.sent_bytes: int = 0
        self._voice = voice
        self._limiter = limiter
        self._turns: deque[Turn] = deque()
        self._changed = anyio.Event()
        self._idle = anyio.Event()
        self._piece_bytes = max(1, round(_PIECE_S * audio.sample_rate)) * audio.frame_bytes

    @abstractmethod
    def new_id(self) -> str:
        """Return an identifier for a turn."""

    @abstractmethod
    def begin(self, turn: Turn, now: float) -> None:
        """Say, where that is usual, that a turn's audio follows."""

    @abstractmethod
    def finish(self, turn: Turn, now: float) -> None:
        """Say that all audio of a turn was sent."""

    @property
    def turn(self) -> Turn | None:
        return self._turns[0] if self._turns else None

    @property
    def open_turn(self) -> Turn | None:
        """The turn that text is added to; None when the next text begins one."""
        return self._turns[-1] if self._turns and not self._turns[-1].ended else None

    def add(self, text: str) -> Turn:
        """Speak more text."""
        turn = self.open_turn
        if turn is None:
            turn = Turn(self.new_id())
            self._turns.append(turn)
        turn.add(text)
        self._changed.set()
        return turn

    def end_turn(self) -> None:
        """Say that the text of the turn is complete."""
        turn = self.open_turn
        if turn is not None:
            turn.ended = True
            self._changed.set()

    def drop(self) -> None:
        """Speak nothing of what is not sent yet."""
        for turn in self._turns:
            turn.dropped = True
        self._turns.clear()
        self._changed.set()

    async def wait_idle(self) -> None:
        """Wait until every turn has been spoken."""
        while self._turns:
            self._idle = anyio.Event()
            await self._idle.wait()

    async def run(self) -> None:
        """Speak, until cancelled."""
        while True:
            while not self._turns or (self._turns[0].announced and self._turns[0].waits):
                self._idle.set()
                self._changed = anyio.Event()
                await self._changed.wait()
            await self._speak_turn(self._turns[0])

    async def _speak_turn(self, turn: Turn) -> None:
        encoder = pcm_encoder(
            self.audio.encoding or "", source_rate=self._voice.sample_rate, sample_rate=self.audio.sample_rate or 0
        )
        turn.start_bytes = self.sent_bytes
        turn.announced = True
        await self._say(turn, partial(self.begin, turn))
        while not turn.dropped:
            sentence = turn.next_sentence()
            if sentence and not _speakable(sentence):
                turn.mark()
            elif sentence:
                await self._speak_sentence(turn, sentence, encoder)
                turn.mark()
            elif turn.ended:
                await self._send(turn, encoder.flush())
                await self._say(turn, partial(self._finish, turn))
                return
            else:
                self._changed = anyio.Event()
                await self._changed.wait()

    def _finish(self, turn: Turn, now: float) -> None:
        turn.mark()
        self._turns.popleft()
        self.finish(turn, now)

    async def _speak_sentence(self, turn: Turn, sentence: str, encoder: Encoder) -> None:
        samples: list[Iterator[bytes]] = []

        def step() -> bytes | None:
            if not samples:
                samples.append(iter(self._voice.synthesize(sentence)))
            chunk = next(samples[0], None)
            return None if chunk is None else encoder.feed(chunk)

        while not turn.dropped:
            data = await anyio.to_thread.run_sync(step, limiter=self._limiter)
            if data is None:
                return
            await self._send(turn, data)

    async def _send(self, turn: Turn, data: bytes) -> None:
        for start in range(0, len(data), self._piece_bytes):
            await self._say(turn, partial(self._send_piece, turn, data[start : start + self._piece_bytes]))

    def _send_piece(self, turn: Turn, piece: bytes, now: float) -> None:
        self.session.machine.send_audio(piece, now)
        turn.audio_bytes += len(piece)
        self.sent_bytes += len(piece)

    async def _say(self, turn: Turn, step: Callable[[float], None]) -> None:
        # It may be dropped while there is no room to send.
        await self.session.call(lambda now: None if turn.dropped else step(now))
