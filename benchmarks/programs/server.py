"""The neutral WebSocket server: picows, in C, on uvloop.

    python -m benchmarks.programs.server [--certificate FILE] [--engine wsproto]

Prints its ports as one JSON object, ``{"ws": 1234, "wss": 1235}``, and serves until it is ended.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import ssl
import sys
from urllib.parse import parse_qs, urlsplit

from .conversation import Conversation

__all__ = ["main"]

_HIGH_WATER_BYTES = 1 << 20


def _model(target: str) -> str:
    return parse_qs(urlsplit(target).query)["model"][0]


async def _start_picows(context: ssl.SSLContext | None) -> asyncio.AbstractServer:
    import picows

    class Listener(picows.WSListener):
        conversation: Conversation

        def __init__(self, model: str) -> None:
            super().__init__()
            self.model = model

        def on_ws_connected(self, transport: picows.WSTransport) -> None:
            below = transport.underlying_transport
            below.set_write_buffer_limits(high=_HIGH_WATER_BYTES)
            self.conversation = Conversation(self.model, below.write, below.abort)
            self.conversation.connected()

        def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
            kind = frame.msg_type
            if kind == picows.WSMsgType.BINARY:
                payload = frame.get_payload_as_memoryview()
                self.conversation.binary(bytes(payload[:8]), len(payload))
            elif kind == picows.WSMsgType.TEXT:
                self.conversation.text(frame.get_payload_as_bytes())
            elif kind == picows.WSMsgType.CLOSE:
                if not self.conversation.closing:
                    transport.send_close(frame.get_close_code())
                transport.disconnect()

        def pause_writing(self) -> None:
            self.conversation.pause()

        def resume_writing(self) -> None:
            self.conversation.resume()

    def listener(request: picows.WSUpgradeRequest) -> Listener:
        return Listener(_model(request.path.decode()))

    server: asyncio.AbstractServer = await picows.ws_create_server(listener, "127.0.0.1", 0, ssl=context, backlog=1024)
    return server


async def _start_wsproto(context: ssl.SSLContext | None) -> asyncio.AbstractServer:
    from .wsproto_engine import Protocol

    loop = asyncio.get_running_loop()
    return await loop.create_server(lambda: Protocol(_model), "127.0.0.1", 0, ssl=context, backlog=1024)


async def _serve(engine: str, certificate: str | None) -> None:
    start = _start_picows if engine == "picows" else _start_wsproto
    servers = {"ws": await start(None)}
    if certificate is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
        servers["wss"] = await start(context)
    # Both kinds of server have the sockets, though the abstract class does not say so.
    ports = {name: server.sockets[0].getsockname()[1] for name, server in servers.items()}  # type: ignore[attr-defined]
    print(json.dumps(ports), flush=True)
    await asyncio.Event().wait()


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--certificate", help="file with a certificate chain and its key, for TLS")
    parser.add_argument("--engine", choices=("picows", "wsproto"), default="picows")
    options = parser.parse_args(arguments)
    if options.engine == "picows":
        import uvloop

        uvloop.install()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(options.engine, options.certificate))


if __name__ == "__main__":
    main(sys.argv[1:])
