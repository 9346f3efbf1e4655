"""The embedded server with a scripted recogniser, which writes down every recording that reaches it.

    python -m tests.bulk.counting_server LOG [PORT]

It prints its URL. For each request there is a line in LOG: ``taken DIGEST`` when the whole recording is here, and
``answered DIGEST`` when its answer is on the way.
"""

from __future__ import annotations

import hashlib
import os
import signal
import sys
from typing import Any

import anyio

from deepgram_anyio.local import serve, server
from deepgram_anyio.local.engines.scripted import ScriptedRecognizer

__all__ = ["Counting", "main"]


class Counting:
    """Middleware that writes down what comes and goes."""

    def __init__(self, app: Any, log: int) -> None:
        self._app = app
        self._log = log

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        digest = hashlib.sha256()

        async def counted_receive() -> Any:
            message = await receive()
            digest.update(message.get("body", b""))
            if message["type"] == "http.request" and not message.get("more_body"):
                os.write(self._log, f"taken {digest.hexdigest()}\n".encode())
            return message

        async def counted_send(message: Any) -> None:
            if message["type"] == "http.response.start":
                os.write(self._log, f"answered {digest.hexdigest()} {message['status']}\n".encode())
            await send(message)

        await self._app(scope, counted_receive, counted_send)


async def main(path: str, port: int) -> None:
    log = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    # There is no place for middleware in the server, nor need there be one.
    build = vars(server)["build_app"]
    vars(server)["build_app"] = lambda state: Counting(build(state), log)
    recognizer = ScriptedRecognizer(["the quick brown fox", "jumps over the lazy dog"])
    async with serve(port=port, recognizer=recognizer, max_connections=1000) as running:
        print(running.url, flush=True)
        with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
            async for _ in signals:
                return


if __name__ == "__main__":
    anyio.run(main, sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0)
