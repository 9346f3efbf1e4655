"""A neutral WebSocket server with the standard library alone: it drops what comes in, or sends a flood of one message.

    python socket_server.py PORT-FILE [COUNT MESSAGE-FILE]

With a count, every connection gets that many copies of the message, then a `Metadata` and a close; without, it counts
the bytes of the frames that it gets, and answers a CloseStream with a `Metadata` that tells how many came.
"""

from __future__ import annotations

import base64
import hashlib
import json
import socket
import socketserver
import struct
import sys
from pathlib import Path

__all__ = ["main"]

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3


def _frame(opcode: int, payload: bytes) -> bytes:
    length = len(payload)
    if length < 126:
        head = struct.pack("!BB", 0x80 | opcode, length)
    elif length < 1 << 16:
        head = struct.pack("!BBH", 0x80 | opcode, 126, length)
    else:
        head = struct.pack("!BBQ", 0x80 | opcode, 127, length)
    return head + payload


class _Connection(socketserver.StreamRequestHandler):
    rbufsize = 1 << 20
    server: _Server

    def handle(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._shake_hands()
        if self.server.flood:
            for _ in range(self.server.count // self.server.per_write):
                self.wfile.write(self.server.flood)
            self._say_goodbye(self.server.count)
        self._drop_frames()

    def _shake_hands(self) -> None:
        key = b""
        while (line := self.rfile.readline()) not in (b"\r\n", b""):
            name, _, value = line.partition(b":")
            if name.lower() == b"sec-websocket-key":
                key = value.strip()
        accept = base64.b64encode(hashlib.sha1(key + _GUID).digest())
        head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        self.wfile.write(head + b"dg-request-id: benchmark\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n")

    def _say_goodbye(self, count: int) -> None:
        metadata = {
            "type": "Metadata",
            "transaction_key": "deprecated",
            "request_id": "benchmark",
            "sha256": "0",
            "created": "2026-01-01T00:00:00.000Z",
            "duration": float(count),
            "channels": 1,
        }
        self.wfile.write(_frame(1, json.dumps(metadata).encode()) + _frame(8, struct.pack("!H", 1000)))

    def _drop_frames(self) -> None:
        received = 0
        while head := self.rfile.read(2):
            opcode, length = head[0] & 0x0F, head[1] & 0x7F
            if length == 126:
                (length,) = struct.unpack("!H", self.rfile.read(2))
            elif length == 127:
                (length,) = struct.unpack("!Q", self.rfile.read(8))
            mask = self.rfile.read(4)
            payload = self.rfile.read(length)
            if opcode == 2:
                received += length
            elif opcode == 1 and not self.server.flood:
                text = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
                if b"CloseStream" in text:
                    self._say_goodbye(received)
            elif opcode == 8:
                return


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    per_write = 100
    count = 0
    flood = b""


def main(port_file: str, count: str = "0", message_file: str = "") -> None:
    with _Server(("127.0.0.1", 0), _Connection) as server:
        server.count = int(count)
        if message_file:
            server.flood = _frame(1, Path(message_file).read_bytes()) * server.per_write
        Path(port_file).write_text(str(server.server_address[1]))
        server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
