"""picows and msgspec, on asyncio and uvloop: callbacks, and no copy before the decoder.

python -m benchmarks.programs.picows_client down|send --url URL
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import picows

from . import wire
from .running import run_asyncio
from .structs import Metadata, Results, decoder

__all__: list[str] = []


class _Listener(picows.WSListener):
    def __init__(self, hear: Callable[[Results | Metadata], None]) -> None:
        super().__init__()
        self._hear = hear
        self._decode = decoder.decode
        self._writable = asyncio.Event()
        self._writable.set()
        self.paused = False

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        if frame.msg_type == picows.WSMsgType.TEXT:
            self._hear(self._decode(frame.get_payload_as_memoryview()))
        elif frame.msg_type == picows.WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code())
            transport.disconnect()

    def pause_writing(self) -> None:
        self.paused = True
        self._writable.clear()

    def resume_writing(self) -> None:
        self.paused = False
        self._writable.set()

    async def writable(self) -> None:
        await self._writable.wait()


async def _open(url: str, model: str, hear: Callable[[Results | Metadata], None]) -> Any:
    query = urlencode({"model": model, **wire.OPTIONS})
    target = f"{url.replace('http', 'ws', 1)}/v1/listen?{query}"
    headers = {"Authorization": "Token benchmark"}
    return await picows.ws_connect(lambda: _Listener(hear), target, extra_headers=headers)


async def _down(options: Any) -> dict[str, Any]:
    meter = wire.Meter()
    warm, ended = asyncio.Event(), asyncio.Event()
    left, text = options.warm_up, ""

    def hear(event: Results | Metadata) -> None:
        nonlocal left, text
        assert isinstance(event, Results)
        text = event.channel.alternatives[0].transcript
        left -= 1
        if not left:
            if warm.is_set():
                meter.stop()
                ended.set()
            left = options.count
            warm.set()

    transport, _ = await _open(options.url, wire.flood(options.warm_up, options.count), hear)
    await warm.wait()
    meter.start()
    transport.send(picows.WSMsgType.BINARY, wire.FRAME)
    await ended.wait()
    transport.disconnect()
    wire.check(text == wire.LAST, f"the last message was {text!r}")
    return {"count": options.count, "meter": meter}


async def _send(options: Any) -> dict[str, Any]:
    meter = wire.Meter()
    warm, ended, heard_s = asyncio.Event(), asyncio.Event(), 0.0

    def hear(event: Results | Metadata) -> None:
        nonlocal heard_s
        if isinstance(event, Metadata):
            heard_s = event.duration
            ended.set()
        elif event.start + event.duration > options.warm_up * wire.FRAME_S - 0.001:
            warm.set()

    transport, listener = await _open(options.url, wire.talk(wire.ACK_EVERY), hear)

    async def send(count: int) -> None:
        for _ in range(count):
            transport.send(picows.WSMsgType.BINARY, wire.FRAME)
            if listener.paused:
                await listener.writable()

    await send(options.warm_up)
    await warm.wait()
    meter.start()
    await send(options.count)
    transport.send(picows.WSMsgType.TEXT, wire.CLOSE_STREAM.encode())
    await ended.wait()
    meter.stop()
    transport.disconnect()
    wire.check_heard(heard_s, options)
    return {"count": options.count, "meter": meter}


if __name__ == "__main__":
    run_asyncio(__doc__, {"down": _down, "send": _send}, None, ("picows", "msgspec", "uvloop"))
