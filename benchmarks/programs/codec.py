"""Decoding a result and framing audio alone, without a socket, a loop or a machine.

python -m benchmarks.programs.codec decode|decode_plain|encode
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

from deepgram_anyio.protocol import listen
from deepgram_anyio.protocol.codec import Codec
from deepgram_anyio.protocol.frames import Binary
from deepgram_anyio.transport.framing import Framing

from . import structs, wire

__all__ = ["main"]

_MESSAGES = (listen.Results, listen.Metadata, listen.UtteranceEnd, listen.SpeechStarted, listen.Error)


def _decode(decode: Callable[[bytes], Any], count: int) -> None:
    message = wire.results_message()
    for _ in range(count):
        text = decode(message).channel.alternatives[0].transcript
    wire.check(text == wire.FIRST, f"decoded {text!r}")


def _encode(count: int) -> None:
    framing = Framing(client=True, max_message_bytes=1 << 20)
    size = 0
    for _ in range(count):
        size += len(framing.encode((Binary(wire.FRAME),)))
    wire.check(size == count * (len(wire.FRAME) + 8), f"{size} bytes")


def main(arguments: Sequence[str] | None = None) -> None:
    options = wire.parse(__doc__, arguments)
    codec = Codec(_MESSAGES)
    cases: dict[str, Callable[[int], None]] = {
        "decode": lambda count: _decode(codec.decode, count),
        "decode_plain": lambda count: _decode(structs.decoder.decode, count),
        "encode": _encode,
    }
    meter = wire.Meter()
    run = cases[options.case]
    run(max(1, options.warm_up))
    meter.start()
    run(options.count)
    meter.stop()
    wire.report(options.count, meter, ("msgspec", "wsproto"))


if __name__ == "__main__":
    main(sys.argv[1:])
