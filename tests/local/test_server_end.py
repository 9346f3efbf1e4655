"""What the web server holds of a connection that the application has done with: nothing."""

from __future__ import annotations

import anyio
import pytest
from anyio.lowlevel import checkpoint

from deepgram_anyio.local import serve
from deepgram_anyio.local.engines.scripted import ScriptedRecognizer
from deepgram_anyio.protocol.frames import Binary, Text
from deepgram_anyio.transport.websocket import open_websocket

from ..cancellation import live_tasks

pytestmark = pytest.mark.anyio


async def test_messages_that_nobody_reads_any_more_hold_nothing_up() -> None:
    async with serve(recognizer=ScriptedRecognizer([])) as server:
        await anyio.wait_all_tasks_blocked()
        before = live_tasks()
        async with open_websocket(f"{server.url}/v1/listen?encoding=linear16&sample_rate=16000") as socket:
            # Audio after the end of the stream breaks the protocol, and the application is done.
            await socket.send_batch([Text('{"type":"CloseStream"}'), *[Binary(bytes(64))] * 600])
            await socket.abort()
        with anyio.fail_after(30):
            while live_tasks() > before:
                await checkpoint()
