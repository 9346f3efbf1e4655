"""The embedded server with a scripted recogniser, which writes down every recording that reaches it.

    python -m tests.bulk.counting_server LOG [KEY]

It prints its URL, and stops when its standard input ends. ``hold N`` there lets it answer N more, and no others until
``go``; ``taken N`` waits until so many have come. Each is answered with ``ok``. In LOG there is a line ``taken DIGEST
QUERY`` for each recording that is here whole.
"""

from __future__ import annotations

import hashlib
import os
import sys
from typing import Any

import anyio
import anyio.to_thread

from deepgram_anyio.local import serve, server
from deepgram_anyio.local.engines.scripted import ScriptedRecognizer

__all__ = ["Counting", "Gate", "main"]


class Gate:
    """Lets as many answers pass as it was told to, and counts what came."""

    def __init__(self) -> None:
        self._left: int | None = None
        self._open = anyio.Event()
        self._taken = 0
        self._more = anyio.Event()

    def note(self) -> None:
        self._taken += 1
        self._more.set()
        self._more = anyio.Event()

    async def taken(self, number: int) -> None:
        while self._taken < number:
            await self._more.wait()

    def hold(self, after: int) -> None:
        self._left, self._open = after, anyio.Event()

    def go(self) -> None:
        self._left = None
        self._open.set()

    async def passed(self) -> None:
        if self._left is None:
            return
        self._left -= 1
        if self._left < 0:
            await self._open.wait()


class Counting:
    """Middleware that writes down what comes, and holds what goes."""

    def __init__(self, app: Any, log: int, gate: Gate) -> None:
        self._app = app
        self._log = log
        self._gate = gate

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        digest = hashlib.sha256()

        async def counted_receive() -> Any:
            message = await receive()
            digest.update(message.get("body", b""))
            if message["type"] == "http.request" and not message.get("more_body"):
                os.write(self._log, f"taken {digest.hexdigest()} {scope['query_string'].decode()}\n".encode())
                self._gate.note()
            return message

        async def held_send(message: Any) -> None:
            if message["type"] == "http.response.start":
                await self._gate.passed()
            await send(message)

        await self._app(scope, counted_receive, held_send)


async def main(path: str, key: str | None) -> None:
    log = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    gate = Gate()
    # There is no place for middleware in the server, nor need there be one.
    build = vars(server)["build_app"]
    vars(server)["build_app"] = lambda state: Counting(build(state), log, gate)
    recognizer = ScriptedRecognizer(["the quick brown fox", "jumps over the lazy dog"])
    async with serve(recognizer=recognizer, max_connections=1000, api_keys=key and [key]) as running:
        print(running.url, flush=True)
        while line := await anyio.to_thread.run_sync(sys.stdin.readline):
            word, _, number = line.partition(" ")
            if word == "hold":
                gate.hold(int(number))
            elif word == "taken":
                await gate.taken(int(number))
            else:
                gate.go()
            print("ok", flush=True)


if __name__ == "__main__":
    anyio.run(main, sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)
