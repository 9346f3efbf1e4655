"""What of a recorded session is due, and whether the client does as recorded. No I/O, no clock."""

from __future__ import annotations

from typing import Literal, NoReturn, TypeAlias

import msgspec

from ..protocol.frames import Binary, Close, Frame, Text
from .recording import FromClient, FromServer, RecordedSession
from .redaction import scrubbed

__all__ = ["Match", "Player", "ReplayMismatchError"]

Match: TypeAlias = Literal["strict", "audio_may_differ"]
"""How exactly a client has to do as recorded."""

_SHOWN_CHARS = 200


class ReplayMismatchError(AssertionError):
    """A client did not do as recorded; the message tells the first difference."""


class _Due(msgspec.Struct, frozen=True):
    """What the server said, and what the client had said before.

    Attributes:
        event: the message.
        texts: how many JSON messages the client had sent.
        audio_bytes: how much audio since the last of them.
    """

    event: FromServer
    texts: int
    audio_bytes: int


class Player:
    """One recorded session that is played.

    The client's audio is compared byte for byte, but not how it is cut into messages, which depends on timing; nor are
    ``KeepAlive`` messages, which come by the clock.

    Attributes:
        name: of the session, for people.
    """

    def __init__(self, session: RecordedSession, match: Match) -> None:
        self.name: str = f"session {session.opened.number} of {session.opened.path}"
        self._strict = match == "strict"
        self._texts: list[str] = []
        self._audio: list[bytearray] = [bytearray()]
        self._due: list[_Due] = []
        self._client_closes: Close | None = None
        for event in session.frames:
            if isinstance(event, FromServer):
                self._due.append(_Due(event, len(self._texts), len(self._audio[-1])))
            else:
                self._expect(event)
        self._said = 0
        self._audio_bytes = 0
        self._played = 0

    def _expect(self, event: FromClient) -> None:
        frame = event.frame
        if isinstance(frame, Close):
            self._client_closes = frame
        elif isinstance(frame, Binary):
            self._audio[-1] += frame.data
        elif not _keeps_alive(str(frame.data)):
            self._texts.append(str(frame.data))
            self._audio.append(bytearray())

    @property
    def played(self) -> bool:
        """Whether the server has said all there is."""
        return self._played == len(self._due)

    @property
    def over(self) -> bool:
        """Whether the session ended: what the client still says does not count."""
        return self.played and bool(self._due) and self._due[-1].event.close is not None

    def next_event(self) -> FromServer | None:
        """Return what the server says next, if the client has said what comes before; it then counts as said."""
        if self.played:
            return None
        due = self._due[self._played]
        if self._said < due.texts or (self._said == due.texts and self._audio_bytes < due.audio_bytes):
            return None
        self._played += 1
        return due.event

    def take(self, frame: Frame) -> None:
        """Take what the client says.

        Raises:
            ReplayMismatchError: it is something else than recorded.
        """
        if self.over:
            return
        if isinstance(frame, Text):
            text = frame.data if isinstance(frame.data, str) else bytes(frame.data).decode()
            if not _keeps_alive(text):
                self._take_text(text)
        elif isinstance(frame, Binary):
            self._take_audio(bytes(frame.data))
        elif isinstance(frame, Close):
            self._take_close(frame)

    def _take_text(self, text: str) -> None:
        if self._said == len(self._texts):
            self._fail(f"nothing more than {len(self._texts)} JSON messages", text)
        recorded, missing = self._texts[self._said], len(self._audio[self._said]) - self._audio_bytes
        if self._strict and missing > 0:
            self._fail(f"{missing} more bytes of audio", text)
        if not _same(recorded, text):
            self._fail(recorded, text)
        self._said += 1
        self._audio_bytes = 0

    def _take_audio(self, data: bytes) -> None:
        start, self._audio_bytes = self._audio_bytes, self._audio_bytes + len(data)
        if not self._strict:
            return
        recorded = self._audio[self._said]
        # A connection that broke took less than was sent; so more than was recorded is no difference at its end.
        last = self._said == len(self._texts) and bool(self._due) and self._due[-1].event.close is not None
        if len(data) > len(recorded) - start and not last:
            self._fail(f"{len(recorded)} bytes of audio at this place", f"{self._audio_bytes} bytes")
        expected = bytes(recorded[start : start + len(data)])
        if data[: len(expected)] != expected:
            pairs = zip(data, expected, strict=False)
            offset = next(index for index, (one, other) in enumerate(pairs) if one != other)
            self._fail(
                f"byte {start + offset} of the audio at this place to be {expected[offset]:#04x}",
                f"{data[offset]:#04x}",
            )

    def _take_close(self, close: Close) -> None:
        wanted = self._client_closes
        left = len(self._due) - self._played
        if left or self._said < len(self._texts):
            rest = f"{len(self._texts) - self._said} JSON messages of the client and {left} of the server"
            self._fail(f"{rest} before the end", _told(close))
        if wanted is not None and 1006 not in (wanted.code, close.code) and wanted != close:
            self._fail(_told(wanted), _told(close))

    def _fail(self, recorded: str, sent: str) -> NoReturn:
        place = f"{self.name}, after {self._said} JSON messages"
        raise ReplayMismatchError(f"{place}: recorded was {_short(recorded)}; the client sent {_short(sent)}")


def _keeps_alive(text: str) -> bool:
    return _type_of(text) == "KeepAlive"


class _Head(msgspec.Struct):
    type: str | None = None


def _type_of(text: str) -> str | None:
    try:
        return msgspec.json.decode(text, type=_Head).type
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def _same(recorded: str, sent: str) -> bool:
    sent = scrubbed(sent)
    if recorded == sent:
        return True
    try:
        return bool(msgspec.json.decode(recorded) == msgspec.json.decode(sent))
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False


def _told(close: Close) -> str:
    if close.code == 1006:
        return "the connection's end without a close"
    return f"a close with {close.code}{' ' + close.reason if close.reason else ''}"


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}..."
