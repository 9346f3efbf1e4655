"""Audio that no final result covers yet, kept so that a new connection can hear it again.

Positions are bytes of the whole stream, however many connections it takes. Between `Replay.start` and `Replay.end` lies
what is held; what lies before was covered by final results, or fell out because the bound was reached.
"""

from __future__ import annotations

import enum
from typing import Any, NamedTuple

import msgspec

from .ledger import AudioFormat
from .messages import Data, Message

__all__ = ["Lasts", "Replay"]

_PIECE_BYTES = 16 * 1024


class Lasts(enum.Enum):
    """For how long a message between the audio has to be said again on new connections."""

    UNTIL_COVERED = "until the audio before it is covered by final results"
    AS_SETTING = "always: it is in force until another of its kind changes it"
    FOR_EVER = "always: it is the last thing said"


class _Note(NamedTuple):
    position: int
    message: Message
    lasts: Lasts


class Replay:
    """A bounded ring of audio, and of what was said between it.

    At any time ``accepted_bytes == acknowledged_bytes + forgotten_bytes + held_bytes + lost_bytes``.

    Attributes:
        byte_rate: bytes of one second of audio.
        max_bytes: the most that is held.
        start: where the ring begins.
        end: where it ends.
        accepted_bytes: audio that was added.
        acknowledged_bytes: of that, what final results cover.
        forgotten_bytes: what fell out of the ring while the present connection was to hear it; results may still come.
        lost_bytes: what fell out, and no connection will hear again.
    """

    def __init__(self, audio: AudioFormat, *, max_s: float, max_bytes: int) -> None:
        """
        Args:
            audio: the format; its bytes must tell the time.
            max_s: the most that is held, in seconds.
            max_bytes: the same in bytes; the lower of the two bounds holds.

        Raises:
            ValueError: bytes do not tell the time.
        """
        rate, frame = audio.byte_rate, audio.frame_bytes
        if rate is None or frame is None:
            raise ValueError("only raw audio can be replayed")
        self.byte_rate: int = rate
        self.max_bytes: int = max(frame, int(min(max_s * rate, max_bytes)))
        self._frame = frame
        self.start: int = 0
        self.end: int = 0
        self.accepted_bytes: int = 0
        self.acknowledged_bytes: int = 0
        self.forgotten_bytes: int = 0
        self.lost_bytes: int = 0
        self._pieces: list[bytearray] = []
        self._skip = 0  # bytes of the first piece that are not held any more
        self._notes: list[_Note] = []
        self._settings: dict[type[Message], Message] = {}  # said before the ring begins
        # What the present connection was given: audio up to a position, so many of the notes; and settings to give.
        self._given = 0
        self._given_notes = 0
        self._due: list[Message] = []

    @property
    def held_bytes(self) -> int:
        """Audio in the ring."""
        return self.end - self.start

    @property
    def held_s(self) -> float:
        """The same in seconds."""
        return self.held_bytes / self.byte_rate

    @property
    def start_s(self) -> float:
        """Where the ring begins, in seconds from the start of the stream."""
        return self.start / self.byte_rate

    @property
    def behind_bytes(self) -> int:
        """Audio that the present connection was not given yet."""
        return self.end - self._given

    @property
    def caught_up(self) -> bool:
        """Whether the present connection was given everything."""
        return self._given == self.end and self._given_notes == len(self._notes) and not self._due

    def room_for(self, count_bytes: int) -> bool:
        """Tell whether so much can be added without anything falling out."""
        return self.end - self.start + count_bytes <= self.max_bytes

    def add(self, data: bytes | memoryview, *, given: bool = False) -> None:
        """Add audio. When the bound is reached, the oldest falls out.

        What the present connection was not given yet must not fall out: before, ask `room_for`.

        Args:
            data: the audio.
            given: the present connection has it, and everything before.
        """
        size = len(data)
        self.accepted_bytes += size
        self.end += size
        pieces = self._pieces
        if pieces and len(pieces[-1]) + size <= _PIECE_BYTES:
            pieces[-1] += data
        else:
            # Copies, so that what is forgotten of a long message does not live on in the rest of it.
            view = memoryview(data)
            pieces.extend(bytearray(view[at : at + _PIECE_BYTES]) for at in range(0, size, _PIECE_BYTES))
        if given:
            self._given = self.end
        if self.end - self.start > self.max_bytes:
            self.forgotten_bytes += self._drop(self._keep_from(0))

    def make_room(self, count_bytes: int) -> None:
        """Let the oldest fall out until so much can be added, for audio that cannot wait.

        What the present connection was not given is lost with that.
        """
        if not self.room_for(count_bytes):
            until = self._keep_from(count_bytes)
            given = max(0, min(self._given, until) - self.start)
            self.forgotten_bytes += given
            self.lost_bytes += self._drop(until) - given

    def _keep_from(self, more_bytes: int) -> int:
        # Whole frames, so that a replay never begins in the middle of a sample.
        keep_from = self.end + more_bytes - self.max_bytes
        return min(keep_from + -keep_from % self._frame, self.end)

    def note(self, message: Message, lasts: Lasts) -> None:
        """Add a message; its place is behind the audio so far."""
        note = _Note(self.end, message, lasts)
        if not self._notes or self._notes[-1] != note:
            self._notes.append(note)

    def catch_up(self) -> None:
        """The present connection was given everything, straight from the caller."""
        self._given = self.end
        if self._notes:
            self._given_notes = len(self._notes)
            self._settle()

    def covered(self, until_s: float) -> None:
        """Take out what final results cover, up to a time in seconds from the start of the stream."""
        if not self._pieces and not self.forgotten_bytes:
            return
        # Results cannot cover what the server has not heard, whatever they say.
        until = int(max(0.0, min(until_s * self.byte_rate + 0.5, self._given)))
        until -= until % self._frame
        remembered = min(self.forgotten_bytes, max(0, until - (self.start - self.forgotten_bytes)))
        self.forgotten_bytes -= remembered
        self.acknowledged_bytes += remembered + self._drop(until)

    def rewind(self) -> None:
        """The connection broke: the next one is to hear the ring from its start. What fell out of it is lost."""
        self.lost_bytes += self.forgotten_bytes
        self.forgotten_bytes = 0
        self._given, self._given_notes = self.start, 0
        self._due = list(self._settings.values())

    def take(self, max_bytes: int) -> bytes | Message | None:
        """Return what the present connection is to be given next: audio, or a message; None when it has everything."""
        if self._due:
            return self._due.pop(0)
        stop = min(self.end, self._given + max_bytes)
        if self._given_notes < len(self._notes):
            note = self._notes[self._given_notes]
            if note.position <= self._given:
                self._given_notes += 1
                self._settle()
                return note.message
            stop = min(stop, note.position)
        return self._read(stop) if stop > self._given else None

    def _read(self, stop: int) -> bytes:
        data = bytearray()
        position = self.start - self._skip
        for piece in self._pieces:
            if position >= stop:
                break
            low, high = max(0, self._given - position), min(len(piece), stop - position)
            data += memoryview(piece)[low:high]
            position += len(piece)
        self._given = stop
        return bytes(data)

    def _drop(self, until: int) -> int:
        """Let go of the audio before a position; return how much that was."""
        dropped = max(0, until - self.start)
        self.start += dropped
        self._skip += dropped
        while self._pieces and self._skip >= len(self._pieces[0]):
            self._skip -= len(self._pieces.pop(0))
        self._given = max(self._given, self.start)
        self._settle()
        return dropped

    def _settle(self) -> None:
        """Let go of the messages that were said and lie before the ring; keep what they set."""
        while self._given_notes and self._notes[0].position <= self.start:
            if self._notes[0].lasts is Lasts.FOR_EVER:
                return
            note = self._notes.pop(0)
            self._given_notes -= 1
            if note.lasts is Lasts.AS_SETTING:
                kind = type(note.message)
                self._settings[kind] = _merged(self._settings.get(kind), note.message)


def _merged(old: Any, new: Any) -> Any:
    """Return what holds after two messages, or parts of them, of which the newer leaves out what it does not change."""
    if new is None:
        return old
    if isinstance(old, dict) and isinstance(new, dict):
        return {**old, **new}
    if isinstance(old, Data) and type(old) is type(new):
        names = old.__struct_fields__
        return msgspec.structs.replace(old, **{name: _merged(getattr(old, name), getattr(new, name)) for name in names})
    return new
