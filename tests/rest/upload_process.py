"""Run by test_upload.py in processes of their own, so that memory can be told apart: a sink, and a client.

python -m tests.rest.upload_process sink
python -m tests.rest.upload_process client URL BACKEND SOURCE BYTES
"""

from __future__ import annotations

import json
import resource
import socketserver
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

import anyio

from deepgram_anyio import DeepgramClient

__all__ = ["main"]

PIECE = bytes(64 * 1024)


class _Sink(BaseHTTPRequestHandler):
    """Counts a chunked or sized body and answers with a transcription whose duration is the count."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length")
        count = self._drop(int(length)) if length is not None else self._drop_chunks()
        body = json.dumps({"metadata": {"duration": count}, "results": {"channels": []}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _drop(self, length: int) -> int:
        left = length
        while left:
            left -= len(self.rfile.read(min(left, 1 << 20)))
        return length

    def _drop_chunks(self) -> int:
        count = 0
        while size := int(self.rfile.readline(), 16):
            count += self._drop(size)
            self.rfile.readline()
        self.rfile.readline()
        return count

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _pieces(total: int) -> Iterator[bytes]:
    for _ in range(total // len(PIECE)):
        yield PIECE


async def _pieces_async(total: int) -> AsyncIterator[bytes]:
    for piece in _pieces(total):
        yield piece


async def _upload(url: str, source: str, total: int) -> None:
    async with DeepgramClient("key", base_url=url) as dg:
        await dg.listen.v1.transcribe_file(PIECE)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        told: list[int] = []
        with tempfile.NamedTemporaryFile() as file:
            file.truncate(total)
            given: Any = {"generator": _pieces, "async generator": _pieces_async}.get(source, lambda _: file.name)(
                total
            )
            result = await dg.listen.v1.transcribe_file(given, on_progress=lambda sent, _: told.append(sent))
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(json.dumps({"received": result.duration_s, "told": told[-1], "extra_kib": after - before}))


def main(role: str, *arguments: str) -> None:
    if role == "sink":
        with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Sink) as server:
            print(server.server_address[1], flush=True)
            server.serve_forever()
    else:
        url, backend, source, total = arguments
        anyio.run(_upload, url, source, int(total), backend=backend)


if __name__ == "__main__":
    main(*sys.argv[1:])
