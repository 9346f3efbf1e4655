"""What the servers and the client programs share: messages, what a server is asked for, the meter and the report.

Standard library only: it runs in the environments of other clients.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import struct
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

__all__ = [
    "ACK_EVERY",
    "BYTE_RATE",
    "CLOSE_STREAM",
    "FIRST",
    "FRAME",
    "FRAME_S",
    "LAST",
    "OPTIONS",
    "Failure",
    "Meter",
    "check",
    "check_heard",
    "close_frame",
    "flood",
    "memory",
    "metadata_message",
    "parse",
    "peak_memory",
    "percentile",
    "report",
    "results_message",
    "stamped_frame",
    "stamps",
    "talk",
    "text_frame",
]

BYTE_RATE = 32_000
FRAME = bytes(640)
FRAME_S = len(FRAME) / BYTE_RATE
FIRST = "Testing. 123. Testing. 123."
LAST = "Testing. 456. Testing. 456."
"""Only the last message of a flood says this."""

ACK_EVERY = 1000
"""Frames: after so many, a server that only listens sends a final result for them."""

CLOSE_STREAM = '{"type": "CloseStream"}'
OPTIONS: dict[str, Any] = {"encoding": "linear16", "sample_rate": 16000}

_WORDS = (
    b'[{"word":"testing","start":1.22,"end":1.62,"confidence":0.483064,"punctuated_word":"Testing."},'
    b'{"word":"123","start":1.62,"end":2.12,"confidence":0.93632686,"punctuated_word":"123."},'
    b'{"word":"testing","start":2.1799998,"end":2.6799998,"confidence":0.987885,"punctuated_word":"Testing."},'
    b'{"word":"123","start":3.1399999,"end":3.6399999,"confidence":0.99418044,"punctuated_word":"123."}]'
)
_RESULTS = (
    b'{"type":"Results","channel_index":[0,1],"duration":%.2f,"start":%.2f,"is_final":true,"from_finalize":false,'
    b'"speech_final":true,"channel":{"alternatives":[{"transcript":"%b","confidence":0.987885,"words":'
    + _WORDS
    + b"}]},"
    b'"metadata":{"model_info":{"name":"2-general-nova","version":"2024-01-18.26916","arch":"nova-3"},'
    b'"request_id":"%b","model_uuid":"c0d1a568-ce81-4fea-97e7-bd45cb1fdf3c"}}'
)
_METADATA = (
    b'{"type":"Metadata","transaction_key":"deprecated","request_id":"26dd8cc9-77e6-4db7-a0ae-3034c013cb64",'
    b'"sha256":"95dc40091b6a8456a1554ddfc4f163768217afd66bee70a10c74bb52805cd0d9",'
    b'"created":"2025-07-22T16:56:37.496Z","duration":%.2f,"channels":1}'
)
_REQUEST_ID = b"26dd8cc9-77e6-4db7-a0ae-3034c013cb64"


class Failure(SystemExit):
    """A run that did not do what it should: its message goes to standard error, and the exit code is 1."""


def check(condition: bool, message: str) -> None:
    """Raise `Failure` unless a condition holds."""
    if not condition:
        raise Failure(message)


def check_heard(heard_s: float, options: argparse.Namespace) -> None:
    """Raise `Failure` unless the server heard every frame, and no more."""
    sent_s = (options.warm_up + options.count) * FRAME_S
    check(abs(heard_s - sent_s) < FRAME_S / 2, f"the server heard {heard_s} s of audio, and not {sent_s:.2f} s")


# --- what a server sends


def results_message(
    *, duration: float = 3.08, start: float = 0.74, transcript: str = FIRST, request_id: bytes = _REQUEST_ID
) -> bytes:
    """Return a final result of four words as the live API writes it; 818 bytes with the defaults."""
    return _RESULTS % (duration, start, transcript.encode(), request_id)


def metadata_message(duration: float) -> bytes:
    """Return the message that sums a stream up, of so many seconds of audio."""
    return _METADATA % duration


def text_frame(payload: bytes) -> bytes:
    """Return a server's WebSocket frame with a text (RFC 6455, section 5.2)."""
    size = len(payload)
    return (bytes((0x81, size)) if size < 126 else struct.pack("!BBH", 0x81, 126, size)) + payload


def close_frame(code: int) -> bytes:
    """Return a server's close frame."""
    return struct.pack("!BBH", 0x88, 2, code)


def stamps(sent: bytes, now_ns: Callable[[], int] = time.monotonic_ns) -> bytes:
    """Return a request id that tells how long a stamped frame took to the server, and when that answers, in ns."""
    now = now_ns()
    return b"%017d-%018d" % (now - int.from_bytes(sent[:8], "big"), now)


# --- what a client asks for, as its model


def flood(warm_up: int, count: int) -> str:
    """Some results, and after the first frame many more, as fast as the client takes them."""
    return f"flood-{warm_up}-{count}"


def talk(every: int) -> str:
    """A result for every so many frames, which covers them; a KeepAlive breaks the connection."""
    return f"talk-{every}"


def stamped_frame() -> bytes:
    """Return a frame that carries the time."""
    return time.monotonic_ns().to_bytes(8, "big") + FRAME[8:]


# --- what a client measures


class Meter:
    """CPU time of this process, all of its threads, and wall time, from `start` to `stop`."""

    def __init__(self) -> None:
        self.cpu_s = 0.0
        self.wall_s = 0.0

    def start(self) -> None:
        self._cpu_s, self._wall_s = time.process_time(), time.perf_counter()

    def stop(self) -> None:
        self.cpu_s = time.process_time() - self._cpu_s
        self.wall_s = time.perf_counter() - self._wall_s


def memory() -> int:
    """Return the resident memory of this process, in bytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def peak_memory() -> int:
    """Return the most resident memory that this process had, in bytes.

    Not from `resource.getrusage`, which counts what the parent had before the program began.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise Failure("no VmHWM in /proc/self/status")


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which a share of all lies (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def parse(description: str | None, arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line that all client programs have."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("case", help="what to measure")
    parser.add_argument("--url", default="", help="of the neutral server: http://127.0.0.1:PORT, or https")
    parser.add_argument("--count", type=int, default=10_000, help="messages, calls or connections that count")
    parser.add_argument("--warm-up", type=int, default=0, help="and as many before, which do not")
    parser.add_argument("--loop", choices=("asyncio", "uvloop", "trio"), default="asyncio")
    parser.add_argument("--streams", type=int, default=1, help="at once")
    parser.add_argument("--seconds", type=float, default=1.0, help="of audio in each stream")
    parser.add_argument("--package", default="deepgram", help="under whose names a program for several runs")
    parser.add_argument("--pin", action="store_true", help="to the first CPU")
    return parser.parse_args(arguments)


def report(count: int, meter: Meter | None, packages: Sequence[str], **figures: float) -> None:
    """Print what was measured, as one JSON object.

    Args:
        count: messages, calls or connections.
        meter: of these; None when that tells nothing.
        packages: whose versions to tell.
        **figures: what else was found.
    """
    found: dict[str, Any] = {"count": count, "peak_memory_bytes": peak_memory(), **figures}
    if meter is not None:
        found |= {"cpu_s": meter.cpu_s, "wall_s": meter.wall_s}
    found["versions"] = {"python": platform.python_version()} | {name: version(name) for name in packages}
    print(json.dumps(found))
