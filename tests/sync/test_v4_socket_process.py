"""Programs that end without `finish`, are interrupted, or fork; and nothing left over after those that finish."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from typing import Any

import anyio
import pytest

from deepgram_anyio.sync.loop import event_loop_thread
from deepgram_anyio.sync.v4.socket_listen import ListenWebSocketClient

from ..programs import interrupt, start_program
from ..stand_in import say
from ..transport.fakes import results
from ..transport.peers import ServerEnd
from .socket_support import RAW, TONE, config, stand_in

PROGRAM = """
import sys, time
from deepgram_anyio.sync.v4.client_options import DeepgramClientOptions
from deepgram_anyio.sync.v4.socket_listen import ListenWebSocketClient
client = ListenWebSocketClient(DeepgramClientOptions(api_key="k", url=sys.argv[1]))
async def on_open(self, open, **kwargs): pass
client.on("Open", on_open)
assert client.start({"encoding": "linear16", "sample_rate": 16000})
client.send(bytes(640))
print("ready", flush=True)
if sys.argv[2] == "wait":
    time.sleep(60)
if sys.argv[2] == "finish":
    client.finish()
"""


@pytest.mark.parametrize("mode", ["leave", "wait", "finish"])
def test_a_program_that_does_not_finish_ends_all_the_same(mode: str) -> None:
    finishing = threading.Event()

    async def silent(end: ServerEnd, kind: str) -> bool:
        if kind == "CloseStream":
            finishing.set()
        return True

    with stand_in(on_message=silent) as server:
        command = [sys.executable, "-c", PROGRAM, server.url, mode]
        with start_program(command) as program:
            assert program.stdout is not None
            assert program.stdout.readline() == "ready\n"
            # The signal is to meet it while it waits for an answer that does not come.
            assert mode != "finish" or finishing.wait(10)
            if mode != "leave":
                interrupt(program)
            began = time.monotonic()
            _, errors = program.communicate(timeout=10)
        assert time.monotonic() - began < 2
        assert program.returncode == (0 if mode == "leave" else -signal.SIGINT)
        assert ("KeyboardInterrupt" in errors) == (mode != "leave")
        assert "Task was destroyed" not in errors


def test_nothing_is_left_over() -> None:
    loop = event_loop_thread()

    async def settled() -> int:
        await anyio.wait_all_tasks_blocked()
        return len(loop._tasks)

    with stand_in() as server:
        for _ in range(3):
            client = ListenWebSocketClient(config(server.url))
            client.on("Results", lambda result: None)
            assert client.start(RAW)
            assert client.send(TONE)
            assert client.finish()
        assert loop.call(settled) == 1  # the call itself
        threads = [thread.name for thread in threading.enumerate() if thread.name.startswith("deepgram")]
        assert threads == ["deepgram_anyio"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_cannot_use_the_connection_and_can_make_its_own() -> None:
    with stand_in() as server:
        client = ListenWebSocketClient(config(server.url))
        assert client.start(RAW)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                assert client.send(TONE) is False
                assert "fork" in str(client.last_error)
                own = ListenWebSocketClient(config(server.url))
                assert own.start(RAW)
                assert own.send(TONE)
                assert own.finish()
                code = 0
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert client.send(TONE)
        assert client.finish()
        assert server.audio == TONE * 2


def test_a_slow_handler_stops_the_reading_but_not_the_stream() -> None:
    waiting, go = threading.Event(), threading.Event()
    count = 3000

    async def blast(end: ServerEnd, kind: str) -> bool:
        if kind == "Finalize":
            for number in range(count):
                await say(end, results(0.0, 1.0, text=str(number)))
        return False

    with stand_in(on_message=blast) as server:
        client = ListenWebSocketClient(config(server.url))
        seen: list[Any] = []

        def slow(result: Any) -> None:
            waiting.set()
            assert go.wait(10)
            seen.append(result.channel.alternatives[0].transcript)

        client.on("Results", slow)
        assert client.start(RAW)
        assert client.finalize()
        assert waiting.wait(5)
        assert client.send(TONE)
        assert client._connection is not None
        session = client._connection._session
        assert session is not None
        assert len(session.machine.events) <= 2 * 1024
        go.set()
        assert client.finish()
    assert seen == [*map(str, range(count)), "so far", "all of it"]
