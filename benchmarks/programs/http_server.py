"""The neutral HTTP server for REST: every request gets the same transcription, on uvloop where there is one.

    python -m benchmarks.programs.http_server

Prints ``{"http": 1234}`` and serves until it is ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from typing import cast

__all__ = ["ANSWER", "TRANSCRIPT", "main"]

TRANSCRIPT = "We, the people of The United States, in order to form a more perfect union, establish justice."
_MODEL = "3b3aabe4-608a-46ac-9585-7960a25daf1a"


def _answer() -> bytes:
    words = [
        {
            "word": word.strip(",.").lower(),
            "start": 0.32 + 0.4 * number,
            "end": 0.64 + 0.4 * number,
            "confidence": 0.99700695,
            "punctuated_word": word,
        }
        for number, word in enumerate(TRANSCRIPT.split())
    ]
    metadata = {
        "transaction_key": "deprecated",
        "request_id": "e33264a5-a72f-486f-99a1-85c630fa0191",
        "sha256": "95dc40091b6a8456a1554ddfc4f163768217afd66bee70a10c74bb52805cd0d9",
        "created": "2025-07-22T16:56:37.496Z",
        "duration": 19.097937,
        "channels": 1,
        "models": [_MODEL],
        "model_info": {_MODEL: {"name": "general-nova-3", "version": "2024-12-20.0", "arch": "nova-3"}},
    }
    alternative = {"transcript": TRANSCRIPT, "confidence": 0.9978794, "words": words}
    return json.dumps({"metadata": metadata, "results": {"channels": [{"alternatives": [alternative]}]}}).encode()


ANSWER = _answer()
"""A pre-recorded transcription of 17 words, in the live API's shape."""

_RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(ANSWER), ANSWER)
_END = b"\r\n\r\n"


class _Protocol(asyncio.Protocol):
    """One connection; requests one after the other, with a length."""

    def __init__(self) -> None:
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(_END)) >= 0:
            whole = end + len(_END) + _length(self._received[:end])
            if len(self._received) < whole:
                return
            self._received = self._received[whole:]
            self._transport.write(_RESPONSE)


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_Protocol, "127.0.0.1", 0)
    print(json.dumps({"http": server.sockets[0].getsockname()[1]}), flush=True)
    await asyncio.Event().wait()


def main() -> None:
    if sys.platform != "win32":
        import uvloop

        uvloop.install()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve())


if __name__ == "__main__":
    main()
