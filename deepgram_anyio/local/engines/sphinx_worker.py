"""The process in which one PocketSphinx decoder runs.

PocketSphinx holds the interpreter's lock while it decodes, up to a second at a time, so a decoder in a thread would
stop the event loop. The parent writes requests to this process's standard input and reads answers from its standard
output, each a 4-byte big-endian length and a MessagePack array; the process ends with its input.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import IO, Any

import msgspec

__all__ = ["Answer", "Request", "main", "read_message", "write_message"]

_PRIMING_BYTES = 3 * 16_000
_FRAMES_PER_S = 100


class Request(msgspec.Struct, array_like=True):
    """``begin`` (with the stream's cepstral means), ``feed`` (with samples), ``partial`` or ``finish``."""

    call: str
    samples: bytes = b""
    means: str = ""


class Answer(msgspec.Struct, array_like=True):
    """Words as (word, start in s, end in s, confidence), and the stream's cepstral means so far; or an error."""

    words: list[tuple[str, float, float, float]] = []
    means: str = ""
    error: str = ""


def write_message(stream: IO[bytes], message: Request | Answer) -> None:
    """Write one message and flush."""
    body = msgspec.msgpack.encode(message)
    stream.write(len(body).to_bytes(4, "big") + body)
    stream.flush()


def read_message(stream: IO[bytes]) -> bytes | None:
    """Read one message's body; None at the end of the stream."""
    head = stream.read(4)
    if len(head) < 4:
        return None
    body = stream.read(int.from_bytes(head, "big"))
    return body if len(body) == int.from_bytes(head, "big") else None


class _Decoder:
    """One decoder, used for one segment after another of many streams.

    The acoustic model expects features less their long-time mean, which depends on voice and microphone. It is carried
    from segment to segment of a stream, and for a stream's first segment it is estimated from its first 1.5 s, which
    are held back that long: otherwise the first sentence would be the worst recognised.
    """

    def __init__(self) -> None:
        import pocketsphinx

        self._decoder = pocketsphinx.Decoder(loglevel="FATAL", logfn=os.devnull, fwdflat=False, maxhmmpf=5_000)
        self._first_means = str(self._decoder.get_cmn(False))
        self._held: bytearray | None = None

    def begin(self, means: str) -> None:
        self._decoder.set_cmn(means or self._first_means)
        self._held = None if means else bytearray()
        self._decoder.start_utt()

    def feed(self, samples: bytes) -> None:
        if self._held is None:
            self._decoder.process_raw(samples)
            return
        self._held += samples
        if len(self._held) >= _PRIMING_BYTES:
            self._release()

    def partial(self) -> list[tuple[str, float, float, float]]:
        return [] if self._held is not None else self._words()

    def finish(self) -> Answer:
        self._release()
        self._decoder.end_utt()
        return Answer(self._words(), str(self._decoder.get_cmn(True)))

    def _release(self) -> None:
        if self._held is None:
            return
        held, self._held = bytes(self._held), None
        self._decoder.process_raw(held, no_search=True)
        self._decoder.end_utt()
        self._decoder.set_cmn(str(self._decoder.get_cmn(True)))
        self._decoder.start_utt()
        self._decoder.process_raw(held)

    def _words(self) -> list[tuple[str, float, float, float]]:
        return [
            (
                segment.word.partition("(")[0],
                segment.start_frame / _FRAMES_PER_S,
                (segment.end_frame + 1) / _FRAMES_PER_S,
                min(1.0, max(0.0, float(segment.prob))),
            )
            for segment in self._decoder.seg() or ()
            if segment.word[0] not in "<[+"
        ]


def _answer(decoder: _Decoder, request: Request) -> Answer | None:
    if request.call == "begin":
        decoder.begin(request.means)
    elif request.call == "feed":
        decoder.feed(request.samples)
    elif request.call == "partial":
        return Answer(decoder.partial())
    else:
        return decoder.finish()
    return None


def main() -> None:
    """Serve requests until the input ends."""
    # Ctrl-C in a terminal reaches the whole group; the parent decides when this process ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get in between
    requests: IO[bytes] = sys.stdin.buffer
    parse: Any = msgspec.msgpack.Decoder(Request).decode
    decoder = _Decoder()
    while (body := read_message(requests)) is not None:
        try:
            answer = _answer(decoder, parse(body))
        except RuntimeError as error:  # pocketsphinx's only kind
            answer = Answer(error=str(error) or "decoding failed")
        if answer is not None:
            write_message(answers, answer)


if __name__ == "__main__":
    main()
