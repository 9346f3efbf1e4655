"""This project's blocking facade, under its own names.

python -m benchmarks.programs.own_sync down|send --url URL
"""

from __future__ import annotations

import threading
from typing import Any

from deepgram_anyio.protocol import listen
from deepgram_anyio.sync import DeepgramClient

from . import wire

__all__ = ["main"]

_DEADLINE_S = 120.0


def _down(options: Any, meter: wire.Meter) -> None:
    model = wire.flood(options.warm_up, options.count)
    with (
        DeepgramClient("benchmark", base_url=options.url) as dg,
        dg.listen.v1.connect(model=model, **wire.OPTIONS) as connection,
    ):
        left = options.warm_up
        for event in connection:
            assert isinstance(event, listen.Results)
            text = event.channel.alternatives[0].transcript
            left -= 1
            if not left:
                break
        meter.start()
        connection.send(wire.FRAME)
        left = options.count
        for event in connection:
            assert isinstance(event, listen.Results)
            text = event.channel.alternatives[0].transcript
            left -= 1
            if not left:
                break
        meter.stop()
    wire.check(text == wire.LAST, f"the last message was {text!r}")


def _send(options: Any, meter: wire.Meter) -> None:
    warm = threading.Event()
    heard: list[float] = []
    with (
        DeepgramClient("benchmark", base_url=options.url) as dg,
        dg.listen.v1.connect(model=wire.talk(wire.ACK_EVERY), **wire.OPTIONS) as connection,
    ):

        def hear() -> None:
            for event in connection:
                if isinstance(event, listen.Metadata):
                    heard.append(event.duration)
                    return
                assert isinstance(event, listen.Results)
                if event.start + event.duration > options.warm_up * wire.FRAME_S - 0.001:
                    warm.set()

        reader = threading.Thread(target=hear, daemon=True)
        reader.start()
        for _ in range(options.warm_up):
            connection.send(wire.FRAME)
        wire.check(warm.wait(_DEADLINE_S), "the warm-up was not acknowledged")
        meter.start()
        for _ in range(options.count):
            connection.send(wire.FRAME)
        connection.close_stream()
        reader.join(_DEADLINE_S)
        meter.stop()
    wire.check(bool(heard), "no Metadata")
    wire.check_heard(heard[0], options)


def main() -> None:
    options = wire.parse(__doc__)
    meter = wire.Meter()
    {"down": _down, "send": _send}[options.case](options, meter)
    wire.report(options.count, meter, ("anyio", "msgspec", "wsproto"))


if __name__ == "__main__":
    main()
